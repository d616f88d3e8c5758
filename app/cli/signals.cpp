// SPDX-License-Identifier: Apache-2.0
#include "app/cli/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace moe::cli {

SignalWatcher::SignalWatcher() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  event_ = ::eventfd(0, EFD_CLOEXEC);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { watch(); });
}

SignalWatcher::~SignalWatcher() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  for (const int descriptor : {signals_, event_, stop_}) ::close(descriptor);
}

void SignalWatcher::on_signal(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  callback_ = std::move(callback);
  if (callback_ && caught_ != 0) callback_();
}

void SignalWatcher::watch() {
  for (;;) {
    pollfd waits[] = {{signals_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0) continue;
    if (waits[1].revents) return;
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof info) != sizeof info) continue;
    const int signal = static_cast<int>(info.ssi_signo);
    if (caught_.exchange(signal) != 0) ::_exit(128 + signal);
    ::eventfd_write(event_, 1);
    const std::lock_guard lock(mutex_);
    if (callback_) callback_();
  }
}

}  // namespace moe::cli
