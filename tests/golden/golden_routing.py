# SPDX-License-Identifier: Apache-2.0
"""Vectors of routing: softmax top-k with its gradients, balance and z-loss, one whole MoE layer, published figures."""
import math

import numpy as np
import torch

from golden_io import case, tensor, write_json
from golden_ops import differentiate, randn


def top_k(scores, k):
    """Ids of the k largest of each row, descending; a tie goes to the lower index."""
    return torch.sort(scores, dim=-1, descending=True, stable=True).indices[..., :k]


def choose(logits, k, renormalise):
    """ids[T,k] and weights[T,k]: softmax over all experts, the k best, renormalised only when k > 1."""
    probabilities = logits.softmax(-1)
    ids = top_k(logits.detach(), k)
    weights = probabilities.gather(-1, ids)
    if renormalise and k > 1:
        weights = weights / weights.sum(-1, keepdim=True)
    return ids, weights, probabilities


def expert_counts(ids, experts):
    return torch.bincount(ids.reshape(-1), minlength=experts)


def balance_loss(probabilities, counts, k):
    """E * sum_i f_i P_i, f_i = count_i / (T k) without gradient, P_i the mean probability. 1.0 is balanced."""
    tokens, experts = probabilities.shape
    return experts * (counts.to(probabilities.dtype) / (tokens * k) * probabilities.mean(0)).sum()


def z_loss(logits):
    return logits.logsumexp(-1).pow(2).mean()


def router_cases(generator):
    cases = []
    for tokens, experts, k, renormalise in ((6, 5, 2, True), (6, 5, 2, False), (7, 4, 1, True), (5, 4, 4, True), (5, 6, 3, False)):
        logits = randn(generator, tokens, experts)

        def forward(logits):
            return {"weights": choose(logits, k, renormalise)[1]}

        entry = differentiate(f"E{experts} k{k} {'renormalised' if renormalise else 'plain'}",
                              {"k": k, "renormalise": renormalise}, {"logits": logits}, forward, generator)
        ids, _, probabilities = choose(logits, k, renormalise)
        entry["outputs"]["ids"] = tensor(ids)
        entry["outputs"]["probabilities"] = tensor(probabilities)
        cases.append(entry)
    write_json("router_softmax_top_k.json", "p = softmax(logits) over all experts; ids = the k largest, descending, ties to "
               "the lower index; weights = p[ids], divided by their sum when renormalise and k > 1 (k = 1: the "
               "full-softmax probability). d_logits is exact, through the softmax and the division.", cases=cases)


def loss_cases(generator):
    cases = []
    for tokens, experts, k in ((6, 5, 2), (9, 4, 1), (4, 3, 3)):
        logits = randn(generator, tokens, experts, scale=2.0)
        counts = expert_counts(top_k(logits.detach(), k), experts)
        balance = balance_loss(logits.softmax(-1), counts, k)
        d_balance, = torch.autograd.grad(balance, [logits])
        z = z_loss(logits)
        d_z, = torch.autograd.grad(z, [logits])
        cases.append(case(f"T{tokens} E{experts} k{k}", {"k": k}, {"logits": logits, "counts": counts},
                          {"balance_loss": balance, "z_loss": z},
                          {"d_logits_of_balance_loss": d_balance, "d_logits_of_z_loss": d_z}))
    write_json("router_losses.json", "balance = E * sum_i f_i P_i with f_i = count_i/(T k) held constant and P_i = mean_t p_ti "
               "(1.0 = balanced); z = mean_t logsumexp(logits_t)^2. Both without coefficient.", cases=cases)


def moe_forward(x, gate, w1, w2, w3, k, renormalise):
    """y[T,D] of SwiGLU experts in Hugging Face layout, evaluated densely and then weighted: independent of any dispatch."""
    logits = x @ gate.T
    ids, weights, _ = choose(logits, k, renormalise)
    dense = torch.zeros_like(logits).scatter(-1, ids, weights)
    hidden_gate, hidden_up = torch.einsum("td,efd->tef", x, w1), torch.einsum("td,efd->tef", x, w3)
    hidden = hidden_gate * torch.sigmoid(hidden_gate) * hidden_up
    return torch.einsum("tef,edf,te->td", hidden, w2, dense), logits, ids


def layer_cases(generator):
    cases = []
    for tokens, width, hidden, experts, k, renormalise in ((7, 6, 5, 4, 2, True), (5, 4, 3, 3, 1, True), (6, 4, 5, 8, 2, False)):
        inputs = {"x": randn(generator, tokens, width), "gate": randn(generator, experts, width),
                  "w1": randn(generator, experts, hidden, width, scale=0.5),
                  "w2": randn(generator, experts, width, hidden, scale=0.5),
                  "w3": randn(generator, experts, hidden, width, scale=0.5)}
        entry = differentiate(f"E{experts} k{k}", {"k": k, "renormalise": renormalise}, inputs,
                              lambda **t: {"y": moe_forward(**t, k=k, renormalise=renormalise)[0]}, generator)
        ids = moe_forward(**inputs, k=k, renormalise=renormalise)[2]
        entry["outputs"]["ids"] = tensor(ids)
        entry["outputs"]["counts"] = tensor(expert_counts(ids, experts))
        cases.append(entry)
    write_json("moe_layer.json", "logits = x gate^T; y_t = sum over the chosen e of weight * w2_e(silu(w1_e x) * w3_e x); "
               "w1, w3 [E,F,D], w2 [E,D,F]; task gradient only, without balance or z-loss.", cases=cases)


