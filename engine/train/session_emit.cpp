// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_emit.h"

#include <atomic>
#include <new>

namespace moe::train {

OrderedJson make_event(const char* name, OrderedJson body) {
  OrderedJson event = {{"event", name}};
  for (auto& item : body.items())
    event.get_ref<OrderedJson::object_t&>().emplace_back(item.key(), std::move(item.value()));
  return event;
}

namespace {

std::atomic<bool> lost{false};  // of the process, as the device's context is

}  // namespace

bool device_lost() { return lost; }

protocol::ErrorInfo describe(const std::exception_ptr& error, std::int64_t safe_step) {
  try {
    std::rethrow_exception(error);
  } catch (const DeviceLost& e) {
    lost = true;
    return {kind_name(e.kind()), e.what(), e.summary(), e.where(), e.limit(), e.action(), safe_step};
  } catch (const Error& e) {
    return {kind_name(e.kind()), e.what(), e.summary(), e.where(), e.limit(), e.action(), safe_step};
  } catch (const std::bad_alloc&) {
    const Error e(ErrorKind::resource, "There is not enough memory", "", "",
                  "Lower train.batch, model.context or the model's sizes");
    return {kind_name(e.kind()), e.what(), e.summary(), "", "", e.action(), safe_step};
  } catch (const std::exception& e) {
    return {kind_name(ErrorKind::failure), e.what(), e.what(), "", "", "", safe_step};
  }
}

ErrorKind kind_of(const protocol::ErrorInfo& info) {
  for (const auto kind : {ErrorKind::failure, ErrorKind::usage, ErrorKind::bad_input, ErrorKind::resource,
                          ErrorKind::device, ErrorKind::diverged, ErrorKind::locked})
    if (info.kind == kind_name(kind)) return kind;
  return ErrorKind::failure;
}

void Emitter::reply(const Json& id, std::int64_t step, OrderedJson result) const {
  OrderedJson message = {{"id", id}, {"ok", true}, {"step", step}};
  if (!result.is_null()) message["result"] = std::move(result);
  sink_({std::move(message), false, {}});
}

void Emitter::refuse(const Json& id, std::int64_t step, const protocol::ErrorInfo& error) const {
  sink_({{{"id", id}, {"ok", false}, {"step", step}, {"error", protocol::to_json(error)}}, false, {}});
}

}  // namespace moe::train
