# SPDX-License-Identifier: Apache-2.0
"""Vectors of single ops, float64: the forward written from the formula, the backward by torch.autograd."""
import math

import torch

from golden_io import case, write_json


def randn(generator, *shape, scale=1.0):
    return (torch.randn(*shape, generator=generator, dtype=torch.float64) * scale).requires_grad_()


def differentiate(name, params, inputs, function, generator):
    """Runs `function(**inputs)` -> {name: tensor}, pulls random upstream gradients back to all floating inputs."""
    outputs = function(**inputs)
    upstream = {k: torch.randn(v.shape, generator=generator, dtype=torch.float64) for k, v in outputs.items()}
    leaves = {k: v for k, v in inputs.items() if v.is_floating_point() and v.requires_grad}
    total = sum((outputs[k] * upstream[k]).sum() for k in outputs)
    grads = torch.autograd.grad(total, list(leaves.values()))
    gradients = {f"d_{k}": v for k, v in upstream.items()}
    gradients.update({f"d_{k}": g for k, g in zip(leaves, grads)})
    return case(name, params, inputs, outputs, gradients)


def rms_norm(x, w, eps):
    return x / (x.pow(2).mean(-1, keepdim=True) + eps).sqrt() * w


def rotate(x, positions, theta):
    """Rotate-half rotary embedding of x[..., S, C] at positions[S]: pairs (i, i + C/2) turn by theta^(-2i/C)."""
    half = x.shape[-1] // 2
    frequency = theta ** (-torch.arange(half, dtype=torch.float64) * 2 / x.shape[-1])
    angle = positions.to(torch.float64)[:, None] * frequency
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()), -1)


def split_heads(qkv, batch, context, heads, kv_heads, head_dim):
    """qkv[T, (H+2G)C] -> q[B,H,S,C], k[B,G,S,C], v[B,G,S,C]."""
    rows = qkv.view(batch, context, heads + 2 * kv_heads, head_dim).transpose(1, 2)
    return rows[:, :heads], rows[:, heads:heads + kv_heads], rows[:, heads + kv_heads:]


def merge_heads(q, k, v):
    """The reverse of split_heads."""
    rows = torch.cat((q, k, v), 1).transpose(1, 2)
    return rows.reshape(rows.shape[0] * rows.shape[1], -1)


def causal_attention(q, k, v):
    """Softmax attention of q[B,H,S,C] over k, v[B,G,S,C]: query head h reads key head h // (H/G). Also its log-sum-exp."""
    repeat = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    future = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool).triu(1)
    scores = scores.masked_fill(future, -math.inf)
    lse = scores.logsumexp(-1)
    return (scores - lse[..., None]).exp() @ v, lse


def norm_cases(generator):
    cases = []
    for rows, width, scale in ((5, 8, 1.0), (3, 12, 1e-3), (2, 7, 30.0)):
        x, w = randn(generator, rows, width, scale=scale), randn(generator, width)
        cases.append(differentiate(f"{rows}x{width}", {"eps": 1e-5}, {"x": x, "w": w},
                                   lambda x, w: {"y": rms_norm(x, w, 1e-5)}, generator))
    write_json("rms_norm.json", "y = x / sqrt(mean(x^2) + eps) * w; x[T,D], w[D].", cases=cases)


ATTENTION_SHAPES = ((1, 5, 2, 2, 4), (2, 6, 4, 2, 6), (3, 4, 4, 1, 8))


def shape_params(shape):
    return dict(zip(("batch", "context", "heads", "kv_heads", "head_dim"), shape))


