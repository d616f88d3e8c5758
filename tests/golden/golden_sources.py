# SPDX-License-Identifier: Apache-2.0
"""Vectors that come from the classes of the transformers package, run in float64.

Their routers compute in float32 whatever they are given; `in_float64` replaces the names of that dtype while they run, so
that the same lines give exact gradients. Conversions to the engine's units are written where they are made.
"""
import contextlib
import math
from types import SimpleNamespace
from unittest import mock

import torch
import transformers
from transformers.models.deepseek_v3 import modeling_deepseek_v3 as deepseek_v3
from transformers.models.gpt_oss import modeling_gpt_oss as gpt_oss
from transformers.models.mixtral import modeling_mixtral as mixtral
from transformers.models.nllb_moe import modeling_nllb_moe as nllb
from transformers.models.olmoe import modeling_olmoe as olmoe
from transformers.models.switch_transformers import modeling_switch_transformers as switch_transformers

from golden_io import tensor
from golden_ops import randn
from golden_routers import draws, router_case


@contextlib.contextmanager
def in_float64():
    with mock.patch.multiple(torch, float=torch.float64, float32=torch.float64), \
            mock.patch.object(torch.Tensor, "float", torch.Tensor.double):
        yield


def identity(router, experts):
    """The router with weight 1, so that its logits are its input."""
    router.double()
    matrix = router.classifier.weight if hasattr(router, "classifier") else router.weight
    matrix.data = torch.eye(experts, dtype=torch.float64)
    if getattr(router, "bias", None) is not None:
        router.bias.data = torch.zeros(experts, dtype=torch.float64)
    return router


def top_k_route(router, experts):
    """combine[T,E] of a router that returns (logits, weights, ids)."""
    def route(x):
        with in_float64():
            _, weights, ids = router(x)
        return {"combine": torch.zeros_like(x).scatter(1, ids, weights)}
    return route


def plain_cases(generator):
    """Mixtral (renormalised), OLMoE (not), gpt-oss (softmax of the chosen logits: the same as Mixtral's)."""
    for cls, k, renormalise in ((mixtral.MixtralTopKRouter, 2, True), (olmoe.OlmoeTopKRouter, 3, False),
                                (gpt_oss.GptOssTopKRouter, 2, True)):
        config = SimpleNamespace(num_experts_per_tok=k, num_local_experts=6, num_experts=6, hidden_size=6, norm_topk_prob=False)
        settings = {"router.policy": "softmax_top_k", "router.top_k": k, "router.renormalise": renormalise}
        yield router_case(cls.__name__, settings, {"x": randn(generator, 9, 6)},
                          top_k_route(identity(cls(config), 6), 6), generator)


def deepseek_cases(generator):
    """DeepseekV3TopkRouter. Negative biases: masked groups must be -inf, 0.0 would win against the kept ones."""
    for experts, k, groups, keep in ((8, 3, 4, 2), (6, 2, 1, 1)):
        config = SimpleNamespace(num_experts_per_tok=k, num_local_experts=experts, hidden_size=experts, n_group=groups,
                                 topk_group=keep, norm_topk_prob=True, routed_scaling_factor=2.5)
        router = identity(deepseek_v3.DeepseekV3TopkRouter(config), experts)
        bias = -0.8 - 0.3 * torch.rand(experts, generator=generator, dtype=torch.float64)
        router.e_score_correction_bias = bias
        settings = {"router.policy": "sigmoid_top_k", "router.top_k": k, "router.groups": groups, "router.group_top_k": keep,
                    "router.scale": 2.5, "balance.coefficient": 0}
        route = top_k_route(router, experts)
        yield router_case(f"DeepseekV3TopkRouter, {groups} groups", settings, {"x": randn(generator, 10, experts), "bias": bias},
                          lambda x, bias: route(x), generator)


