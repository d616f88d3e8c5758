// SPDX-License-Identifier: Apache-2.0
// RunInfo as JSON: the reply to `new` and `open`.
#include "engine/protocol/json_fields.h"
#include "engine/protocol/messages.h"

namespace moe::protocol {
using namespace detail;

OrderedJson to_json(const RunInfo& run) {
  return {{"path", run.path},
          {"preset", run.preset},
          {"name", run.name},
          {"task", run.task},
          {"step", run.step},
          {"horizon", run.horizon},
          {"seed", run.seed},
          {"layers", run.layers},
          {"experts", run.experts},
          {"top_k", run.top_k},
          {"vocabulary", run.vocabulary},
          {"context", run.context},
          {"batch", run.batch},
          {"moe_layers", run.moe_layers},
          {"domains", run.domains},
          {"corpus_share", numbers(run.corpus_share)},
          {"unigram_loss", numbers(run.unigram_loss)},
          {"device", run.device},
          {"precision", run.precision},
          {"threads", run.threads},
          {"parameters", run.parameters},
          {"active_parameters", run.active_parameters},
          {"flops_per_token", number(run.flops_per_token)},
          {"data", run.data},
          {"notes", run.notes},
          {"mixtral", run.mixtral},
          {"config", run.config},
          {"checkpoints", run.checkpoints},
          {"probes", run.probes},
          {"read_only", run.read_only}};
}

RunInfo run_info_from_json(const Json& json) {
  const Fields fields(json, "run");
  RunInfo run;
  fields.read("path", run.path)
      .read("preset", run.preset)
      .read("name", run.name)
      .read("task", run.task)
      .read("step", run.step)
      .read("horizon", run.horizon)
      .read("seed", run.seed)
      .read("layers", run.layers)
      .read("experts", run.experts)
      .read("top_k", run.top_k)
      .read("vocabulary", run.vocabulary)
      .read("context", run.context)
      .read("batch", run.batch)
      .read("moe_layers", run.moe_layers)
      .read("domains", run.domains)
      .read("corpus_share", run.corpus_share)
      .read("unigram_loss", run.unigram_loss)
      .read("device", run.device)
      .read("precision", run.precision)
      .read("threads", run.threads)
      .read("parameters", run.parameters)
      .read("active_parameters", run.active_parameters)
      .read("flops_per_token", run.flops_per_token)
      .read("data", run.data)
      .read("notes", run.notes)
      .read("mixtral", run.mixtral)
      .read("checkpoints", run.checkpoints)
      .read("probes", run.probes)
      .read("read_only", run.read_only);
  if (const Json* config = fields.find("config")) {
    if (!config->is_object()) wrong_type(fields.where("config"), "an object");
    run.config = OrderedJson::object();
    for (const auto& [key, value] : config->items()) run.config[key] = value;
  }
  return run;
}

}  // namespace moe::protocol
