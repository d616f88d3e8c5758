# SPDX-License-Identifier: Apache-2.0
"""Vectors of every router: the paper's formula in PyTorch or NumPy, gradients by torch.autograd, draws by golden_random.

A case runs one router on x with an identity gate, so the logits are x (times the input's jitter). Its loss is
<d_combine, combine> plus each auxiliary loss times its coefficient in `settings`; d_x is its gradient.
"""
import math

import numpy as np
import torch

from golden_io import tensor, write_json
from golden_random import Stream
from golden_routing import balance_loss, expert_counts, top_k, z_loss
from golden_ops import randn

COEFFICIENT = {"balance_loss": "balance.coefficient", "z_loss": "router.z_coefficient",
               "importance_cv2": "balance.importance", "load_cv2": "balance.load"}
PLACE = {"seed": 77, "step": 5, "layer": 3, "micro": 0}  # where the draws of the cases belong


def draws(purpose, kind, *shape):
    return Stream(purpose, **PLACE).tensor(kind, *shape)


def squared_cv(x):
    """Population variance / (mean^2 + 1e-10) (tensor2tensor's cv_squared)."""
    return ((x - x.mean()) ** 2).mean() / (x.mean() ** 2 + 1e-10)


def normal_cdf(z):
    return 0.5 * (1 + torch.erf(z / math.sqrt(2)))


def dense(ids, weights, experts):
    """combine[T,E] of ids[T,K] (-1 = none) and their weights."""
    kept = torch.where(ids >= 0, weights, torch.zeros_like(weights))
    return torch.zeros(ids.shape[0], experts, dtype=weights.dtype).scatter_add(1, ids.clamp(min=0), kept)


def router_case(name, settings, inputs, route, generator, training=True, batch=1, tolerance=1e-12):
    """`route(**inputs)` gives combine[T,E], losses {name: scalar}, and whatever else the engine's decision has."""
    out = route(**inputs)
    losses = out.pop("losses", {})
    upstream = torch.randn(out["combine"].shape, generator=generator, dtype=torch.float64)
    total = (out["combine"] * upstream).sum()
    for key, value in losses.items():
        total = total + settings.get(COEFFICIENT[key], 0) * value
    leaves = {k: v for k, v in inputs.items() if v.requires_grad}
    grads = torch.autograd.grad(total, list(leaves.values()))
    return {"name": name, "settings": settings, "training": training, "batch": batch, "tolerance": tolerance, **PLACE,
            "inputs": {k: tensor(v) for k, v in inputs.items()}, "outputs": {k: tensor(v) for k, v in out.items()},
            "losses": {k: float(v.detach()) for k, v in losses.items()},
            "gradients": {"d_combine": tensor(upstream), **{f"d_{k}": tensor(g) for k, g in zip(leaves, grads)}}}


def noisy_gating(x, raw, k, noise):
    """Shazeer et al. 2017: learned noise, gates over the k largest noisy logits, importance and load with their CV^2."""
    tokens, experts = x.shape
    sigma = torch.nn.functional.softplus(raw) + 1e-2
    noisy = x + noise * sigma
    values, order = noisy.topk(min(k + 1, experts), dim=-1)
    ids = order[:, :k]
    if k > 1:
        weights = values[:, :k].softmax(-1)
    else:  # the engine's deviation: one gate renormalised is always 1 and teaches nothing
        weights = noisy.softmax(-1).gather(1, ids)
    combine = dense(ids, weights, experts)
    losses = {"importance_cv2": squared_cv(combine.sum(0)), "z_loss": z_loss(x),
              "balance_loss": balance_loss(x.softmax(-1), expert_counts(ids, experts), k)}
    out = {"combine": combine, "ids": ids, "losses": losses}
    if k < experts:
        chosen = torch.zeros_like(x, dtype=torch.bool).scatter(1, ids, True)
        threshold = torch.where(chosen, values[:, k:k + 1], values[:, k - 1:k])
        out["load"] = normal_cdf((x - threshold) / sigma).sum(0)
        losses["load_cv2"] = squared_cv(out["load"])
    return out


def noisy_cases(generator):
    for tokens, experts, k in ((12, 5, 2), (9, 6, 3), (8, 4, 1), (6, 4, 4)):
        inputs = {"x": randn(generator, tokens, experts), "raw": randn(generator, tokens, experts)}
        noise = draws("router_learned", "normal", tokens, experts)
        settings = {"router.policy": "noisy_top_k", "router.top_k": k, "balance.importance": 0.7, "balance.load": 0.4,
                    "balance.coefficient": 0.3, "router.z_coefficient": 0.05}
        yield router_case(f"noisy top-{k} of {experts}", settings, inputs,
                          lambda x, raw: noisy_gating(x, raw, k, noise), generator)