def published_figures():
    """The figures of a worked example with T = E = 4, recomputed here in NumPy and compared to six decimals."""
    logits = np.array([[2, 1, 0, -1], [1.5, 2.5, .5, 0], [.2, .1, .3, 0], [3, -1, 1, 2]], dtype=np.float64)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    mean = p.mean(0)
    result = {"logits": tensor(logits), "mean_probability": tensor(mean), "z_loss": float((np.log(np.exp(logits).sum(1)) ** 2).mean())}
    np.testing.assert_allclose(mean, [.448597, .279011, .137528, .134865], atol=1e-6)
    np.testing.assert_allclose(result["z_loss"], 7.198646, atol=1e-6)
    for k, counts, balance in ((1, [2, 1, 1, 0], 1.313732), (2, [4, 2, 1, 1], 1.312400)):
        order = np.argsort(-logits, axis=1, kind="stable")[:, :k]
        found = np.bincount(order.reshape(-1), minlength=4)
        np.testing.assert_array_equal(found, counts)
        share = found / found.sum()
        value = 4 * float((share * mean).sum())
        np.testing.assert_allclose(value, balance, atol=1e-6)
        loads = {"counts": counts, "balance_loss": value, "balance_loss_hugging_face": k * value,
                 "max_violation": float(found.max() / found.mean() - 1), "cv": float(found.std() / found.mean()),
                 "entropy_share": float(-sum(s * math.log(s) for s in share if s > 0) / math.log(4))}
        result[f"k{k}"] = loads
    np.testing.assert_allclose([result["k2"][n] for n in ("max_violation", "cv", "entropy_share")], [1.0, .612372, .875], atol=1e-6)
    result["sigmoid_sequence_balance_k2"] = sigmoid_balance(logits)
    result["noisy_top_k"] = noisy_top_k(logits)
    write_json("routing_figures.json", "Worked example of routing statistics, T = E = 4. cv uses the population variance; "
               "entropy_share = entropy / ln E; max_violation = max/mean - 1.", **result)


def sigmoid_balance(logits):
    """Sequence-wise balance of sigmoid scores (DeepSeek-V3), k = 2, coefficient excluded."""
    s = 1 / (1 + np.exp(-logits))
    ids = np.argsort(-s, axis=1, kind="stable")[:, :2]
    f = np.bincount(ids.reshape(-1), minlength=4) * 4 / (2 * 4)
    value = float((f * (s / s.sum(1, keepdims=True)).mean(0)).sum())
    np.testing.assert_allclose(value, 1.088899, atol=1e-6)
    return value


def noisy_top_k(clean):
    """Noisy top-k gating of Shazeer et al. 2017, k = 2: importance, load, and their squared coefficients of variation."""
    sigma = np.array([[.5, .4, .3, .2], [.5] * 4, [.1, .2, .3, .4], [.25, .5, .75, 1]])
    noise = np.array([[.1, -.2, .3, .4], [-.5, .2, .1, 0], [1, -1, .5, -.5], [0, .3, -.3, .6]])
    noisy = clean + noise * sigma
    order = np.argsort(-noisy, axis=1, kind="stable")
    gates = np.zeros_like(noisy)
    threshold = np.zeros_like(noisy)
    for t in range(4):
        chosen = order[t, :2]
        weights = np.exp(noisy[t, chosen])
        gates[t, chosen] = weights / weights.sum()
        threshold[t] = noisy[t, order[t, 1]]
        threshold[t, chosen] = noisy[t, order[t, 2]]
    cdf = np.vectorize(lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2))))
    importance, load = gates.sum(0), cdf((clean - threshold) / sigma).sum(0)
    np.testing.assert_allclose(importance, [2.022967, 1.038291, .537430, .401312], atol=1e-6)
    np.testing.assert_allclose(load, [3.969867, 2.147154, .993127, 1.122549], atol=1e-6)
    cv = {n: float(v.var() / (v.mean() ** 2 + 1e-10)) for n, v in (("importance", importance), ("load", load))}
    np.testing.assert_allclose([cv["importance"], cv["load"]], [.405081, .334755], atol=1e-6)
    return {"k": 2, "sigma": tensor(sigma), "noise": tensor(noise), "importance": tensor(importance), "load": tensor(load),
            "cv_squared_importance": cv["importance"], "cv_squared_load": cv["load"]}


def write_all(generator):
    published_figures()
    router_cases(generator)
    loss_cases(generator)
    layer_cases(generator)
