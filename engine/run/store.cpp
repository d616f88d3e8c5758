// SPDX-License-Identifier: Apache-2.0
#include "engine/run/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>
#include <variant>

#include "engine/core/error.h"
#include "engine/interop/json_text.h"
#include "engine/run/sqlite.h"
#include "engine/run/step_codec.h"

namespace moe::run {
namespace {

using nlohmann::json;

constexpr std::int64_t kApplicationId = 0x4D6F4553;  // "MoES", for file(1)
constexpr std::int64_t kSchemaVersion = 1;

constexpr const char* kSchema = R"sql(
PRAGMA application_id = 1299137875;
PRAGMA user_version = 1;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE steps (step INTEGER PRIMARY KEY, loss REAL, grad_norm REAL, lr REAL, tokens_per_second REAL, seconds REAL,
                    tokens INTEGER NOT NULL, top_k INTEGER NOT NULL, layers BLOB NOT NULL, accuracy REAL, r2 REAL);
CREATE TABLE edits (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, key TEXT NOT NULL, before TEXT NOT NULL,
                    after TEXT NOT NULL);
CREATE INDEX edits_by_step ON edits (step);
CREATE TABLE evals (step INTEGER PRIMARY KEY, loss REAL, tokens INTEGER NOT NULL, domain_loss BLOB NOT NULL,
                    accuracy REAL, r2 REAL);
CREATE TABLE probes (step INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE events (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, unix_time REAL NOT NULL, kind TEXT NOT NULL,
                     detail TEXT NOT NULL);
CREATE INDEX events_by_step ON events (step);
)sql";
static_assert(kApplicationId == 1299137875 && kSchemaVersion == 1);

struct Probe {
  std::int64_t step;
  std::string json;
};
using Pending = std::variant<train::StepReport, train::EvalReport, Probe, Store::Event>;

std::int64_t step_of(const Pending& item) {
  return std::visit([](const auto& value) { return value.step; }, item);
}

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Mean of the values that are there.
struct Mean {
  double sum = 0;
  std::int64_t count = 0;
  void add(double value) {
    if (std::isnan(value)) return;
    sum += value;
    ++count;
  }
  double value() const { return count > 0 ? sum / static_cast<double>(count) : train::kAbsent; }
};

template <class T>
void accumulate(std::vector<T>& sum, const std::vector<T>& values) {
  if (sum.size() < values.size()) sum.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) sum[i] += values[i];
}

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

struct Store::Impl {
  Database database;
  std::vector<Pending> pending;  // in memory until commit(), so that a full disk loses none of it

  Impl(const std::filesystem::path& file, Database::Mode mode) : database(file, mode) {}

  [[noreturn]] void torn(const std::string& what) const {
    throw Error(ErrorKind::bad_input, "the metrics store is torn: " + what, database.path().string(), {},
                "The checkpoints of the run are separate files and safe; move this file away and resume");
  }

  void check_identity() const {
    const std::string where = database.path().string();
    if (database.integer("PRAGMA application_id") != kApplicationId)
      throw Error(ErrorKind::bad_input, "is not the metrics store of a run", where, {}, "Give the folder of a run");
    if (const auto version = database.integer("PRAGMA user_version"); version != kSchemaVersion)
      throw Error(ErrorKind::bad_input, fmt::format("has schema version {}", version), where,
                  fmt::format("this program reads version {}", kSchemaVersion), "Use the version that made the run");
  }

  // Stores from before points have no columns for accuracy and R².
  void add_scores() {
    if (database.integer("SELECT count(*) FROM pragma_table_info('evals') WHERE name = 'r2'") > 0) return;
    durably([&] {
      Transaction transaction(database);
      database.execute(
          "ALTER TABLE steps ADD COLUMN accuracy REAL; ALTER TABLE steps ADD COLUMN r2 REAL;"
          "ALTER TABLE evals ADD COLUMN accuracy REAL; ALTER TABLE evals ADD COLUMN r2 REAL");
      transaction.commit();
    });
  }

  // Runs `body` with every commit forced to the disk, as edits need; scalars are content with WAL's ordering.
  template <class Body>
  void durably(Body body) {
    database.execute("PRAGMA synchronous = FULL");
    struct Restore {
      const Database& database;
      ~Restore() {
        try {
          database.execute("PRAGMA synchronous = NORMAL");
        } catch (const Error&) {  // stays on the safe side
        }
      }
    } restore{database};
    body();
  }