def rope_cases(generator):
    cases = []
    for shape, theta in zip(ATTENTION_SHAPES, (10000.0, 100.0, 1e6)):
        batch, context, heads, kv_heads, head_dim = shape

        def forward(qkv):
            q, k, v = split_heads(qkv, *shape)
            positions = torch.arange(context)
            return {"qkv_rotated": merge_heads(rotate(q, positions, theta), rotate(k, positions, theta), v)}

        qkv = randn(generator, batch * context, (heads + 2 * kv_heads) * head_dim)
        cases.append(differentiate("x".join(map(str, shape)), {**shape_params(shape), "theta": theta}, {"qkv": qkv},
                                   forward, generator))
    write_json("rope.json", "Rotate-half rotary positions on the q and k heads of qkv[T,(H+2G)C]; position of row t is "
               "t mod S, angle position * theta^(-2i/C), pair (i, i + C/2).", cases=cases)


def attention_cases(generator):
    cases = []
    for shape in ATTENTION_SHAPES:
        batch, context, heads, kv_heads, head_dim = shape
        qkv = randn(generator, batch * context, (heads + 2 * kv_heads) * head_dim)
        out, lse = causal_attention(*split_heads(qkv, *shape))
        flat = out.transpose(1, 2).reshape(batch * context, heads * head_dim)
        upstream = torch.randn(flat.shape, generator=generator, dtype=torch.float64)
        grad, = torch.autograd.grad((flat * upstream).sum(), [qkv])
        cases.append(case("x".join(map(str, shape)), shape_params(shape), {"qkv": qkv}, {"out": flat, "lse": lse},
                          {"d_out": upstream, "d_qkv": grad}))
    write_json("attention.json", "out = softmax(q k^T / sqrt(C), causal) v; qkv[T,(H+2G)C], out[T,H C], lse[B,H,S] "
               "(natural log). Query head h reads key/value head h // (H/G).", cases=cases)


def activation_cases(generator):
    def swiglu(x):
        gate, up = x.chunk(2, -1)
        return {"y": gate * torch.sigmoid(gate) * up}

    def gelu(x):
        return {"y": 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))}

    cases = [differentiate("swiglu", {"kind": "swiglu"}, {"x": randn(generator, 5, 12, scale=2.0)}, swiglu, generator),
             differentiate("relu", {"kind": "relu"}, {"x": randn(generator, 4, 7, scale=2.0)},
                           lambda x: {"y": x.clamp(min=0)}, generator),
             differentiate("gelu", {"kind": "gelu"}, {"x": randn(generator, 4, 7, scale=2.0)}, gelu, generator)]
    write_json("activation.json", "swiglu: y = silu(x[:, :F]) * x[:, F:], gate first; relu; gelu exact (erf).", cases=cases)


def loss_cases(generator):
    cases = []
    for rows, vocabulary, scale in ((6, 11, 1.0), (4, 5, 40.0)):
        logits = randn(generator, rows, vocabulary, scale=scale)
        targets = torch.randint(vocabulary, (rows,), generator=generator)
        loss = logits.logsumexp(-1) - logits.gather(1, targets[:, None])[:, 0]
        grad, = torch.autograd.grad(loss.mean(), [logits])
        cases.append(case(f"{rows}x{vocabulary}", {"scale": 1.0 / rows}, {"logits": logits, "targets": targets},
                          {"loss": loss, "mean_loss": loss.mean()}, {"d_logits": grad}))
    write_json("cross_entropy.json", "loss_t = logsumexp(logits_t) - logits_t[target_t] in nats; d_logits is the gradient "
               "of the mean over rows, scale = 1/T.", cases=cases)


