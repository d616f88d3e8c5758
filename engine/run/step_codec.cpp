// SPDX-License-Identifier: Apache-2.0
#include "engine/run/step_codec.h"

#include <bit>
#include <cstring>

static_assert(std::endian::native == std::endian::little, "blobs are little-endian");

namespace moe::run {
namespace {

constexpr char kVersion = 2;
constexpr std::uint64_t kLimit = 1 << 20;  // layers or experts; a torn length must not allocate more

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

struct Reader {
  std::string_view rest;

  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest.empty()) return false;
      const auto byte = static_cast<unsigned char>(rest.front());
      rest.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  template <class T>
  bool get(T& value) {
    if (rest.size() < sizeof(T)) return false;
    std::memcpy(&value, rest.data(), sizeof(T));
    rest.remove_prefix(sizeof(T));
    return true;
  }
};

/// A counted list; `each` reads one item.
template <class T, class Each>
bool decode_list(Reader& in, std::vector<T>& list, Each&& each) {
  std::uint64_t count = 0;
  if (!in.varint(count) || count > kLimit) return false;
  list.resize(count);
  for (T& item : list)
    if (!each(item)) return false;
  return true;
}

bool decode_extras(Reader& in, train::LayerReport& layer) {
  const auto varint = [&](auto& item) {
    std::uint64_t value = 0;
    if (!in.varint(value)) return false;
    item = static_cast<std::remove_reference_t<decltype(item)>>(value);
    return true;
  };
  const auto narrow = [&](double& item) {
    float value = 0;
    if (!in.get(value)) return false;
    item = static_cast<double>(value);
    return true;
  };
  return in.get(layer.importance_cv2) && in.get(layer.load_cv2) && decode_list(in, layer.kept, varint) &&
         (layer.kept.empty() || layer.kept.size() == layer.load.size()) && decode_list(in, layer.bias, narrow) &&
         decode_list(in, layer.revived, varint);
}

bool decode_layer(Reader& in, train::LayerReport& layer, char version) {
  std::uint64_t index = 0, loads = 0, masses = 0, dead = 0;
  if (!in.varint(index) || !in.varint(dead) || !in.varint(loads) || !in.varint(masses)) return false;
  if (index > kLimit || dead > kLimit || loads > kLimit || masses > kLimit) return false;
  layer.layer = static_cast<int>(index);
  layer.dead = static_cast<int>(dead);
  layer.load.resize(loads);
  for (auto& load : layer.load) {
    std::uint64_t value = 0;
    if (!in.varint(value)) return false;
    load = static_cast<std::int64_t>(value);
  }
  layer.mass.resize(masses);
  for (auto& mass : layer.mass) {
    float value = 0;
    if (!in.get(value)) return false;
    mass = static_cast<double>(value);
  }
  const bool whole = in.get(layer.balance_loss) && in.get(layer.z_loss) && in.get(layer.entropy) &&
                     in.get(layer.token_entropy) && in.get(layer.load_cv) && in.get(layer.max_violation);
  if (version > 1) return whole && decode_extras(in, layer);
  layer.importance_cv2 = layer.load_cv2 = train::kAbsent;
  layer.kept.clear(), layer.bias.clear(), layer.revived.clear();
  return whole;
}

}  // namespace

std::string encode_layers(const std::vector<train::LayerReport>& layers) {
  std::string out(1, kVersion);
  put_varint(out, layers.size());
  for (const auto& layer : layers) {
    put_varint(out, static_cast<std::uint64_t>(layer.layer));
    put_varint(out, static_cast<std::uint64_t>(layer.dead));
    put_varint(out, layer.load.size());
    put_varint(out, layer.mass.size());
    for (const std::int64_t load : layer.load) put_varint(out, static_cast<std::uint64_t>(load));
    for (const double mass : layer.mass) put(out, static_cast<float>(mass));
    for (const double scalar : {layer.balance_loss, layer.z_loss, layer.entropy, layer.token_entropy, layer.load_cv,
                                layer.max_violation, layer.importance_cv2, layer.load_cv2})
      put(out, scalar);
    put_varint(out, layer.kept.size());
    for (const std::int64_t kept : layer.kept) put_varint(out, static_cast<std::uint64_t>(kept));
    put_varint(out, layer.bias.size());
    for (const double bias : layer.bias) put(out, static_cast<float>(bias));
    put_varint(out, layer.revived.size());
    for (const int expert : layer.revived) put_varint(out, static_cast<std::uint64_t>(expert));
  }
  return out;
}

bool decode_layers(std::string_view blob, std::vector<train::LayerReport>& layers) {
  std::uint64_t count = 0;
  if (blob.empty() || blob.front() < 1 || blob.front() > kVersion) return false;
  Reader in{blob.substr(1)};
  if (!in.varint(count) || count > kLimit) return false;
  layers.resize(count);
  for (auto& layer : layers)
    if (!decode_layer(in, layer, blob.front())) return false;
  return in.rest.empty();
}

}  // namespace moe::run