def v_moe(x, k, noise):
    """Riquelme et al. 2021: noise N(0, 1/E^2), gates = softmax of all noisy logits, importance on the clean softmax."""
    experts = x.shape[1]
    noisy = x + noise / experts
    values, ids = noisy.topk(k, dim=-1)
    load = normal_cdf((x - values[:, -1:]) * experts).sum(0)
    losses = {"importance_cv2": squared_cv(x.softmax(-1).mean(0)), "z_loss": z_loss(x)}
    if k < experts:
        losses["load_cv2"] = squared_cv(load)
    return {"combine": dense(ids, noisy.softmax(-1).gather(1, ids), experts), "ids": ids, "losses": losses,
            **({"load": load} if k < experts else {})}


def v_moe_cases(generator):
    for tokens, experts, k in ((10, 6, 2), (9, 4, 1)):
        settings = {"router.policy": "v_moe", "router.top_k": k, "balance.importance": 0.7, "balance.load": 0.4,
                    "balance.coefficient": 0, "router.z_coefficient": 0.05}
        noise = draws("router_noise", "normal", tokens, experts)
        yield router_case(f"V-MoE top-{k}", settings, {"x": randn(generator, tokens, experts)},
                          lambda x: v_moe(x, k, noise), generator)


def limit(ids, weights, experts, capacity, by_weight):
    """First choices fill their expert's places, then second ones: by position, or the larger weight first."""
    kept = torch.full_like(ids, -1)
    used = [0] * experts
    for j in range(ids.shape[1]):
        order = sorted(range(len(ids)), key=lambda t: -float(weights[t, j])) if by_weight else range(len(ids))
        for t in order:
            e = int(ids[t, j])
            if e >= 0 and used[e] < capacity:
                kept[t, j] = e
                used[e] += 1
    return kept


def gshard(x, places, by_weight, uniform=None):
    """Lepikhin et al. 2020, algorithm 1: both gates normalised, 2 g2 > U keeps the second, aux counts first choices."""
    experts = x.shape[1]
    p = x.softmax(-1)
    values, ids = p.topk(2, dim=-1)
    weights = values / (values.sum(-1, keepdim=True) + 1e-9)
    if uniform is not None:
        ids = torch.stack((ids[:, 0], torch.where(2 * weights[:, 1] > uniform, ids[:, 1], -1)), 1)
    kept = limit(ids, weights.detach(), experts, places, by_weight)
    balance = experts ** 2 * (torch.bincount(top_k(x.detach(), 1).reshape(-1), minlength=experts) / len(x) * p.mean(0)).mean()
    return {"combine": dense(kept, weights, experts), "ids": ids, "kept_ids": kept,
            "losses": {"balance_loss": balance, "z_loss": z_loss(x)}}


def gshard_cases(generator):
    for name, random, drop in (("every second", False, "position"), ("random second", True, "position"),
                               ("random second, probability", True, "probability")):
        tokens, experts = 16, 4
        settings = {"router.policy": "gshard", "router.random_second": random, "capacity.factor": 0.75,
                    "capacity.drop": drop, "balance.coefficient": 0.6, "router.z_coefficient": 0.1}
        places = math.ceil(tokens * 2 / experts * 0.75)
        uniform = draws("random_second", "uniform", tokens) if random else None
        case = router_case(f"GShard, {name}", settings, {"x": randn(generator, tokens, experts)},
                           lambda x: gshard(x, places, drop == "probability", uniform), generator)
        kept, ids = (np.array(case["outputs"][n]["data"]).reshape(tokens, 2) for n in ("kept_ids", "ids"))
        assert (kept < ids)[:, 1].any()  # seconds are dropped
        assert not random or (ids < 0).any()
        yield case


def switch(x, jitter, places, by_weight):
    """Fedus et al. 2021: the router's input times U[1 - eps, 1 + eps], top-1, weight = probability, aux before drops."""
    experts = x.shape[1]
    logits = x * jitter
    p = logits.softmax(-1)
    ids = top_k(logits.detach(), 1)
    weights = p.gather(1, ids)
    kept = limit(ids, weights.detach(), experts, places, by_weight)
    return {"combine": dense(kept, weights, experts), "ids": ids, "kept_ids": kept, "logits": logits,
            "losses": {"balance_loss": balance_loss(p, expert_counts(ids, experts), 1), "z_loss": z_loss(logits)}}


