// SPDX-License-Identifier: Apache-2.0
// SQLite with owners and typed errors: full disk, read-only, busy and torn each become an Error that says what is safe.
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace moe::run {

class Database;

/// One use of a prepared statement: bind in order, step, read columns; reset when it goes out of scope.
class Query {
 public:
  Query(const Database& database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  Query& bind(std::int64_t value);
  Query& bind(double value);  // NaN is stored as NULL, which is "absent"
  Query& bind(std::string_view text);
  Query& bind_blob(std::string_view bytes);
  /// True while there is a row. Throws Error.
  bool step();
  /// For statements without rows.
  void run() { (void)step(); }

  std::int64_t integer(int column) const;
  double real(int column) const;  // NULL gives NaN
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  bool is_null(int column) const;

 private:
  const Database& database_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

/// One connection and its prepared statements. Not for two threads at once.
class Database {
 public:
  enum class Mode { read_write, read_only };
  Database(const std::filesystem::path& file, Mode mode);

  const std::filesystem::path& path() const { return path_; }
  /// Runs statements without parameters or rows.
  void execute(const char* sql) const;
  /// `sql` is a literal: statements are prepared once and found again by its address.
  Query query(const char* sql) const;
  /// First column of the first row of a query without parameters.
  std::int64_t integer(const char* sql) const;
  /// Throws the Error of the connection's last failure.
  [[noreturn]] void fail() const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  bool open(const std::string& uri, int flags);
  void refuse_stump() const;

  std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> handle_;
  mutable std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

/// BEGIN IMMEDIATE ... commit(); rolled back when it goes out of scope before that.
class Transaction {
 public:
  explicit Transaction(const Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  const Database* database_;
};

}  // namespace moe::run
