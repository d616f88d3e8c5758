// SPDX-License-Identifier: Apache-2.0
// A number that a device is still computing: asked for now, read when it is needed, so that the host does not wait for
// each one on its own.
#pragma once
#include <cstdint>

namespace moe {

class Scalar {
 public:
  /// Where numbers come from that are not there yet.
  struct Source {
    virtual ~Source() = default;
    virtual double wait_for(std::uint64_t ticket) = 0;
  };

  Scalar(double value = 0) : value_(value) {}
  Scalar(Source& source, std::uint64_t ticket) : source_(&source), ticket_(ticket) {}

  /// Waits for the device, once. To be read before a few thousand more are asked for, and while the backend lives.
  operator double() {
    if (source_) value_ = source_->wait_for(ticket_);
    source_ = nullptr;
    return value_;
  }

 private:
  double value_ = 0;
  Source* source_ = nullptr;
  std::uint64_t ticket_ = 0;
};

}  // namespace moe
