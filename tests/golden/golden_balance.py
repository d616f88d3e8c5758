# SPDX-License-Identifier: Apache-2.0
"""Vectors of what lies around a router's choice: what balance is taken over, the bias step, hash tables, the draws."""
import numpy as np
import torch

from golden_io import tensor
from golden_ops import differentiate, randn
from golden_random import Stream
from golden_routing import balance_loss, expert_counts, top_k


def scope_cases(generator):
    """E * sum_i f_i P_i of one step's micro-batches, each weighing 1/M.

    micro_batch: f and P of that micro-batch. sequence: of each sequence by itself, then the mean. global_batch: f of all
    tokens of the step so far (Megatron-LM's global_aux_loss averages the accumulated counts), P of the micro-batch.
    """
    micros, batch, sequence, experts, k, coefficient = 3, 2, 5, 6, 2, 0.9
    inputs = [randn(generator, batch * sequence, experts) for _ in range(micros)]
    for scope in ("micro_batch", "sequence", "global_batch"):
        so_far, steps = torch.zeros(experts, dtype=torch.float64), []
        for m, x in enumerate(inputs):
            p, ids = x.softmax(-1), top_k(x.detach(), k)
            counts = expert_counts(ids, experts)
            so_far = so_far + counts
            if scope == "sequence":
                rows = torch.arange(len(x)).view(batch, sequence)
                value = torch.stack([balance_loss(p[r], expert_counts(ids[r], experts), k) for r in rows]).mean()
            else:
                value = balance_loss(p, so_far / (m + 1) if scope == "global_batch" else counts, k)
            d_x, = torch.autograd.grad(coefficient / micros * value, [x])
            steps.append({"x": tensor(x), "balance_loss": float(value.detach()), "d_x": tensor(d_x)})
        yield {"name": scope, "batch": batch, "micro_batches": steps, "loss_scale": 1 / micros,
               "settings": {"router.policy": "softmax_top_k", "router.top_k": k, "balance.scope": scope,
                            "balance.coefficient": coefficient}}


def bias_cases(generator):
    """Loss-free balance (Wang et al. 2024, 2408.15664, algorithm 1): b += u * sign(mean count - count) after each step."""
    bias, u, steps = np.zeros(6), 0.01, []
    for _ in range(4):
        counts = torch.randint(0, 9, (6,), generator=generator).numpy()
        counts[5] = 4
        counts[0] += (-counts.sum()) % 6  # a whole mean, which some expert meets exactly
        bias = bias + u * np.sign(counts.mean() - counts)
        steps.append({"counts": counts.tolist(), "bias": bias.tolist()})
    return [{"bias_step": u, "steps": steps}]


def hash_cases(generator):
    """Roller et al. 2021: most frequent id first, each to the least loaded expert; and a table of even draws."""
    vocabulary, experts, seed, layer = 40, 5, 9, 2
    frequency = (1000 / np.arange(1, vocabulary + 1) ** 1.1).round()
    frequency = frequency[torch.randperm(vocabulary, generator=generator).numpy()]
    load, table = [0.0] * experts, [0] * vocabulary
    for token in sorted(range(vocabulary), key=lambda v: (-frequency[v], v)):
        least = load.index(min(load))
        table[token] = least
        load[least] += frequency[token]
    stream = Stream("router_choice", seed=seed, layer=layer)
    return [{"kind": "balanced", "experts": experts, "seed": seed, "layer": layer, "frequency": frequency.tolist(), "table": table},
            {"kind": "random", "experts": experts, "seed": seed, "layer": layer, "frequency": frequency.tolist(),
             "table": [stream.below(v, experts) for v in range(vocabulary)]}]


def random_cases():
    """Uniform random routing: token t draws k of E without putting back, from blocks t (k + 1) + 1 and on."""
    tokens, experts, k, place = 9, 6, 3, dict(seed=21, step=7, layer=4, micro=2)
    stream, ids = Stream("router_choice", **place), []
    for t in range(tokens):
        free = list(range(experts))
        ids.append([free.pop(stream.below(t * (k + 1) + 1 + j, experts - j)) for j in range(k)])
    return [{"experts": experts, "k": k, **place, "ids": tensor(torch.tensor(ids))}]


def soft_cases(generator):
    """Puigcerver et al. 2023 (2308.00951), algorithm 1, on sequences of their own, with SwiGLU experts."""
    def forward(x, slots, scale, w1, w2, w3, batch):
        experts, width = w1.shape[0], x.shape[-1]
        rows = x.view(batch, -1, width)
        unit = rows / rows.norm(dim=-1, keepdim=True)
        logits = scale * unit @ (slots / slots.norm(dim=-1, keepdim=True)).T
        dispatch, combine = logits.softmax(1), logits.softmax(2)
        inputs = torch.einsum("btm,btd->bmd", dispatch, rows).view(batch, experts, -1, width)
        gate, up = torch.einsum("bepd,efd->bepf", inputs, w1), torch.einsum("bepd,efd->bepf", inputs, w3)
        outputs = torch.einsum("bepf,edf->bepd", torch.nn.functional.silu(gate) * up, w2).reshape(batch, -1, width)
        return {"y": torch.einsum("btm,bmd->btd", combine, outputs).reshape(x.shape)}

    for batch, each, width, hidden, experts, per_expert in ((2, 5, 4, 3, 3, 1), (1, 6, 4, 3, 2, 3)):
        inputs = {"x": randn(generator, batch * each, width), "slots": randn(generator, experts * per_expert, width),
                  "scale": torch.tensor([1.4], dtype=torch.float64, requires_grad=True),
                  "w1": randn(generator, experts, hidden, width), "w2": randn(generator, experts, width, hidden),
                  "w3": randn(generator, experts, hidden, width)}
        yield differentiate(f"{experts} experts of {per_expert} slots", {"batch": batch, "slots": per_expert}, inputs,
                            lambda **t: forward(**t, batch=batch), generator)


def draw_cases():
    for purpose, place in (("router_learned", dict(seed=77, step=5, layer=3, micro=0)),
                           ("router_noise", dict(seed=2 ** 63 + 5, step=2 ** 31 + 1, layer=17, micro=200))):
        stream = Stream(purpose, **place)
        # As text: a JSON number would round a 64-bit seed in some readers.
        yield {"purpose": stream.high >> 56, **place, "seed": str(place["seed"]),
               "uniform": [stream.uniform(i) for i in range(20)], "normal": [stream.normal(i) for i in range(20)],
               "below_7": [stream.below(i, 7) for i in range(20)]}
