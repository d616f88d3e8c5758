# SPDX-License-Identifier: Apache-2.0
"""Writes vectors: JSON with full double precision, and safetensors files."""
import json
import pathlib

import torch

VECTORS = pathlib.Path(__file__).resolve().parent / "vectors"


def tensor(value):
    """A tensor as {"shape", "data"}; data is row-major, doubles with 17 significant digits, or integers."""
    value = torch.as_tensor(value).detach()
    return {"shape": list(value.shape), "data": value.reshape(-1).tolist()}


def case(name, params, inputs, outputs, gradients=None):
    """One case of an op: everything a test needs, in the same words for every op.

    `gradients` holds the upstream gradient under "d_<output>" and the results under "d_<input>".
    """
    entry = {"name": name, "params": params}
    for key, tensors in (("inputs", inputs), ("outputs", outputs), ("gradients", gradients or {})):
        entry[key] = {k: tensor(v) for k, v in tensors.items()}
    return entry


def write_json(name, about, **content):
    """One file of vectors; `about` is the formula, so that the file explains itself."""
    VECTORS.mkdir(exist_ok=True)
    path = VECTORS / name
    path.write_text(json.dumps({"about": about, **content}, separators=(",", ":"), allow_nan=False) + "\n")
    print(f"{path.stat().st_size:8d}  {name}")
