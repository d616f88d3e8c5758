// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <QtTest>
#include <chrono>
#include <csignal>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "engine/protocol/line_writer.h"
#include "engine/protocol/messages.h"

using moe::protocol::LineWriter;
using nlohmann::json;

namespace {

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (::pipe(ends) != 0) qFatal("pipe");
  }
  ~Pipe() {
    close_read();
    close_write();
  }
  void close_read() { close_end(0); }
  void close_write() { close_end(1); }
  void close_end(int i) {
    if (ends[i] >= 0) ::close(ends[i]);
    ends[i] = -1;
  }
  /// Everything until the other end is closed, as JSON lines.
  std::vector<json> read_all() const {
    std::string text;
    char buffer[65536];
    for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
    std::vector<json> lines;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      if (end == std::string::npos) qFatal("half a line");
      lines.push_back(moe::protocol::parse_line(text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return lines;
  }
};

nlohmann::ordered_json step(int n) { return {{"event", "step"}, {"step", n}}; }

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

class TestLineWriter : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { std::signal(SIGPIPE, SIG_IGN); }

  void writes_in_order() {
    Pipe pipe;
    {
      LineWriter writer(pipe.ends[1]);
      for (int i = 0; i < 1000; ++i) writer.push(step(i), true);
    }
    pipe.close_write();
    const auto lines = pipe.read_all();
    QCOMPARE(lines.size(), std::size_t{1000});
    for (int i = 0; i < 1000; ++i) QCOMPARE(lines[static_cast<std::size_t>(i)].at("step").get<int>(), i);
  }

  void a_stopped_reader_loses_only_the_oldest_steps() {
    Pipe pipe;
    auto writer = std::make_unique<LineWriter>(pipe.ends[1], 100);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20000; ++i) {
      writer->push(step(i), true);
      if (i % 1000 == 0) writer->push({{"event", "edit"}, {"step", i}}, false);
    }
    QVERIFY2(seconds_since(start) < 2.0, "pushing must not wait for the reader");
    QVERIFY(writer->dropped() > 10000);
    const auto dropped = writer->dropped();
    auto reading = std::async(std::launch::async, [&] { return pipe.read_all(); });
    writer.reset();
    pipe.close_write();
    const auto lines = reading.get();
    std::size_t edits = 0, steps = 0;
    int last = -1;
    for (const auto& line : lines) {
      if (line.at("event") == "edit")
        ++edits;
      else {
        ++steps;
        QVERIFY(line.at("step").get<int>() > last);
        last = line.at("step").get<int>();
      }
    }
    QCOMPARE(edits, std::size_t{20});
    QCOMPARE(last, 19999);
    QCOMPARE(steps + dropped, std::size_t{20000});
  }

  void only_the_latest_picture_waits() {
    Pipe pipe;
    auto writer = std::make_unique<LineWriter>(pipe.ends[1], 100);
    const std::string heavy(200000, 'x');  // more than a pipe holds, so that the rest waits
    for (int i = 0; i < 50; ++i) writer->push({{"event", "probe"}, {"step", i}, {"strip", heavy}}, false, "probe");
    auto reading = std::async(std::launch::async, [&] { return pipe.read_all(); });
    writer.reset();
    pipe.close_write();
    const auto lines = reading.get();
    QVERIFY2(lines.size() <= 4, std::to_string(lines.size()).c_str());
    QCOMPARE(lines.back().at("step").get<int>(), 49);
  }

  void a_closed_reader_is_noticed() {
    Pipe pipe;
    LineWriter writer(pipe.ends[1], 10);
    pipe.close_read();
    writer.push(step(1), false);
    QTRY_VERIFY(writer.broken());
    for (int i = 0; i < 1000; ++i) writer.push(step(i), false);
    QVERIFY(!writer.wait_for_room(std::chrono::milliseconds(0)));
  }

  void closing_gives_up_on_a_stopped_reader() {
    Pipe pipe;
    const auto start = std::chrono::steady_clock::now();
    {
      LineWriter writer(pipe.ends[1]);
      for (int i = 0; i < 8000; ++i) writer.push({{"n", i}, {"text", std::string(100, 'x')}}, false);
    }
    QVERIFY(seconds_since(start) < 10.0);
  }

  void a_sender_that_never_reads_is_held_back() {
    Pipe pipe;
    LineWriter writer(pipe.ends[1], 10);
    for (int i = 0; i < 3000; ++i) writer.push({{"id", i}, {"text", std::string(100, 'x')}}, false);
    QVERIFY(!writer.wait_for_room(std::chrono::milliseconds(200)));
    char buffer[65536];
    while (!writer.wait_for_room(std::chrono::milliseconds(10)))
      QVERIFY(::read(pipe.ends[0], buffer, sizeof buffer) > 0);
  }
};

QTEST_GUILESS_MAIN(TestLineWriter)
#include "tst_line_writer.moc"
