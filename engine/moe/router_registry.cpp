// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "engine/core/error.h"
#include "engine/moe/router.h"

namespace moe::routing {

#define MOE_ROUTER(name) RouterEntry name##_entry();
#include "engine/core/router_list.inc"
#undef MOE_ROUTER

bool RouterInfo::reads(const std::string& key) const {
  return std::find(settings.begin(), settings.end(), key) != settings.end();
}

const std::vector<RouterEntry>& routers() {
  static const std::vector<RouterEntry> all{
#define MOE_ROUTER(name) name##_entry(),
#include "engine/core/router_list.inc"
#undef MOE_ROUTER
  };
  return all;
}

const RouterEntry& find_router(const std::string& name) {
  std::string known;
  for (const auto& entry : routers()) {
    if (entry.info.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.info.name;
  }
  throw Error(ErrorKind::usage, "there is no router policy named '" + name + "'", "router.policy", "known: " + known,
              "choose one of the known policies");
}

void check_policy(const Config& config) {
  const RouterInfo& info = find_router(config.router.policy).info;
  if (info.mixes_tokens && !is_plane(config))
    throw Error(ErrorKind::usage, info.label + " lets every token see the whole sequence, later tokens too",
                "router.policy", "models that do not predict the next token: data.task = plane",
                "Choose another router for text, such as expert_choice to compare with");
}

}  // namespace moe::routing