def switch_cases(generator):
    for drop in ("position", "probability"):
        settings = {"router.policy": "switch", "router.jitter": 0.3, "capacity.factor": 1.25, "capacity.drop": drop,
                    "balance.coefficient": 0.8, "router.z_coefficient": 0.1}
        jitter = 1 + 0.3 * (2 * draws("router_jitter", "uniform", 14, 5) - 1)
        yield router_case(f"Switch, {drop}", settings, {"x": randn(generator, 14, 5)},
                          lambda x: switch(x, jitter, math.ceil(14 / 5 * 1.25), drop == "probability"), generator)


def softmax_cases(generator):
    """Fixed Gaussian and uniform noise on the logits, random routing, importance of plain gates."""
    def route(x, k, renormalise, noise, moved):
        experts = x.shape[1]
        scores = x + noise
        ids = moved(top_k(scores.detach(), k))
        weights = scores.softmax(-1).gather(1, ids)
        if renormalise:
            weights = weights / weights.sum(-1, keepdim=True)
        combine = dense(ids, weights, experts)
        losses = {"importance_cv2": squared_cv(combine.sum(0)), "z_loss": z_loss(x),
                  "balance_loss": balance_loss(x.softmax(-1), expert_counts(ids, experts), k)}
        return {"combine": combine, "ids": ids, "losses": losses}

    def at_random(ids, fraction, experts):
        stream, ids = Stream("random_routing", **PLACE), ids.clone()
        k = ids.shape[1]
        for t in range(len(ids)):
            if stream.uniform(t * (k + 1)) >= fraction:
                continue
            free = list(range(experts))
            for j in range(k):
                ids[t, j] = free.pop(stream.below(t * (k + 1) + 1 + j, experts - j))
        return ids

    tokens, experts = 11, 6
    noise = 0.5 * draws("router_noise", "normal", tokens, experts) + \
        0.4 * (2 * draws("router_uniform", "uniform", tokens, experts) - 1)
    for k, renormalise, fraction in ((2, True, 0), (3, False, 0), (2, True, 0.4)):
        settings = {"router.policy": "softmax_top_k", "router.top_k": k, "router.renormalise": renormalise,
                    "router.noise": 0.5, "router.uniform_noise": 0.4, "remedy.random_fraction": fraction,
                    "balance.importance": 0.5, "balance.coefficient": 0.2, "router.z_coefficient": 0.1}
        yield router_case(f"softmax top-{k} with noise, {fraction} at random", settings,
                          {"x": randn(generator, tokens, experts)},
                          lambda x: route(x, k, renormalise, noise, lambda ids: at_random(ids, fraction, experts)), generator)


