#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time of a training step as the number of experts grows, everything else alike; measured in turns.

usage: expert_scaling.py [--experts 8 16 32 64] [--batch 64] [--rounds 3] [--seconds 4] [--preset text-small]
                         [--set KEY=VALUE] [--threads 2] [--moe-cli PATH] [--json]

With top-k fixed every token costs the same products whatever the number of experts; what grows is the router, the
parameters that are rounded, clipped and updated, and the number of small products. Every round runs
`moe-cli bench` once for each number of experts; the figures are medians over rounds, the ratio is to the first number.
The machine should do nothing else.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--experts", type=int, nargs="+", default=[8, 16, 32, 64])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="of steps timed in each run")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--preset", default="text-small")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of moe-cli bench")
    parser.add_argument("--moe-cli", default=str(ROOT / "build" / "release" / "bin" / "moe-cli"))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not shutil.which(args.moe_cli):
        sys.exit(f"{args.moe_cli} not found: run ./dev build, or give --moe-cli PATH")
    return args


def bench(args, experts):
    command = [args.moe_cli, "bench", "--preset", args.preset, "--threads", str(args.threads), "--seconds", str(args.seconds),
               "--json"]
    for setting in [f"model.experts={experts}", f"train.batch={args.batch}", *args.set]:
        command += ["--set", setting]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nfailed with exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def main():
    args = arguments()
    milliseconds = {experts: [] for experts in args.experts}
    parameters = {}
    for number in range(args.rounds):
        for experts, times in milliseconds.items():
            found = bench(args, experts)
            times.append(1e3 / found["steps_per_second"])
            parameters[experts] = found["parameters"]
        print(f"round {number + 1} of {args.rounds}: " + ", ".join(f"{e} {t[-1]:.1f} ms" for e, t in milliseconds.items()),
              file=sys.stderr)
    median = {experts: statistics.median(times) for experts, times in milliseconds.items()}
    ratio = {experts: value / median[args.experts[0]] for experts, value in median.items()}
    if args.json:
        print(json.dumps({"median_milliseconds": median, "all": milliseconds, "ratio": ratio, "parameters": parameters}))
        return
    print(f"experts  parameters   ms/step  (range)                x {args.experts[0]} experts")
    for experts, value in median.items():
        span = f"({min(milliseconds[experts]):.1f} to {max(milliseconds[experts]):.1f})"
        print(f"{experts:7d}  {parameters[experts]:10d}  {value:8.1f}  {span:21s}  {ratio[experts]:.3f}")


if __name__ == "__main__":
    main()
