// SPDX-License-Identifier: Apache-2.0
#include "engine/run/sqlite.h"

#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <limits>
#include <system_error>

#include "engine/core/error.h"
#include "engine/interop/file.h"

namespace moe::run {
namespace {

constexpr int kBusyMilliseconds = 5000;

[[noreturn]] void throw_error(const std::filesystem::path& file, int code, int system_errno,
                              const std::string& message) {
  const std::string where = file.string();
  switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(ErrorKind::bad_input, "the metrics store is torn: " + message, where, {},
                  "The checkpoints of the run are separate files and safe; move this file away and resume");
    case SQLITE_FULL:
      throw Error(ErrorKind::resource, "the disk is full: " + message, where, {},
                  "Free some space and try again; what was committed before is untouched");
    case SQLITE_READONLY:
      throw Error(ErrorKind::resource, "cannot be written: " + message, where, {},
                  "Choose a folder that you may write to");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorKind::locked, "another program writes to it: " + message, where, {}, "Stop the other program");
    case SQLITE_NOMEM:
      throw Error(ErrorKind::resource, "out of memory", where, {}, "Close other programs and try again");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (system_errno != 0) throw interop::system_error("access", file, system_errno);
      throw Error(ErrorKind::resource, message, where, {}, "Check the path, the disk and its free space");
    default:
      throw Error(ErrorKind::failure, "the metrics store failed: " + message, where);
  }
}

// The path as a URI: the characters that a URI reserves are escaped.
std::string uri_of(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    if (c == '%' || c == '?' || c == '#') {
      static constexpr char kHex[] = "0123456789ABCDEF";
      uri += {'%', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 0xF]};
    } else {
      uri += c;
    }
  }
  return uri;
}

}  // namespace

Query::~Query() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}
Query& Query::bind(std::int64_t value) {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}
Query& Query::bind(double value) {
  sqlite3_bind_double(statement_, ++bound_, value);
  return *this;
}
Query& Query::bind(std::string_view text) {
  sqlite3_bind_text64(statement_, ++bound_, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}
Query& Query::bind_blob(std::string_view bytes) {
  // A null pointer would be stored as NULL rather than as no bytes.
  sqlite3_bind_blob64(statement_, ++bound_, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_TRANSIENT);
  return *this;
}
bool Query::step() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) database_.fail();
  return code == SQLITE_ROW;
}
std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Query::real(int column) const {
  return is_null(column) ? std::numeric_limits<double>::quiet_NaN() : sqlite3_column_double(statement_, column);
}
std::string_view Query::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return {data ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
std::string_view Query::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return {data ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

bool Database::open(const std::string& uri, int flags) {
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(uri.c_str(), &handle, flags | SQLITE_OPEN_URI, nullptr);
  handle_.reset(handle);
  if (handle == nullptr) throw_error(path_, SQLITE_NOMEM, 0, "out of memory");
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  // Opening is lazy: the first read finds out whether the file can be used.
  if (code == SQLITE_OK) code = sqlite3_exec(handle, "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
  return code == SQLITE_OK;
}

// SQLite takes a file shorter than its smallest page for a new database and would write over it.
void Database::refuse_stump() const {
  std::error_code error;
  const auto size = std::filesystem::file_size(path_, error);
  if (!error && size > 0 && size < 512) throw_error(path_, SQLITE_CORRUPT, 0, std::to_string(size) + " bytes are left");
}

Database::Database(const std::filesystem::path& file, Mode mode) : path_(file) {
  refuse_stump();
  const std::string uri = uri_of(file);
  if (mode == Mode::read_write) {
    if (!open(uri, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) fail();
    return;
  }
  if (!std::filesystem::exists(file))
    throw Error(ErrorKind::bad_input, "does not exist", file.string(), {}, "Give the folder of a run");
  if (open(uri, SQLITE_OPEN_READONLY)) return;
  // On a read-only medium SQLite cannot make the shared index of a WAL; nobody can be writing there either.
  const int code = sqlite3_errcode(handle_.get());
  const bool cannot_share = code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_IOERR;
  if (cannot_share && ::access(file.parent_path().empty() ? "." : file.parent_path().c_str(), W_OK) != 0 &&
      open(uri + "?immutable=1", SQLITE_OPEN_READONLY))
    return;
  fail();
}

void Database::fail() const {
  throw_error(path_, sqlite3_errcode(handle_.get()) & 0xFF, sqlite3_system_errno(handle_.get()),
              sqlite3_errmsg(handle_.get()));
}

void Database::execute(const char* sql) const {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

Query Database::query(const char* sql) const {
  auto& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr) != SQLITE_OK) {
      statements_.erase(sql);
      fail();
    }
    statement.reset(prepared);
  }
  return {*this, statement.get()};
}

std::int64_t Database::integer(const char* sql) const {
  Query query = this->query(sql);
  return query.step() ? query.integer(0) : 0;
}

Transaction::Transaction(const Database& database) : database_(&database) { database.execute("BEGIN IMMEDIATE"); }
Transaction::~Transaction() {
  if (database_ == nullptr) return;
  try {
    database_->execute("ROLLBACK");
  } catch (const Error&) {
    // SQLite has already rolled back after a full disk or an I/O error.
  }
}
void Transaction::commit() {
  database_->execute("COMMIT");
  database_ = nullptr;
}

}  // namespace moe::run
