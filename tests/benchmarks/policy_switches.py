#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Switches between every ordered pair of router policies through the command line and looks for a loss that is not finite.

usage: policy_switches.py [--moe-cli PATH] [--steps 20] [--at 10] [--threads 0]

Preset text-tiny with noise, capacity and losses on, so that whatever a policy reads is in play. A policy that is refused where
the next token is predicted (soft_moe) must be refused before a step is trained, with its reason. The table gives the
largest step-to-step rise of the loss around each switch; exit code 1 when a run fails or a loss is not finite.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUSY = ["router.noise=0.1", "router.jitter=0.01", "capacity.factor=1.25", "balance.importance=0.01", "balance.load=0.01",
        "router.z_coefficient=0.001", "optim.warmup=0"]


def policies(program):
    knobs = json.loads(subprocess.run([program, "knobs", "--json"], check=True, capture_output=True, text=True).stdout)
    rows = knobs["knobs"] if isinstance(knobs, dict) else knobs
    return next(k["choices"] for k in rows if k["key"] == "router.policy")


def switch(args, before, after, folder):
    command = [args.moe_cli, "train", "--preset", "text-tiny", "--json", "--steps", str(args.steps), "--threads", str(args.threads),
               "--seed", "1", "--out", str(pathlib.Path(folder) / f"{before}-{after}"), "--set", f"router.policy={before}",
               "--at", str(args.at), f"router.policy={after}"]
    for setting in BUSY:
        command += ["--set", setting]
    return subprocess.run(command, capture_output=True, text=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moe-cli", default=str(ROOT / "build/release/bin/moe-cli"))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--at", type=int, default=10)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    names, trained, refused, wrong, rises = policies(args.moe_cli), 0, 0, [], []
    with tempfile.TemporaryDirectory() as folder:
        for before in names:
            for after in names:
                if before == after:
                    continue
                done = switch(args, before, after, folder)
                if "soft_moe" in (before, after):
                    if done.returncode == 0 or done.stdout or "Soft MoE" not in done.stderr:
                        wrong.append(f"{before} → {after}: not refused: {done.stderr.strip()}")
                    refused += 1
                    continue
                steps = [json.loads(line) for line in done.stdout.splitlines()]
                losses = [s["loss"] for s in steps]
                if done.returncode or len(losses) != args.steps or not all(isinstance(x, float) and math.isfinite(x) for x in losses):
                    wrong.append(f"{before} → {after}: exit code {done.returncode}, {losses[-3:]}, {done.stderr.strip()[-200:]}")
                    continue
                trained += 1
                rises.append((max(b - a for a, b in zip(losses[args.at - 1:], losses[args.at:])), before, after))
    print(f"{len(names)} policies: {trained} switches trained with finite loss, {refused} refused, {len(wrong)} wrong")
    for rise, before, after in sorted(rises, reverse=True)[:5]:
        print(f"largest rise of the loss in one step after the switch: {rise:+.3f}  {before} → {after}")
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
