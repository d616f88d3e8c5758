// SPDX-License-Identifier: Apache-2.0
#include "engine/protocol/json_fields.h"
#include "engine/protocol/model_sheet.h"

namespace moe::protocol {

using detail::Fields;
using detail::Json;
using detail::OrderedJson;

// Found by argument-dependent lookup from detail::convert(vector).
static void convert(const Json& json, SheetPart& out, const std::string& where) {
  Fields(json, where).read("name", out.name).read("all", out.all).read("active", out.active);
}

static void convert(const Json& json, SheetClaim& out, const std::string& where) {
  Fields(json, where)
      .read("quantity", out.quantity)
      .read("unit", out.unit)
      .read("printed", out.printed)
      .read("published", out.published)
      .read("computed", out.computed)
      .read("source", out.source)
      .read("counted", out.counted)
      .read("remark", out.remark);
}

OrderedJson to_json(const ModelSheet& s) {
  OrderedJson parts = OrderedJson::array(), claims = OrderedJson::array();
  for (const SheetPart& part : s.parts)
    parts.push_back({{"name", part.name}, {"all", part.all}, {"active", part.active}});
  for (const SheetClaim& claim : s.claims)
    claims.push_back({{"quantity", claim.quantity},
                      {"unit", claim.unit},
                      {"printed", claim.printed},
                      {"published", claim.published},
                      {"computed", claim.computed},
                      {"deviation", claim.deviation()},
                      {"source", claim.source},
                      {"counted", claim.counted},
                      {"remark", claim.remark}});
  return {{"name", s.name},
          {"title", s.title},
          {"paper", s.paper},
          {"year", s.year},
          {"summary", s.summary},
          {"layers", s.layers},
          {"experts", s.experts},
          {"top_k", s.top_k},
          {"shared_experts", s.shared_experts},
          {"moe_layers", s.moe_layers},
          {"all_layers", s.all_layers},
          {"parts", std::move(parts)},
          {"parameters", s.parameters},
          {"active_parameters", s.active_parameters},
          {"forward_flops", s.forward_flops},
          {"training_flops", s.training_flops},
          {"sequence", s.sequence},
          {"sequence_note", s.sequence_note},
          {"bytes_bf16", s.bytes_bf16},
          {"bytes_f32", s.bytes_f32},
          {"training_bytes", s.training_bytes},
          {"cache_bytes", s.cache_bytes},
          {"claims", std::move(claims)},
          {"notes", s.notes}};
}

ModelSheet model_sheet_from_json(const nlohmann::json& json) {
  ModelSheet s;
  Fields(json, "sheet")
      .read("name", s.name)
      .read("title", s.title)
      .read("paper", s.paper)
      .read("year", s.year)
      .read("summary", s.summary)
      .read("layers", s.layers)
      .read("experts", s.experts)
      .read("top_k", s.top_k)
      .read("shared_experts", s.shared_experts)
      .read("moe_layers", s.moe_layers)
      .read("all_layers", s.all_layers)
      .read("parts", s.parts)
      .read("parameters", s.parameters)
      .read("active_parameters", s.active_parameters)
      .read("forward_flops", s.forward_flops)
      .read("training_flops", s.training_flops)
      .read("sequence", s.sequence)
      .read("sequence_note", s.sequence_note)
      .read("bytes_bf16", s.bytes_bf16)
      .read("bytes_f32", s.bytes_f32)
      .read("training_bytes", s.training_bytes)
      .read("cache_bytes", s.cache_bytes)
      .read("claims", s.claims)
      .read("notes", s.notes);
  return s;
}

}  // namespace moe::protocol
