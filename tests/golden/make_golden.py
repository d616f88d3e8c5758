#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/vectors with PyTorch, NumPy and transformers, none of which the engine uses.

usage: python3 make_golden.py        (needs: torch numpy transformers safetensors)
The output is deterministic for one version of PyTorch; the committed files are the reference, this script their origin.
"""
import torch

import golden_mixtral
import golden_ops
import golden_routers
import golden_routing


def main():
    torch.set_num_threads(1)
    for seed, module in ((11, golden_ops), (12, golden_routing), (13, golden_mixtral), (14, golden_routers)):
        module.write_all(torch.Generator().manual_seed(seed))


if __name__ == "__main__":
    main()
