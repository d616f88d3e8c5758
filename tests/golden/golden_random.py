# SPDX-License-Identifier: Apache-2.0
"""The engine's counter-based randomness written a second time, so that vectors can hold the very draws a router makes.

Philox4x32-10 (Salmon et al. 2011) on 32-bit words; key = seed, counter = (purpose | lane | step) and the index of the
block. Uniform numbers take 53 bits of the first two words; normal ones are Box-Muller of both halves.
"""
import math

import torch

PURPOSE = {"router_noise": 5, "router_choice": 6, "router_jitter": 10, "router_uniform": 11, "router_learned": 12,
           "random_routing": 13, "random_second": 14}
MASK = 0xFFFFFFFF


def philox(key, counter):
    """Four 32-bit words of a 64-bit key and a 128-bit counter."""
    key = [key & MASK, key >> 32 & MASK]
    c = [counter >> 32 * i & MASK for i in range(4)]
    for _ in range(10):
        low, high = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [high >> 32 ^ c[1] ^ key[0], high & MASK, low >> 32 ^ c[3] ^ key[1], low & MASK]
        key = [key[0] + 0x9E3779B9 & MASK, key[1] + 0xBB67AE85 & MASK]
    return c


# Known answers of the Random123 distribution (kat_vectors, philox4x32-10).
assert philox(0, 0) == [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]
assert philox(2 ** 64 - 1, 2 ** 128 - 1) == [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]


class Stream:
    """The numbers of one purpose in one step, layer and micro-batch."""

    def __init__(self, purpose, seed=0, step=0, layer=0, micro=0):
        self.key = seed
        self.high = PURPOSE[purpose] << 56 | (layer | micro << 16) << 32 | step

    def words(self, index):
        w = philox(self.key, self.high << 64 | index)
        return w[0] | w[1] << 32, w[2] | w[3] << 32

    def uniform(self, index):
        return (self.words(index)[0] >> 11) * 2.0 ** -53

    def normal(self, index):
        a, b = ((w >> 11) * 2.0 ** -53 for w in self.words(index))
        return math.sqrt(-2 * math.log(1 - a)) * math.cos(2 * math.pi * b)

    def below(self, index, n):
        return self.words(index)[0] * n >> 64

    def tensor(self, kind, *shape):
        """`kind` is "uniform" or "normal"; element i comes from block i."""
        draw = getattr(self, kind)
        return torch.tensor([draw(i) for i in range(math.prod(shape))], dtype=torch.float64).reshape(shape)