  void write(const train::StepReport& r) {
    database.query("INSERT OR REPLACE INTO steps VALUES (?,?,?,?,?,?,?,?,?,?,?)")
        .bind(r.step)
        .bind(r.loss)
        .bind(r.grad_norm)
        .bind(r.lr)
        .bind(r.tokens_per_second)
        .bind(r.seconds)
        .bind(r.tokens)
        .bind(static_cast<std::int64_t>(r.top_k))
        .bind_blob(encode_layers(r.layers))
        .bind(r.accuracy)
        .bind(r.r2)
        .run();
  }
  void write(const train::EvalReport& r) {
    const std::string_view losses(reinterpret_cast<const char*>(r.domain_loss.data()),
                                  r.domain_loss.size() * sizeof(double));
    database.query("INSERT OR REPLACE INTO evals VALUES (?,?,?,?,?,?)")
        .bind(r.step)
        .bind(r.loss)
        .bind(r.tokens)
        .bind_blob(losses)
        .bind(r.accuracy)
        .bind(r.r2)
        .run();
  }
  void write(const Probe& p) {
    database.query("INSERT OR REPLACE INTO probes VALUES (?,?)").bind(p.step).bind(std::string_view(p.json)).run();
  }
  void write(const Store::Event& e) {
    database.query("INSERT INTO events (step, unix_time, kind, detail) VALUES (?,?,?,?)")
        .bind(e.step)
        .bind(e.unix_time)
        .bind(std::string_view(e.kind))
        .bind(std::string_view(dump(e.detail)))
        .run();
  }

  void commit() {
    if (pending.empty()) return;
    Transaction transaction(database);
    for (const auto& item : pending) std::visit([&](const auto& value) { write(value); }, item);
    transaction.commit();
    pending.clear();
  }

