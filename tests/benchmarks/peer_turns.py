#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training speed of moe-cli and of a PyTorch peer, measured in turns on the same machine.

usage: peer_turns.py PEER.py [--rounds 5] [--threads 2] [--moe-cli PATH] [--python PATH] [--preset text-small] [--json]

PEER.py trains the same shape in PyTorch and prints one line that starts with "<number> tokens/s"; it is called with
--threads, and with --bf16 and --compile in all four combinations, and the best of them is the one compared with. Every round
runs moe-cli and then each variant once, so that a machine that slows down or speeds up meets all of them alike;
the figures are medians over rounds. moe-cli is measured as `moe-cli bench --preset P --json`, and as `moe-cli train --json`,
which includes data, statistics and the run folder. The machine should do nothing else.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VARIANTS = {"fp32": [], "bf16": ["--bf16"], "fp32 compiled": ["--compile"], "bf16 compiled": ["--bf16", "--compile"]}


def output(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nfailed with exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def peer_speed(args, flags):
    environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads)}
    text = output([args.python, args.peer, "--threads", str(args.threads), "--steps", str(args.peer_steps), *flags], env=environment)
    found = re.search(r"^([0-9.]+) tokens/s", text, re.M)
    if not found:
        sys.exit(f"{args.peer} printed no line '<number> tokens/s': {text.strip()[-200:]}")
    return float(found[1])


def bench_speed(args):
    return float(json.loads(output([args.moe_cli, "bench", "--preset", args.preset, "--threads", str(args.threads), "--json"]))
                 ["tokens_per_second"])


def train_speed(args):
    """Median over the steps after the first five, from the program's own step times."""
    with tempfile.TemporaryDirectory() as folder:
        text = output([args.moe_cli, "train", "--preset", args.preset, "--steps", str(args.steps), "--threads", str(args.threads),
                       "--out", str(pathlib.Path(folder) / "run"), "--json"])
    steps = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    speeds = [s["tokens_per_second"] for s in steps if "loss" in s and "tokens_per_second" in s][5:]
    if not speeds:
        sys.exit("moe-cli train --json told no tokens_per_second")
    return statistics.median(speeds)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("peer", help="the PyTorch script")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=60, help="steps of moe-cli train")
    parser.add_argument("--peer-steps", type=int, default=40)
    parser.add_argument("--preset", default="text-small")
    parser.add_argument("--moe-cli", default=str(ROOT / "build" / "release" / "bin" / "moe-cli"))
    parser.add_argument("--python", default=sys.executable, help="an interpreter with PyTorch")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not shutil.which(args.moe_cli):
        sys.exit(f"{args.moe_cli} not found: run ./dev build, or give --moe-cli PATH")
    return args


def main():
    args = arguments()
    speeds = {"moe-cli bench": [], "moe-cli train": [], **{f"peer {name}": [] for name in VARIANTS}}
    for number in range(args.rounds):
        speeds["moe-cli bench"].append(bench_speed(args))
        speeds["moe-cli train"].append(train_speed(args))
        for name, flags in VARIANTS.items():
            speeds[f"peer {name}"].append(peer_speed(args, flags))
        print(f"round {number + 1} of {args.rounds}: " + ", ".join(f"{n} {v[-1]:.0f}" for n, v in speeds.items()), file=sys.stderr)
    median = {name: statistics.median(values) for name, values in speeds.items()}
    best = max((n for n in median if n.startswith("peer")), key=median.get)
    ratios = {name: median[name] / median[best] for name in ("moe-cli bench", "moe-cli train")}
    if args.json:
        print(json.dumps({"median_tokens_per_second": median, "all": speeds, "best_peer": best, "ratio": ratios}))
        return
    for name, value in median.items():
        low, high = min(speeds[name]), max(speeds[name])
        print(f"{name:20s} {value:8.0f} tokens/s  ({low:.0f} to {high:.0f} over {args.rounds} rounds)")
    for name, value in ratios.items():
        print(f"{name} / {best}: {value:.2f}x")


if __name__ == "__main__":
    main()