def switch_cases(generator):
    """SwitchTransformersTop1Router, its load_balancing_loss_func and router_z_loss_func.

    Its expert_capacity is a number of tokens per sequence; one sequence here, so it is the engine's T/E * factor.
    """
    tokens, experts, factor = 12, 4, 0.75
    config = SimpleNamespace(num_experts=experts, expert_capacity=math.ceil(tokens / experts * factor), hidden_size=experts,
                             router_bias=False, router_jitter_noise=0.0, router_ignore_padding_tokens=False,
                             router_dtype="float64")
    router = identity(switch_transformers.SwitchTransformersTop1Router(config), experts)

    def route(x):
        kept, weight, logits = router(x[None])
        with in_float64():
            balance = switch_transformers.load_balancing_loss_func(logits.softmax(-1), logits.argmax(-1))
            z = switch_transformers.router_z_loss_func(logits)
        assert kept.sum() < tokens  # some are dropped
        return {"combine": (kept * weight)[0], "losses": {"balance_loss": balance, "z_loss": z}}

    settings = {"router.policy": "switch", "capacity.factor": factor, "balance.coefficient": 0.3, "router.z_coefficient": 0.2}
    yield router_case("SwitchTransformersTop1Router", settings, {"x": randn(generator, tokens, experts)}, route, generator)


def switch_group_cases(generator):
    """load_balancing_loss_func over several sequences is the engine's balance.scope = sequence at k = 1."""
    sequences, tokens, experts = 3, 15, 4

    def route(x):
        groups = x.view(sequences, -1, experts)
        with in_float64():
            balance = switch_transformers.load_balancing_loss_func(groups.softmax(-1), groups.argmax(-1))
        p = x.softmax(-1)
        top = p.argmax(-1, keepdim=True)
        return {"combine": torch.zeros_like(x).scatter(1, top, p.gather(1, top)), "losses": {"balance_loss": balance}}

    settings = {"router.policy": "switch", "balance.coefficient": 0.3, "balance.scope": "sequence"}
    yield router_case("Switch load_balancing_loss_func of 3 sequences", settings, {"x": randn(generator, tokens, experts)},
                      route, generator, batch=sequences)


def nllb_cases(generator):
    """NllbMoeTop2Router, GShard's way: firsts before seconds, gates normalised before dropping.

    It adds no 1e-9 to the sum. With a random second expert it compares 2 p2 with U where the paper (and the engine) compares
    2 g2, and then weighs the second with p2 beside a normalised g1. So there the draws handed to it are multiplied by
    p1 + p2, which makes the two comparisons the same one, and only who keeps a place is taken from it.
    """
    tokens, experts = 16, 4
    for random in (False, True):
        config = SimpleNamespace(num_experts=experts, expert_capacity=math.ceil(2 * tokens / experts * 0.75), hidden_size=experts,
                                 router_bias=False, router_ignore_padding_tokens=False, router_dtype="float64",
                                 second_expert_policy="random" if random else "all", batch_prioritized_routing=False,
                                 normalize_router_prob_before_dropping=True, moe_eval_capacity_token_fraction=-1.0)
        router = identity(nllb.NllbMoeTop2Router(config), experts)
        uniform = draws("random_second", "uniform", tokens)

        def route(x):
            if not random:
                return {"combine": router(x)[1]}
            both = x.detach().softmax(-1).topk(2, dim=-1).values.sum(-1)
            with mock.patch.object(torch, "rand_like", lambda _: uniform * both):
                kept = router(x.detach())[1] > 0
            soft = x.softmax(-1)
            best = soft.topk(2, dim=-1)
            gates = torch.zeros_like(x).scatter(1, best.indices, best.values / best.values.sum(-1, keepdim=True))
            return {"combine": gates * kept}

        settings = {"router.policy": "gshard", "router.random_second": random, "capacity.factor": 0.75, "balance.coefficient": 0}
        yield router_case(f"NllbMoeTop2Router, {config.second_expert_policy} second", settings,
                          {"x": randn(generator, tokens, experts)}, route, generator, tolerance=1e-8)


def mixtral_loss_cases(generator):
    """Mixtral's load_balancing_loss_func: k times the engine's for one layer; several are pooled before multiplying.

    Of several layers f and P are averaged over all of them first, so layers that err in opposite directions cancel: the
    value differs from the mean of the engine's per-layer values, and `pooled` is checked from the engine's f and P.
    """
    tokens, experts, k = 10, 6, 2
    layers = [randn(generator, tokens, experts) for _ in range(2)]
    with in_float64():
        single = [mixtral.load_balancing_loss_func((x,), experts, k) for x in layers]
        pooled = mixtral.load_balancing_loss_func(tuple(layers), experts, k)
    gradients = [torch.autograd.grad(v, [x])[0] for v, x in zip(single, layers)]
    return [{"k": k, "layers": [tensor(x) for x in layers], "single": [float(v.detach()) for v in single],
             "d_single": [tensor(g) for g in gradients], "pooled": float(pooled.detach())}]


VERSION = transformers.__version__