  train::StepReport read_step(const Query& row) const {
    train::StepReport r;
    r.step = row.integer(0);
    r.loss = row.real(1);
    r.grad_norm = row.real(2);
    r.lr = row.real(3);
    r.tokens_per_second = row.real(4);
    r.seconds = row.real(5);
    r.tokens = row.integer(6);
    r.top_k = static_cast<int>(row.integer(7));
    r.accuracy = row.real(9);  // absent in stores from before points
    r.r2 = row.real(10);
    if (!decode_layers(row.blob(8), r.layers)) torn(fmt::format("the counts of step {} cannot be read", r.step));
    return r;
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() {
  if (!impl_) return;
  try {
    impl_->commit();
  } catch (const Error&) {
    // commit() is the place that reports; a destructor can only have tried.
  }
}

Store Store::create(const std::filesystem::path& file) {
  auto impl = std::make_unique<Impl>(file, Database::Mode::read_write);
  const Database& database = impl->database;
  database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864");
  if (database.integer("SELECT count(*) FROM sqlite_schema") == 0) {
    impl->durably([&] {
      Transaction transaction(database);
      database.execute(kSchema);
      transaction.commit();
    });
  }
  impl->check_identity();
  impl->add_scores();
  return Store(std::move(impl));
}

Store Store::open_read_only(const std::filesystem::path& file) {
  auto impl = std::make_unique<Impl>(file, Database::Mode::read_only);
  impl->check_identity();
  return Store(std::move(impl));
}

void Store::set_meta(const std::string& key, const json& value) {
  impl_->durably([&] {
    impl_->database.query("INSERT OR REPLACE INTO meta VALUES (?,?)")
        .bind(std::string_view(key))
        .bind(std::string_view(dump(value)))
        .run();
  });
}

std::optional<json> Store::meta(const std::string& key) const {
  Query query = impl_->database.query("SELECT value FROM meta WHERE key = ?");
  query.bind(std::string_view(key));
  if (!query.step()) return std::nullopt;
  return json(interop::parse_json(query.text(0), impl_->database.path()));
}

void Store::append(const train::StepReport& report) { impl_->pending.emplace_back(report); }
void Store::append(const train::EvalReport& report) { impl_->pending.emplace_back(report); }
void Store::append_probe(std::int64_t step, const std::string& json) { impl_->pending.emplace_back(Probe{step, json}); }
void Store::append_event(std::int64_t step, const std::string& kind, const json& detail) {
  impl_->pending.emplace_back(Event{step, unix_time(), kind, detail});
}

void Store::append(const Edit& edit) {
  impl_->durably([&] {
    impl_->database.query("INSERT INTO edits (step, key, before, after) VALUES (?,?,?,?)")
        .bind(edit.step)
        .bind(std::string_view(edit.key))
        .bind(std::string_view(edit.before))
        .bind(std::string_view(edit.after))
        .run();
  });
}

void Store::commit() { impl_->commit(); }

void Store::truncate_after(std::int64_t step, bool keep_edits) {
  std::erase_if(impl_->pending, [&](const Pending& item) { return step_of(item) > step; });
  impl_->durably([&] {
    Transaction transaction(impl_->database);
    impl_->database.query("DELETE FROM steps WHERE step > ?").bind(step).run();
    impl_->database.query("DELETE FROM evals WHERE step > ?").bind(step).run();
    impl_->database.query("DELETE FROM probes WHERE step > ?").bind(step).run();
    impl_->database.query("DELETE FROM events WHERE step > ?").bind(step).run();
    if (!keep_edits) impl_->database.query("DELETE FROM edits WHERE step > ?").bind(step).run();
    transaction.commit();
  });
}

std::int64_t Store::last_step() const { return impl_->database.integer("SELECT max(step) FROM steps"); }

std::vector<train::StepReport> Store::steps(std::int64_t from, std::int64_t to, std::size_t max_rows) const {
  from = std::max(from, impl_->database.integer("SELECT min(step) FROM steps"));
  to = std::min(to, last_step());
  std::vector<train::StepReport> rows;
  if (from > to || max_rows == 0) return rows;
  // Multiples of the stride in [from, to]; steps are not negative.
  const auto multiples = [&](std::int64_t stride) {
    return static_cast<std::uint64_t>(to / stride - (from <= 0 ? -1 : (from - 1) / stride));
  };
  std::int64_t stride = 1;
  while (multiples(stride) > max_rows && stride <= to) stride *= 2;
  if (stride == 1) {
    Query query = impl_->database.query("SELECT * FROM steps WHERE step BETWEEN ? AND ? ORDER BY step");
    query.bind(from).bind(to);
    while (query.step()) rows.push_back(impl_->read_step(query));
    return rows;
  }
  // A lookup per row: scanning for multiples would read every blob between them.
  for (std::int64_t step = (from + stride - 1) / stride * stride; step <= to; step += stride) {
    Query query = impl_->database.query("SELECT * FROM steps WHERE step = ?");
    query.bind(step);
    if (query.step()) rows.push_back(impl_->read_step(query));
  }
  return rows;
}

std::vector<train::LayerReport> Store::window(std::int64_t from, std::int64_t to) const {
  std::vector<train::LayerReport> sum, step;
  std::vector<std::array<Mean, 3>> means;
  Query query = impl_->database.query("SELECT step, layers FROM steps WHERE step > ? AND step <= ? ORDER BY step");
  query.bind(from).bind(to);
  while (query.step()) {
    if (!decode_layers(query.blob(1), step))
      impl_->torn(fmt::format("the counts of step {} cannot be read", query.integer(0)));
    if (sum.size() < step.size()) {
      sum.resize(step.size());
      means.resize(step.size());
    }
    for (std::size_t i = 0; i < step.size(); ++i) {
      sum[i].layer = step[i].layer;
      accumulate(sum[i].load, step[i].load);
      accumulate(sum[i].mass, step[i].mass);
      means[i][0].add(step[i].balance_loss);
      means[i][1].add(step[i].z_loss);
      means[i][2].add(step[i].token_entropy);
    }
  }
  for (std::size_t i = 0; i < sum.size(); ++i) {
    sum[i].balance_loss = means[i][0].value();
    sum[i].z_loss = means[i][1].value();
    sum[i].token_entropy = means[i][2].value();
    sum[i].dead = static_cast<int>(std::count(sum[i].load.begin(), sum[i].load.end(), 0));
  }
  return sum;
}

std::vector<Edit> Store::edits() const {
  std::vector<Edit> all;
  Query query = impl_->database.query("SELECT step, key, before, after FROM edits ORDER BY step, id");
  while (query.step())
    all.push_back(
        {query.integer(0), std::string(query.text(1)), std::string(query.text(2)), std::string(query.text(3))});
  return all;
}

std::vector<train::EvalReport> Store::evals() const {
  std::vector<train::EvalReport> all;
  Query query = impl_->database.query("SELECT * FROM evals ORDER BY step");
  while (query.step()) {
    train::EvalReport report;
    report.step = query.integer(0);
    report.loss = query.real(1);
    report.tokens = query.integer(2);
    report.accuracy = query.real(4);
    report.r2 = query.real(5);
    const std::string_view losses = query.blob(3);
    report.domain_loss.resize(losses.size() / sizeof(double));
    if (!report.domain_loss.empty())
      std::memcpy(report.domain_loss.data(), losses.data(), report.domain_loss.size() * sizeof(double));
    all.push_back(std::move(report));
  }
  return all;
}

std::optional<std::pair<std::int64_t, std::string>> Store::probe_at(std::int64_t step) const {
  Query query = impl_->database.query("SELECT step, json FROM probes WHERE step <= ? ORDER BY step DESC LIMIT 1");
  query.bind(step);
  if (!query.step()) return std::nullopt;
  return std::pair(query.integer(0), std::string(query.text(1)));
}

std::vector<std::int64_t> Store::probe_steps() const {
  std::vector<std::int64_t> all;
  Query query = impl_->database.query("SELECT step FROM probes ORDER BY step");
  while (query.step()) all.push_back(query.integer(0));
  return all;
}

std::vector<Store::Event> Store::events() const {
  std::vector<Event> all;
  Query query = impl_->database.query("SELECT step, unix_time, kind, detail FROM events ORDER BY id");
  while (query.step())
    all.push_back({query.integer(0), query.real(1), std::string(query.text(2)),
                   json(interop::parse_json(query.text(3), impl_->database.path()))});
  return all;
}

void Store::verify() const {
  Query query = impl_->database.query("PRAGMA integrity_check(1)");
  if (query.step() && query.text(0) != "ok") impl_->torn(std::string(query.text(0)));
  std::vector<train::LayerReport> layers;
  Query rows = impl_->database.query("SELECT step, layers FROM steps");
  while (rows.step())
    if (!decode_layers(rows.blob(1), layers))
      impl_->torn(fmt::format("the counts of step {} cannot be read", rows.integer(0)));
}

}  // namespace moe::run
