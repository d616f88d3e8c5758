# SPDX-License-Identifier: Apache-2.0
"""A whole tiny Mixtral in float64, written from the formulas with torch.autograd: ten AdamW steps and all gradients."""
import json

import torch
from safetensors.torch import save_file

from golden_io import VECTORS, tensor, write_json
from golden_ops import causal_attention, learning_rate, rms_norm, rotate, split_heads
from golden_routing import balance_loss, expert_counts, moe_forward, z_loss

MODEL = dict(layers=2, width=16, heads=4, kv_heads=2, experts=4, expert_width=24, top_k=2, vocabulary=31, context=8,
             rope_theta=10000.0, norm_eps=1e-5)
TRAIN = dict(batch=3, steps=10, lr=1e-2, schedule="cosine", warmup=3, min_lr_ratio=0.1, beta1=0.9, beta2=0.95, eps=1e-8,
             weight_decay=0.1, clip=1.0, balance_coefficient=0.02, z_coefficient=0.001)


def parameters(generator):
    """Names, shapes and start values in Hugging Face Mixtral form; values are rounded to float32 so that a float32 file
    holds them exactly. The scale is large enough that routing is far from ties."""
    m, head = MODEL, MODEL["width"] // MODEL["heads"]
    shapes = {"model.embed_tokens.weight": (m["vocabulary"], m["width"])}
    for layer in range(m["layers"]):
        prefix = f"model.layers.{layer}."
        shapes[prefix + "input_layernorm.weight"] = (m["width"],)
        for name, heads in (("q", m["heads"]), ("k", m["kv_heads"]), ("v", m["kv_heads"])):
            shapes[f"{prefix}self_attn.{name}_proj.weight"] = (heads * head, m["width"])
        shapes[prefix + "self_attn.o_proj.weight"] = (m["width"], m["heads"] * head)
        shapes[prefix + "post_attention_layernorm.weight"] = (m["width"],)
        shapes[prefix + "block_sparse_moe.gate.weight"] = (m["experts"], m["width"])
        for expert in range(m["experts"]):
            for name in ("w1", "w2", "w3"):
                shape = (m["expert_width"], m["width"])
                shapes[f"{prefix}block_sparse_moe.experts.{expert}.{name}.weight"] = shape[::-1] if name == "w2" else shape
    shapes["model.norm.weight"] = (m["width"],)
    shapes["lm_head.weight"] = (m["vocabulary"], m["width"])
    values = {}
    for name, shape in shapes.items():
        noise = torch.randn(*shape, generator=generator, dtype=torch.float64)
        value = 1 + 0.1 * noise if len(shape) == 1 else (0.5 if "gate" in name else 0.15) * noise
        values[name] = value.to(torch.float32).to(torch.float64).requires_grad_()
    return values


def forward(p, inputs):
    """logits[T,V] and per layer (router logits[T,E], ids[T,K]) of inputs[B,S]."""
    m = MODEL
    batch, context = inputs.shape
    head = m["width"] // m["heads"]
    h, routing = p["model.embed_tokens.weight"][inputs.reshape(-1)], []
    positions = torch.arange(context)
    for layer in range(m["layers"]):
        at = f"model.layers.{layer}."
        x = rms_norm(h, p[at + "input_layernorm.weight"], m["norm_eps"])
        qkv = torch.cat([x @ p[f"{at}self_attn.{n}_proj.weight"].T for n in "qkv"], -1)
        q, k, v = split_heads(qkv, batch, context, m["heads"], m["kv_heads"], head)
        out, _ = causal_attention(rotate(q, positions, m["rope_theta"]), rotate(k, positions, m["rope_theta"]), v)
        h = h + out.transpose(1, 2).reshape(batch * context, -1) @ p[at + "self_attn.o_proj.weight"].T
        x = rms_norm(h, p[at + "post_attention_layernorm.weight"], m["norm_eps"])
        experts = [torch.stack([p[f"{at}block_sparse_moe.experts.{e}.{n}.weight"] for e in range(m["experts"])])
                   for n in ("w1", "w2", "w3")]
        y, logits, ids = moe_forward(x, p[at + "block_sparse_moe.gate.weight"], *experts, k=m["top_k"], renormalise=True)
        h = h + y
        routing.append((logits, ids))
    return rms_norm(h, p["model.norm.weight"], m["norm_eps"]) @ p["lm_head.weight"].T, routing


def losses(p, inputs, targets):
    """Task loss (mean nats per token), and per layer balance and z-loss without their coefficients."""
    logits, routing = forward(p, inputs)
    flat = targets.reshape(-1)
    task = (logits.logsumexp(-1) - logits.gather(1, flat[:, None])[:, 0]).mean()
    balance = [balance_loss(s.softmax(-1), expert_counts(ids, MODEL["experts"]), MODEL["top_k"]) for s, ids in routing]
    return task, balance, [z_loss(s) for s, _ in routing], routing


def top_k_margin(routing):
    """Smallest distance between the k-th and the next logit: the vectors must not hang on rounding."""
    margins = []
    for logits, _ in routing:
        ranked = logits.detach().sort(-1, descending=True).values
        margins.append((ranked[:, MODEL["top_k"] - 1] - ranked[:, MODEL["top_k"]]).min().item())
    return min(margins)