def sigmoid_scores(x, bias, k, groups, keep, scale, sequences):
    """DeepSeek-V3 (2412.19437, eqs. 12-20): group-limited choice by s + b, weights s / sum s, sequence-wise balance."""
    tokens, experts = x.shape
    s = torch.sigmoid(x)
    choice = (s + bias).detach()
    best_two = choice.view(tokens, groups, -1).topk(min(2, experts // groups), dim=-1).values.sum(-1)
    allowed = torch.zeros(tokens, groups, dtype=torch.bool).scatter(1, best_two.topk(keep, dim=-1).indices, True)
    choice = choice.masked_fill(~allowed.repeat_interleave(experts // groups, 1), -math.inf)
    ids = top_k(choice, k)
    weights = s.gather(1, ids)
    if k > 1:
        weights = weights / (weights.sum(-1, keepdim=True) + 1e-20)
    share = s / s.sum(-1, keepdim=True)
    plain = top_k(s.detach(), k)
    parts = [balance_loss(share[r], expert_counts(plain[r], experts), k)
             for r in torch.arange(tokens).view(sequences, -1)]
    return {"combine": dense(ids, scale * weights, experts), "ids": ids, "probabilities": share,
            "losses": {"balance_loss": torch.stack(parts).mean()}}


def sigmoid_cases(generator):
    for experts, k, groups, keep, sequences in ((8, 3, 4, 2, 3), (6, 2, 1, 1, 2), (6, 1, 2, 1, 1)):
        bias = 0.3 * torch.randn(experts, generator=generator, dtype=torch.float64)
        settings = {"router.policy": "sigmoid_top_k", "router.top_k": k, "router.groups": groups,
                    "router.group_top_k": keep, "router.scale": 2.5, "balance.coefficient": 0.4, "balance.scope": "sequence"}
        yield router_case(f"sigmoid top-{k}, {keep} of {groups} groups", settings,
                          {"x": randn(generator, 12, experts), "bias": bias},
                          lambda x, bias: sigmoid_scores(x, bias, k, groups, keep, 2.5, sequences), generator, batch=sequences)


def sinkhorn_plan(logits, tolerance=1e-4, eps=1e-8):
    """Megatron-LM's `sinkhorn`, line by line in NumPy; also the number of rounds."""
    cost = np.exp(logits)
    d1 = np.ones(cost.shape[1])
    error, rounds = 1e9, 0
    while error > tolerance:
        before = d1
        d0 = (1 / cost.shape[0]) / ((d1 * cost).sum(1) + eps)
        d1 = (1 / cost.shape[1]) / ((d0[:, None] * cost).sum(0) + eps)
        error = np.abs(before - d1).mean()
        rounds += 1
    return d1 * cost * d0[:, None], rounds


def sinkhorn_cases(generator):
    def route(x, k, training):
        deciding = x.detach()
        out = {}
        if training:
            plan, rounds = sinkhorn_plan(x.detach().numpy())
            assert rounds > 3
            deciding = torch.tensor(plan)
            out["plan_by_row"] = deciding / deciding.sum(1, keepdim=True)
        ids = top_k(deciding, k)
        activation = torch.sigmoid(x) if k == 1 else x.softmax(-1)
        out.update(ids=ids, combine=dense(ids, activation.gather(1, ids), x.shape[1]), losses={"z_loss": z_loss(x)})
        return out

    for k, training in ((1, True), (2, True), (1, False)):
        settings = {"router.policy": "sinkhorn", "router.top_k": k, "router.z_coefficient": 0.2}
        yield router_case(f"Sinkhorn top-{k}{'' if training else ', evaluation'}", settings,
                          {"x": randn(generator, 13, 5, scale=1.5)}, lambda x: route(x, k, training), generator,
                          training=training, tolerance=1e-7)


def expert_choice_cases(generator):
    """Zhou et al. 2022: S = softmax over experts, each expert takes its k T / E best tokens and weighs them with S."""
    def route(x, k):
        tokens, experts = x.shape
        s = x.softmax(-1)
        picked = s.T.topk(math.ceil(tokens * k / experts), dim=-1).indices
        taken = torch.zeros(experts, tokens, dtype=torch.bool).scatter(1, picked, True).T
        return {"combine": s * taken, "losses": {"z_loss": z_loss(x)}}

    for tokens, experts, k in ((12, 4, 2), (11, 4, 1)):
        settings = {"router.policy": "expert_choice", "router.top_k": k, "router.z_coefficient": 0.2}
        yield router_case(f"expert choice, {k} a token", settings, {"x": randn(generator, tokens, experts)},
                          lambda x: route(x, k), generator)


def write_all(generator):
    import golden_balance as around
    import golden_sources as sources

    def gather(*makers):
        return [case for make in makers for case in make(generator)]

    write_json("routers.json", "One case of a router on x with an identity gate (raw: the learned noise's own logits), combine[t,e] = "
               "weight of expert e after drops. Loss = <d_combine, combine> + sum of losses times their coefficient in "
               "settings; d_x is its gradient, by autograd from the formulas of the papers (golden_routers.py), draws of "
               "Philox4x32-10 written again in Python (golden_random.py).",
               cases=gather(noisy_cases, v_moe_cases, gshard_cases, switch_cases, softmax_cases, sigmoid_cases, sinkhorn_cases,
                            expert_choice_cases))
    write_json("routers_of_transformers.json", f"As routers.json, but combine and the losses come from classes of transformers "
               f"{sources.VERSION}, run in float64: MixtralTopKRouter, OlmoeTopKRouter, GptOssTopKRouter, DeepseekV3TopkRouter "
               "(masks groups with -inf since its 0.0 was corrected), SwitchTransformersTop1Router with its "
               "load_balancing_loss_func and router_z_loss_func, NllbMoeTop2Router (GShard; its random second compares 2 p2 before "
               "normalising, so the draws given to it are scaled by p1 + p2; who keeps a place is its answer, the gates are the paper's). `mixtral_loss`: "
               "load_balancing_loss_func of MixtralForCausalLM, k times the engine's per layer; pooled = over both layers at once.",
               cases=gather(sources.plain_cases, sources.deepseek_cases, sources.switch_cases, sources.switch_group_cases,
                            sources.nllb_cases),
               mixtral_loss=sources.mixtral_loss_cases(generator))
    write_json("router_balance.json", "scopes: balance over a micro-batch, each sequence, or the step so far, of micro-batches that "
               "weigh loss_scale each (d_x of coefficient * loss_scale * value). bias: b += bias_step * sign(mean - count) after "
               "each step. hash: token id -> expert. random: k different experts of even draws. soft: soft MoE with its experts, D = softmax "
               "of scale x/|x| slots/|slots|^T over tokens, C over slots, y = C f(D^T x). draws: numbers of a Philox stream, element i from block i.",
               scopes=gather(around.scope_cases), bias=around.bias_cases(generator), hash=around.hash_cases(generator),
               random=around.random_cases(), soft=gather(around.soft_cases), draws=list(around.draw_cases()))
