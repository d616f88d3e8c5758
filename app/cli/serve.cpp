// SPDX-License-Identifier: Apache-2.0
// JSON lines on stdin and stdout: engine/protocol/README.md.
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "app/cli/cli.h"
#include "app/cli/signals.h"
#include "engine/core/error.h"
#include "engine/protocol/line_writer.h"
#include "engine/protocol/messages.h"
#include "engine/train/session.h"
#include "engine/train/session_emit.h"

namespace moe::cli {
namespace {

constexpr std::size_t kMaxLine = std::size_t{16} << 20;

/// Cuts stdin into lines. A line beyond the limit is skipped and given as an empty text, once.
class LineReader {
 public:
  enum class Status { line, none, closed };
  /// The next whole line that is in memory.
  Status take(std::string& line) {
    const auto end = buffer_.find('\n', searched_);
    if (end == std::string::npos) {
      searched_ = buffer_.size();
      if (buffer_.size() > kMaxLine) {
        buffer_.clear();
        searched_ = 0;
        skipping_ = true;
      }
      return closed_ ? Status::closed : Status::none;
    }
    line = skipping_ ? std::string() : buffer_.substr(0, end);
    skipping_ = false;
    buffer_.erase(0, end + 1);
    searched_ = 0;
    return Status::line;
  }
  void read() {
    char block[65536];
    const auto size = ::read(STDIN_FILENO, block, sizeof block);
    if (size > 0)
      buffer_.append(block, static_cast<std::size_t>(size));
    else if (size == 0 || (errno != EINTR && errno != EAGAIN))
      closed_ = true;
  }

 private:
  std::string buffer_;
  std::size_t searched_ = 0;
  bool skipping_ = false, closed_ = false;
};

/// False after `shutdown`.
bool handle(const std::string& line, train::Session& session, const train::Emitter& emit) {
  try {
    const Json command = protocol::parse_line(line);
    session.submit(command);
    return !(command.is_object() && command.value("cmd", Json()) == "shutdown");
  } catch (const Error&) {
    emit.refuse(nullptr, 0, train::describe(std::current_exception()));
    return true;
  }
}

int serve() {
  SignalWatcher signals;
  protocol::LineWriter writer(STDOUT_FILENO);
  const train::Sink sink = [&writer](train::Outgoing out) {
    writer.push(std::move(out.message), out.droppable, out.latest_of);
  };
  const train::Emitter emit(sink);
  {
    train::Session session(sink);  // its end saves the run
    LineReader reader;
    std::string line;
    for (bool open = true; open && !signals.caught() && !writer.broken() && !train::device_lost();) {
      const auto status = reader.take(line);
      if (status == LineReader::Status::closed) break;
      if (status == LineReader::Status::line) {
        open = handle(line, session, emit);
        while (!writer.wait_for_room(std::chrono::milliseconds(200)) && !signals.caught() && !writer.broken()) {
        }
        continue;
      }
      pollfd waits[] = {{STDIN_FILENO, POLLIN, 0}, {signals.descriptor(), POLLIN, 0}};
      if (::poll(waits, 2, 500) > 0 && waits[0].revents) reader.read();
    }
    if (!writer.broken() && !signals.caught() && !train::device_lost()) session.drain();
  }
  if (train::device_lost()) return exit_code(ErrorKind::device);  // the error has been sent; a new process goes on
  return signals.caught() ? 128 + signals.caught() : 0;
}

}  // namespace

void add_serve(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("serve", "Take commands as JSON lines on stdin, for the studio and for scripts");
  command->footer(
      "One JSON object per line; commands, replies and events are described in engine/protocol/README.md.\n"
      "Ends when stdin closes, after saving.");
  command->callback([&program] { program.action = serve; });
}

}  // namespace moe::cli
