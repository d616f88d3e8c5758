// SPDX-License-Identifier: Apache-2.0
// Logs of one service: time never runs backwards, every request that starts ends with its own id, and the printed
// duration is the difference of the two time stamps.
#include <string>
#include <vector>

#include "engine/data/generators/generator.h"
#include "engine/data/generators/lexicon.h"
#include "engine/data/generators/put.h"

namespace moe::data::generators {
namespace {

constexpr std::string_view kComponents[] = {"http",  "auth", "cache",   "db",     "queue",  "mail",
                                            "index", "disk", "session", "router", "backup", "metrics"};
constexpr std::string_view kMethods[] = {"GET", "GET", "GET", "POST", "PUT", "DELETE"};
constexpr std::string_view kPaths[] = {"/users", "/orders", "/login",  "/search",
                                       "/items", "/health", "/upload", "/api/v1"};
constexpr int kStatus[] = {200, 200, 200, 200, 201, 204, 301, 400, 403, 404, 500, 503};

struct Request {
  int id, start;
  std::string_view method, path;
};

struct Clock {
  int day, milliseconds;  // since midnight
};

void stamp(const Clock& c, std::string_view level, std::string_view component, std::string& out) {
  const int s = c.milliseconds / 1000;
  Put{out,
      "2025-03-{:02} {:02}:{:02}:{:02}.{:03} {:<5} [{}] ",
      c.day,
      s / 3600,
      s / 60 % 60,
      s % 60,
      c.milliseconds % 1000,
      level,
      component};
}

void finish(TextRng& rng, const Clock& clock, const Request& r, std::string& out) {
  const int status = rng.pick(kStatus);
  stamp(clock, status >= 500 ? "ERROR" : (status >= 400 ? "WARN" : "INFO"), "http", out);
  Put{out, "request {:06x} {} {} -> {} in {} ms\n", r.id, r.method, r.path, status, clock.milliseconds - r.start};
}

void incident(TextRng& rng, const Clock& clock, std::string_view component, int worker, std::string& out) {
  switch (rng.below(7)) {
    case 0:
      stamp(clock, "WARN", component, out);
      Put{out, "retry {} of 5 for worker-{}\n", rng.between(1, 5), worker};
      break;
    case 1:
      stamp(clock, "DEBUG", "cache", out);
      Put{out, "{} key={}:{}\n", rng.chance(70) ? "hit" : "miss", rng.pick(kThings).singular, rng.below(1000)};
      break;
    case 2:
      stamp(clock, "INFO", "db", out);
      Put{out, "query took {} ms rows={}\n", rng.between(1, 400), rng.below(500)};
      break;
    case 3:
      stamp(clock, "ERROR", component, out);
      Put{out, "connection to 10.0.{}.{}:{} refused\n", rng.below(8), rng.below(256), rng.between(2000, 9000)};
      break;
    case 4:
      stamp(clock, "INFO", "auth", out);
      Put{out, "user {} logged in from 10.0.{}.{}\n", rng.pick(kPeople).name, rng.below(8), rng.below(256)};
      break;
    case 5:
      stamp(clock, "DEBUG", "metrics", out);
      Put{out, "cpu={}% mem={}MB threads={}\n", rng.below(101), rng.between(100, 4000), rng.between(4, 64)};
      break;
    default:
      stamp(clock, "INFO", component, out);
      Put{out, "worker-{} {} the {} queue\n", worker, rng.chance(50) ? "joined" : "left", rng.pick(kPlaces)};
  }
}

}  // namespace

void write_logs(TextRng& rng, std::string& out) {
  Clock clock{rng.between(1, 28), rng.below(80'000'000)};
  const std::string_view component = rng.pick(kComponents);
  const int worker = rng.between(1, 16);
  int next_id = rng.below(0xf00000);
  std::vector<Request> open;
  for (int lines = rng.between(10, 24); lines > 0; --lines) {
    clock.milliseconds += rng.chance(80) ? rng.below(300) : rng.below(9000);
    const int kind = rng.below(10);
    if (kind < 3) {
      const Request r{next_id, clock.milliseconds, rng.pick(kMethods), rng.pick(kPaths)};
      next_id += rng.between(1, 40);
      stamp(clock, "INFO", "http", out);
      Put{out, "request {:06x} {} {} started\n", r.id, r.method, r.path};
      open.push_back(r);
    } else if (kind < 6 && !open.empty()) {
      finish(rng, clock, open.front(), out);
      open.erase(open.begin());
    } else {
      incident(rng, clock, component, worker, out);
    }
  }
  for (const Request& r : open) {
    clock.milliseconds += rng.below(200);
    finish(rng, clock, r, out);
  }
}

}  // namespace moe::data::generators
