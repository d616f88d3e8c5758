// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <cstddef>
#include <unordered_map>
#include <vector>

#include "engine/backend/cpu/gemm.h"
#include "engine/core/error.h"

#ifdef MOE_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#endif

namespace moe::cpu {

#ifdef MOE_HAVE_ONEDNN
namespace {

/// Everything a oneDNN primitive is specialised for.
using Key = std::array<std::int64_t, 7>;

Key key_of(const Gemm<bf16, float>& g) {
  return {g.m, g.n, g.k, g.lda * 2 + g.transpose_a, g.ldb * 2 + g.transpose_b, g.ldc, g.accumulate};
}

struct Hash {
  std::size_t operator()(const Key& key) const {
    std::uint64_t h = 0;
    for (auto v : key) h = (h ^ static_cast<std::uint64_t>(v)) * 0x9E3779B97F4A7C15u, h ^= h >> 29;
    return static_cast<std::size_t>(h);
  }
};

/// The memory objects of one thread's operands, whose addresses are set at each call.
struct Operands {
  dnnl::memory a, b, c, scratchpad;
  std::array<dnnl_exec_arg_t, 4> args;
};

/// A primitive, which any number of threads may execute at once, with operands for each.
struct Prepared {
  dnnl::matmul primitive;
  std::vector<Operands> operands;
  std::int64_t scratchpad_bytes;
};

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

Prepared build(const Gemm<bf16, float>& g, std::size_t threads) {
  using dnnl::memory;
  const auto strides = [](std::int64_t ld, bool transposed) {
    return transposed ? memory::dims{1, ld} : memory::dims{ld, 1};
  };
  const memory::desc a({g.m, g.k}, memory::data_type::bf16, strides(g.lda, g.transpose_a));
  const memory::desc b({g.k, g.n}, memory::data_type::bf16, strides(g.ldb, g.transpose_b));
  const memory::desc c({g.m, g.n}, memory::data_type::f32, strides(g.ldc, false));
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (g.accumulate) {
    dnnl::post_ops sum;
    sum.append_sum(1.f);
    attr.set_post_ops(sum);
  }
  const auto& engine = cpu_engine();
  const dnnl::matmul::primitive_desc desc({a, b, c}, attr, engine);
  Prepared p{dnnl::matmul(desc), {}, static_cast<std::int64_t>(desc.scratchpad_desc().get_size())};
  for (std::size_t i = 0; i < threads; ++i) {
    Operands o{memory(a, engine, nullptr),
               memory(b, engine, nullptr),
               memory(c, engine, nullptr),
               memory(desc.scratchpad_desc(), engine, nullptr),
               {}};
    o.args = {{{DNNL_ARG_SRC, o.a.get()},
               {DNNL_ARG_WEIGHTS, o.b.get()},
               {DNNL_ARG_DST, o.c.get()},
               {DNNL_ARG_SCRATCHPAD, o.scratchpad.get()}}};
    p.operands.push_back(std::move(o));
  }
  return p;
}

}  // namespace

struct Bf16Gemm::Cache {
  struct PerThread {
    dnnl::stream stream{cpu_engine()};
    Scratch scratchpad;
  };
  explicit Cache(int count) : threads(static_cast<std::size_t>(count)) {}
  std::unordered_map<Key, Prepared, Hash> prepared;
  std::vector<PerThread> threads;
};

Bf16Gemm::Bf16Gemm(Runtime& runtime) : runtime_(runtime), cache_(std::make_unique<Cache>(runtime.pool.threads())) {}
Bf16Gemm::~Bf16Gemm() = default;

void Bf16Gemm::prepare(const Gemm<bf16, float>& g) {
  if (g.m == 0 || g.n == 0 || g.k == 0) return;
  const Key key = key_of(g);
  if (cache_->prepared.contains(key)) return;
  const Prepared& p = cache_->prepared.emplace(key, build(g, cache_->threads.size())).first->second;
  for (auto& thread : cache_->threads) thread.scratchpad.get<std::byte>(std::max<std::int64_t>(p.scratchpad_bytes, 1));
}

void Bf16Gemm::operator()(const Gemm<bf16, float>& g) const {
  if (g.m == 0 || g.n == 0) return;
  if (g.k == 0) return empty_sum(g);
  const auto slot = static_cast<std::size_t>(ThreadPool::slot());
  auto& thread = cache_->threads[slot];
  Prepared& p = cache_->prepared.find(key_of(g))->second;
  Operands& mine = p.operands[slot];
  mine.a.set_data_handle(const_cast<bf16*>(g.a));
  mine.b.set_data_handle(const_cast<bf16*>(g.b));
  mine.c.set_data_handle(g.c);
  mine.scratchpad.set_data_handle(thread.scratchpad.held<std::byte>());
  const auto status = dnnl_primitive_execute(p.primitive.get(), thread.stream.get(), static_cast<int>(mine.args.size()),
                                             mine.args.data());
  if (status != dnnl_success)
    throw Error(ErrorKind::failure, "oneDNN refused a bfloat16 product", "matmul", "status " + std::to_string(status));
}

bool bf16_is_native() {
  const auto isa = dnnl::get_effective_cpu_isa();
  return isa == dnnl::cpu_isa::avx512_core_bf16 || isa == dnnl::cpu_isa::avx512_core_amx;
}

std::string describe_gemm() {
  const auto* v = dnnl::version();
  const char* isa = "other";
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41:
      isa = "SSE4.1";
      break;
    case dnnl::cpu_isa::avx:
      isa = "AVX";
      break;
    case dnnl::cpu_isa::avx2:
      isa = "AVX2";
      break;
    case dnnl::cpu_isa::avx512_core:
      isa = "AVX-512";
      break;
    case dnnl::cpu_isa::avx512_core_vnni:
      isa = "AVX-512 VNNI";
      break;
    case dnnl::cpu_isa::avx512_core_bf16:
      isa = "AVX-512 BF16";
      break;
    case dnnl::cpu_isa::avx512_core_amx:
      isa = "AMX";
      break;
    default:
      break;
  }
  return "oneDNN " + std::to_string(v->major) + '.' + std::to_string(v->minor) + '.' + std::to_string(v->patch) + ", " +
         isa;
}

