#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collapsed routing and what brings it back: load CV and dead experts of preset text-collapse, several seeds, as a picture.

usage: remedies.py [--moe-cli PATH] [--seeds 3] [--steps 900] [--at 300] [--threads 0] [--runs FOLDER] [--json FILE] [--pictures]

Every arm trains without balance until step --at, when its remedy is switched on in the running model (moe-cli train --at).
`bias` additionally trains a sigmoid router from the first step with and without the loss-free bias and compares held-out
loss (moe-cli eval) and the global MaxVio of counts summed over 50 steps. --runs keeps the runs and their steps, and a
second call reads them again instead of training. --pictures writes resources/pictures/remedies-{light,dark}.svg.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import line_chart

ROOT = pathlib.Path(__file__).resolve().parents[2]
WINDOW = 50  # steps over which counts are summed
PRESET = ["--preset", "text-collapse"]
ARMS = {
    "no balance": [],
    "auxiliary loss": ["balance.coefficient=0.05"],
    "loss-free bias": ["router.policy=sigmoid_top_k", "balance.bias_step=0.003"],
    "noise": ["router.noise=1"],
    "revive": ["remedy.revive_after=25"],
}
BIAS = {
    "sigmoid, no balance": ["--set", "router.policy=sigmoid_top_k", "--set", "balance.bias_step=0"],
    "sigmoid, loss-free bias": ["--set", "router.policy=sigmoid_top_k", "--set", "balance.bias_step=0.003"],
}


def train(args, folder, options, seed):
    """The steps of one run and its held-out loss."""
    log = folder / "steps.jsonl"
    if not log.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [args.moe_cli, "train", *PRESET, "--json", "--steps", str(args.steps), "--seed", str(seed),
                   "--threads", str(args.threads), "--out", str(folder / "run"), *options]
        part = folder / "steps.part"
        with part.open("w") as out:
            subprocess.run(command, check=True, stdout=out, stderr=subprocess.DEVNULL)
        part.rename(log)
    steps = [json.loads(line) for line in log.read_text().splitlines()]
    evaluation = folder / "eval.json"
    if not evaluation.exists():
        found = subprocess.run([args.moe_cli, "eval", str(folder / "run"), "--windows", "64", "--json", "--threads", str(args.threads)],
                               check=True, capture_output=True, text=True).stdout
        evaluation.write_text(found)
    return steps, json.loads(evaluation.read_text())["loss"]


def windows(steps):
    """Per window of 50 steps: last step, load CV and MaxVio of the summed counts (worst layer), dead experts of all layers.

    Dead: below 5 % of the fair share of the window, as the engine defines it; a window holds thousands of tokens, so its
    statistical bound is met.
    """
    rows = []
    for begin in range(0, len(steps) - WINDOW + 1, WINDOW):
        chunk = steps[begin:begin + WINDOW]
        layers = [[sum(column) for column in zip(*(s["load"][l] for s in chunk))] for l in range(len(chunk[0]["load"]))]
        mean = [statistics.fmean(counts) for counts in layers]
        rows.append({"step": chunk[-1]["step"],
                     "cv": max(statistics.pstdev(counts) / m for counts, m in zip(layers, mean)),
                     "max_violation": max(max(counts) / m - 1 for counts, m in zip(layers, mean)),
                     "dead": sum(c < 0.05 * m for counts, m in zip(layers, mean) for c in counts)})
    return rows


def series(runs, key):
    """(x, low, middle, high) over seeds."""
    columns = list(zip(*([row[key] for row in rows] for rows in runs)))
    return [r["step"] for r in runs[0]], [min(c) for c in columns], [statistics.median(c) for c in columns], [max(c) for c in columns]


def spread(values):
    return f"{statistics.fmean(values):.4f} ({min(values):.4f} – {max(values):.4f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moe-cli", default=str(ROOT / "build/release/bin/moe-cli"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--at", type=int, default=300)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--runs", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--pictures", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.runs or pathlib.Path(temporary)
        found = {}
        jobs = {name: [o for edit in edits for o in ("--at", str(args.at), edit)] for name, edits in ARMS.items()} | BIAS
        for name, options in jobs.items():
            runs = [train(args, folder / f"{name.replace(' ', '-').replace(',', '')}-{seed}", options, seed)
                    for seed in range(1, args.seeds + 1)]
            rows = [windows(steps) for steps, _ in runs]
            found[name] = {"windows": rows, "held_out": [loss for _, loss in runs]}
            last = [r[-1] for r in rows]
            print(f"{name:<24} held-out {spread(found[name]['held_out'])}  last window: CV {spread([r['cv'] for r in last])}  "
                  f"MaxVio {spread([r['max_violation'] for r in last])}  dead {[r['dead'] for r in last]}", flush=True)
    before = [[r for r in rows if r["step"] <= args.at][-1] for name in ARMS for rows in found[name]["windows"]]
    print(f"all arms at step {args.at}: CV {spread([r['cv'] for r in before])}  dead {sorted(r['dead'] for r in before)}")
    if args.json:
        args.json.write_text(json.dumps(found) + "\n")
    if args.pictures:
        for theme in line_chart.THEMES:
            curves = {key: [(name, *series(found[name]["windows"], key)) for name in ARMS] for key in ("cv", "dead")}
            top = max(max(high) for *_, high in curves["cv"])
            panels = [line_chart.Panel("Load CV, worst layer", f"median of {args.seeds} seeds, band = all of them; counts of {WINDOW} steps",
                                       curves["cv"], [0, 0.5, 1, 1.5, 2, 2.5], top, [(args.at, "remedy switched on")]),
                      line_chart.Panel("Dead experts of 16", "below 5 % of the fair share", curves["dead"], [0, 4, 8, 12, 16], 16,
                                       [(args.at, "")])]
            ticks = list(range(0, args.steps + 1, args.steps // 6))
            picture = line_chart.draw(panels, theme, ticks, "step")
            (ROOT / f"resources/pictures/remedies-{theme}.svg").write_text(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
