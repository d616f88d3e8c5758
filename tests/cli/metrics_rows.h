// SPDX-License-Identifier: Apache-2.0
// The rows of a run's metrics that must not depend on how often it was interrupted.
#pragma once
#include <sqlite3.h>

#include <QByteArray>
#include <QByteArrayList>
#include <QString>

namespace moe::test {

inline sqlite3* open_metrics(const QString& run) {
  sqlite3* database = nullptr;
  if (sqlite3_open_v2((run + "/metrics.sqlite").toUtf8().constData(), &database, SQLITE_OPEN_READONLY, nullptr) !=
      SQLITE_OK)
    qFatal("cannot open the store");
  return database;
}

/// The last step in the store of a run, which another program may be writing; 0 = none.
inline qint64 last_step(const QString& run) {
  sqlite3* database = open_metrics(run);
  sqlite3_busy_timeout(database, 5000);
  qint64 step = 0;
  const auto take = [](void* to, int, char** values, char**) {
    *static_cast<qint64*>(to) = values[0] ? QByteArray(values[0]).toLongLong() : 0;
    return 0;
  };
  sqlite3_exec(database, "SELECT max(step) FROM steps", take, &step, nullptr);
  sqlite3_close(database);
  return step;
}

/// Every column of every step but the two that are times, as text; then edits and evaluations.
inline QByteArrayList metrics_rows(const QString& run) {
  sqlite3* database = open_metrics(run);
  QByteArrayList rows;
  for (const char* query :
       {"SELECT step, loss, grad_norm, lr, tokens, top_k, accuracy, r2, hex(layers) FROM steps ORDER BY step",
        "SELECT step, key, before, after FROM edits ORDER BY step, id",
        "SELECT step, loss, tokens, accuracy, r2, hex(domain_loss) FROM evals ORDER BY step"}) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, query, -1, &statement, nullptr) != SQLITE_OK)
      qFatal("%s", sqlite3_errmsg(database));
    while (sqlite3_step(statement) == SQLITE_ROW) {
      QByteArray row;
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        if (sqlite3_column_type(statement, i) == SQLITE_FLOAT) {
          const double value = sqlite3_column_double(statement, i);
          row += QByteArray(reinterpret_cast<const char*>(&value), sizeof value).toHex() + '|';  // every bit
        } else {
          row += QByteArray(reinterpret_cast<const char*>(sqlite3_column_text(statement, i))) + '|';
        }
      }
      rows << row;
    }
    sqlite3_finalize(statement);
  }
  sqlite3_close(database);
  return rows;
}

}  // namespace moe::test
