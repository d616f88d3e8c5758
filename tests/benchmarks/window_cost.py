#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the attached, painting window costs the training: steps of the same run with and without it, in turns.

usage: window_cost.py [--preset text-small] [--steps 300] [--rounds 3] [--bin build/release/bin] [--json]

Every round trains copies of one begun run, once with `moe-cli resume` alone and once in the studio, which shows the run in a window of 1366x768
(start it under an X server, such as `xvfb-run -a`, or with QT_QPA_PLATFORM=offscreen) and ends after the last step. Both runs use
all cores. The figure is the median of the step times that the engine itself recorded, without the first 20 and without
evaluations and probes, which both make alike. The machine should do nothing else.
"""
import argparse
import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGUN, SKIPPED = 10, 20  # steps before the copies are made, steps of a copy that are not counted


def speeds(store):
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        return [row[0] for row in db.execute("SELECT tokens_per_second FROM steps WHERE step > ? ORDER BY step", (BEGUN + SKIPPED,))]


def run(command, home):
    environment = {**os.environ, "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(pathlib.Path(home) / "config")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nfailed with exit code {done.returncode}: {done.stderr.strip()[-500:]}")


def measure(args, studio, begun):
    """Median tokens/s of a copy of the begun run, trained on."""
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        shutil.copytree(begun, home / "run")
        if studio:
            run([args.bin / "moe-studio", "--run", home / "run", "--after-steps", str(args.steps), "--size", "1366x768",
                 "--screenshot", home / "window.png"], home)
        else:
            run([args.bin / "moe-cli", "resume", home / "run", "--steps", str(BEGUN + args.steps), "--json"], home)
        values = speeds(home / "run" / "metrics.sqlite")
    if len(values) < args.steps - SKIPPED:
        sys.exit(f"the run recorded {len(values)} steps of {args.steps - SKIPPED}")
    return statistics.median(values)


def measure_in_turns(args, begun, alone, shown):
    for number in range(args.rounds):
        # The order changes, so that a machine that drifts favours neither.
        for studio in (False, True) if number % 2 == 0 else (True, False):
            (shown if studio else alone).append(measure(args, studio, begun))
        print(f"round {number + 1}: alone {alone[-1]:.0f}, shown {shown[-1]:.0f} tokens/s", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", default="text-small")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    alone, shown = [], []
    with tempfile.TemporaryDirectory() as folder:
        begun = pathlib.Path(folder) / "run"
        run([args.bin / "moe-cli", "train", "--preset", args.preset, "--steps", str(BEGUN), "--out", begun, "--json"], folder)
        measure_in_turns(args, begun, alone, shown)
    cost = 1 - statistics.median(shown) / statistics.median(alone)
    if args.json:
        print(json.dumps({"alone": alone, "shown": shown, "cost": cost}))
    else:
        print(f"alone {statistics.median(alone):.0f} tokens/s, shown {statistics.median(shown):.0f}: the window costs {100 * cost:.1f} %")


if __name__ == "__main__":
    main()