def optimizer_vectors(generator):
    hyper = dict(beta1=0.9, beta2=0.95, eps=1e-8, weight_decay=0.1)
    w = torch.randn(3, 4, generator=generator, dtype=torch.float64)
    m, v = torch.zeros_like(w), torch.zeros_like(w)
    initial, steps = w.clone(), []
    for step, lr in enumerate((1e-2, 2e-2, 5e-3, 5e-3, 1e-3), start=1):
        g = torch.randn(3, 4, generator=generator, dtype=torch.float64) * 10.0 ** (2 - step)
        if step == 3:
            g = torch.zeros_like(g)  # an expert without tokens: decay and momentum go on
        m = hyper["beta1"] * m + (1 - hyper["beta1"]) * g
        v = hyper["beta2"] * v + (1 - hyper["beta2"]) * g * g
        m_hat, v_hat = m / (1 - hyper["beta1"] ** step), v / (1 - hyper["beta2"] ** step)
        w = w - lr * (m_hat / (v_hat.sqrt() + hyper["eps"]) + hyper["weight_decay"] * w)
        steps.append(case(f"step {step}", {"step": step, "lr": lr}, {"g": g}, {"w": w, "m": m, "v": v}))
    check_against_torch(initial, steps, hyper)
    write_json("adamw.json", "AdamW with decoupled decay: w -= lr * (m_hat / (sqrt(v_hat) + eps) + weight_decay * w).",
               params=hyper, initial=case("start", {}, {"w": initial}, {})["inputs"], steps=steps)

    clips = []
    for limit, scale in ((1.0, 3.0), (1.0, 0.01), (0.25, 1.0)):
        grads = [torch.randn(4, 3, generator=generator, dtype=torch.float64) * scale,
                 torch.randn(5, generator=generator, dtype=torch.float64) * scale]
        norm = torch.sqrt(sum((g * g).sum() for g in grads))
        factor = min(1.0, limit / norm.item())
        clips.append(case(f"limit {limit}", {"clip": limit}, {"a": grads[0], "b": grads[1]},
                          {"norm": norm, "scale": torch.tensor(factor, dtype=torch.float64)}))
    write_json("clip.json", "Global norm over all gradients; scale = min(1, clip / norm), nothing added to the norm.",
               cases=clips)


def check_against_torch(initial, steps, hyper):
    """The formula above and torch.optim.AdamW must tell the same story."""
    parameter = torch.nn.Parameter(initial.clone())
    optimizer = torch.optim.AdamW([parameter], betas=(hyper["beta1"], hyper["beta2"]), eps=hyper["eps"],
                                  weight_decay=hyper["weight_decay"])
    for entry in steps:
        optimizer.param_groups[0]["lr"] = entry["params"]["lr"]
        parameter.grad = torch.tensor(entry["inputs"]["g"]["data"], dtype=torch.float64).view(3, 4)
        optimizer.step()
        expected = torch.tensor(entry["outputs"]["w"]["data"], dtype=torch.float64).view(3, 4)
        torch.testing.assert_close(parameter.detach(), expected, rtol=1e-12, atol=1e-15)


def learning_rate(kind, step, lr, warmup, steps, min_ratio):
    """Rate of 0-based `step`: linear warm-up lr (step+1)/warmup, then `kind` down to lr * min_ratio at `steps`."""
    if step < warmup:
        return lr * (step + 1) / warmup
    if kind == "constant":
        return lr
    t = min(1.0, (step - warmup) / max(1, steps - warmup))
    if kind == "linear":
        return lr * (1 - (1 - min_ratio) * t)
    return lr * (min_ratio + (1 - min_ratio) * 0.5 * (1 + math.cos(math.pi * t)))


def schedule_vectors():
    curves = []
    for kind in ("constant", "linear", "cosine"):
        for warmup, steps in ((3, 10), (0, 6), (4, 4)):
            params = dict(kind=kind, lr=3e-3, warmup=warmup, steps=steps, min_ratio=0.1)
            values = [learning_rate(kind, s, 3e-3, warmup, steps, 0.1) for s in range(steps + 3)]
            curves.append({"params": params, "lr": values})
    write_json("schedules.json", "Rate of 0-based step s: lr (s+1)/warmup while s < warmup; then with "
               "t = min(1, (s - warmup)/(steps - warmup)): lr, lr (1 - (1-r) t), or lr (r + (1-r) (1 + cos(pi t))/2).",
               cases=curves)


def write_all(generator):
    norm_cases(generator)
    rope_cases(generator)
    attention_cases(generator)
    activation_cases(generator)
    loss_cases(generator)
    optimizer_vectors(generator)
    schedule_vectors()