def adamw(p, grads, state, step):
    """One AdamW step; decay on every matrix (embedding and head too), none on norm weights."""
    t = TRAIN
    lr = learning_rate(t["schedule"], step, t["lr"], t["warmup"], t["steps"], t["min_lr_ratio"])
    norm = torch.sqrt(sum((g * g).sum() for g in grads.values()))
    scale = min(1.0, t["clip"] / norm.item())
    with torch.no_grad():
        for name, w in p.items():
            g = grads[name] * scale
            m, v = state.setdefault(name, (torch.zeros_like(g), torch.zeros_like(g)))
            m = t["beta1"] * m + (1 - t["beta1"]) * g
            v = t["beta2"] * v + (1 - t["beta2"]) * g * g
            state[name] = (m, v)
            m_hat, v_hat = m / (1 - t["beta1"] ** (step + 1)), v / (1 - t["beta2"] ** (step + 1))
            decay = t["weight_decay"] if w.dim() > 1 else 0.0
            w -= lr * (m_hat / (v_hat.sqrt() + t["eps"]) + decay * w)
    return lr, norm.item()


def hugging_face_config():
    m = MODEL
    return {"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "vocab_size": m["vocabulary"],
            "hidden_size": m["width"], "intermediate_size": m["expert_width"], "num_hidden_layers": m["layers"],
            "num_attention_heads": m["heads"], "num_key_value_heads": m["kv_heads"], "head_dim": m["width"] // m["heads"],
            "hidden_act": "silu", "max_position_embeddings": m["context"], "rms_norm_eps": m["norm_eps"],
            "rope_theta": m["rope_theta"], "rope_parameters": {"rope_theta": m["rope_theta"], "rope_type": "default"},
            "num_local_experts": m["experts"], "num_experts_per_tok": m["top_k"], "tie_word_embeddings": False,
            "sliding_window": None, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32"}


def check_against_transformers(folder, p, inputs):
    """The third opinion: the very files, opened by transformers, give the same logits in float64."""
    from transformers import MixtralForCausalLM
    model = MixtralForCausalLM.from_pretrained(folder, attn_implementation="eager", experts_implementation="eager",
                                                dtype=torch.float64)
    model.eval()
    with torch.no_grad():
        theirs = model(inputs).logits.reshape(-1, MODEL["vocabulary"])
    difference = (theirs - forward(p, inputs)[0]).abs().max().item()
    # transformers keeps the norm and the router softmax in float32 whatever the model's type.
    assert difference < 2e-6, f"transformers disagrees by {difference}"
    print(f"          transformers agrees within {difference:.1e}")


def write_all(generator):
    p = parameters(generator)
    folder = VECTORS / "mixtral_tiny"
    folder.mkdir(parents=True, exist_ok=True)
    start = {n: w.detach().to(torch.float32).contiguous() for n, w in p.items()}
    save_file(start, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(hugging_face_config(), indent=1) + "\n")

    # Each row walks the vocabulary with its own stride, so there is something to learn.
    batches = []
    for _ in range(TRAIN["steps"]):
        first = torch.randint(MODEL["vocabulary"], (TRAIN["batch"], 1), generator=generator)
        stride = torch.randint(1, 4, (TRAIN["batch"], 1), generator=generator)
        batches.append((first + stride * torch.arange(MODEL["context"] + 1)) % MODEL["vocabulary"])
    check_against_transformers(folder, p, batches[0][:, :-1])

    state, steps, margin = {}, [], float("inf")
    for step, tokens in enumerate(batches):
        inputs, targets = tokens[:, :-1], tokens[:, 1:]
        task, balance, z, routing = losses(p, inputs, targets)
        total = task + TRAIN["balance_coefficient"] * sum(balance) + TRAIN["z_coefficient"] * sum(z)
        grads = dict(zip(p, torch.autograd.grad(total, list(p.values()))))
        margin = min(margin, top_k_margin(routing))
        if step == 0:
            save_file({n: g.contiguous() for n, g in grads.items()}, folder / "gradients_step_1.safetensors")
            first_logits, first_routing = forward(p, inputs)
            first = {"logits": tensor(first_logits), "router_logits": [tensor(s) for s, _ in first_routing],
                     "ids": [tensor(i) for _, i in first_routing]}
        lr, norm = adamw(p, grads, state, step)
        steps.append({"loss": task.item(), "balance_loss": [b.item() for b in balance], "z_loss": [v.item() for v in z],
                      "grad_norm": norm, "lr": lr, "load": [expert_counts(i, MODEL["experts"]).tolist() for _, i in routing]})
    assert margin > 1e-4, f"routing hangs on a margin of {margin}; choose another seed"
    final = {n: w.detach().contiguous() for n, w in p.items()}
    save_file(final, folder / "parameters_step_10.safetensors")
    write_json("mixtral_tiny/run.json", "Ten steps of a tiny Mixtral in float64; see ../README.md.", model=MODEL, train=TRAIN,
               tokens=[tensor(b) for b in batches], first=first, steps=steps, smallest_top_k_margin=margin)
    for name in sorted(folder.glob("*.safetensors")):
        print(f"{name.stat().st_size:8d}  mixtral_tiny/{name.name}")