#else

struct Bf16Gemm::Cache {};
Bf16Gemm::Bf16Gemm(Runtime& runtime) : runtime_(runtime) {}
Bf16Gemm::~Bf16Gemm() = default;

void Bf16Gemm::prepare(const Gemm<bf16, float>& g) {
  runtime_.reserve_scratch<float>(2, g.m * g.k);
  runtime_.reserve_scratch<float>(3, g.k * g.n);
}

// Without the library: the operands widened to float32, which is exact, and a float32 product.
void Bf16Gemm::operator()(const Gemm<bf16, float>& g) const {
  const auto widen = [&](int use, const bf16* from, std::int64_t rows, std::int64_t cols, std::int64_t ld) {
    float* to = runtime_.scratch<float>(use);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < cols; ++c)
        to[r * cols + c] = std::bit_cast<float>(static_cast<std::uint32_t>(from[r * ld + c].bits) << 16);
    return to;
  };
  const std::int64_t a_rows = g.transpose_a ? g.k : g.m, a_cols = g.transpose_a ? g.m : g.k;
  const std::int64_t b_rows = g.transpose_b ? g.n : g.k, b_cols = g.transpose_b ? g.k : g.n;
  const float* a = widen(2, g.a, a_rows, a_cols, g.lda);
  const float* b = widen(3, g.b, b_rows, b_cols, g.ldb);
  gemm(Gemm<float>{g.m, g.n, g.k, a, a_cols, g.transpose_a, b, b_cols, g.transpose_b, g.c, g.ldc, g.accumulate});
}

bool bf16_is_native() { return false; }
std::string describe_gemm() { return "Eigen"; }

#endif

}  // namespace moe::cpu
