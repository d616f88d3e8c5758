#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collapsed routing and what brings it back: load CV and dead experts over the steps, several seeds, as a picture.

usage: remedies.py [--moe-cli PATH] [--seeds 3] [--steps 2000] [--at 500] [--threads 0] [--runs FOLDER] [--json FILE] [--pictures]

Preset text-collapse with narrow experts (SETUP: so narrow that a lost expert is missed) and a sigmoid router, which every
remedy works on. Each arm trains without balance until step --at, when its remedy is switched on in the running model
(moe-cli train --at); the last arm has the loss-free bias from the first step, to compare held-out loss (moe-cli eval)
with no balance at all. --runs keeps the runs and their steps, and a second call reads them again instead of training.
--pictures writes resources/pictures/remedies-{light,dark}.svg.
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
LONG = 200  # the last steps, for the global MaxVio
SETUP = ["model.expert_width=32", "train.batch=16", "optim.lr=0.005", "router.policy=sigmoid_top_k", "train.eval_every=0",
         "train.probe_every=0", "train.checkpoint_every=0"]
ARMS = {
    "no balance": None,
    "auxiliary loss": "balance.coefficient=0.05",
    "loss-free bias": "balance.bias_step=0.001",
    "noise": "router.noise=6",
    "revive": "remedy.revive_after=25",
}
FROM_START = "bias from the start"


def options_of(name, at):
    settings = [*SETUP, "balance.bias_step=" + ("0.001" if name == FROM_START else "0")]
    options = [o for setting in settings for o in ("--set", setting)]
    edit = ARMS.get(name)
    return options + (["--at", str(at), edit] if edit else [])


def train(args, folder, options, seed):
    """The steps of one run and its held-out loss."""
    log = folder / "steps.jsonl"
    if not log.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [args.moe_cli, "train", "--preset", "text-collapse", "--json", "--steps", str(args.steps), "--seed", str(seed),
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


def windows(steps, length=WINDOW):
    """Per window of so many steps: last step, load CV and MaxVio of the summed counts (worst layer), dead experts of all layers.

    Dead: below 5 % of the fair share of the window, as the engine defines it; a window holds thousands of tokens, so its
    statistical bound is met.
    """
    rows = []
    for begin in range(len(steps) % length, len(steps), length):
        chunk = steps[begin:begin + length]
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


def curves(found, key, at):
    """Series of all arms; the remedies' begin where they leave the first one."""
    out = []
    for name, edit in ARMS.items():
        columns = series(found[name]["windows"], key)
        first = columns[0].index(at) if edit else 0
        out.append((name, *(column[first:] for column in columns)))
    return out


def spread(values):
    return f"{statistics.fmean(values):.4f} ({min(values):.4f} – {max(values):.4f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moe-cli", default=str(ROOT / "build/release/bin/moe-cli"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--at", type=int, default=500)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--runs", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--pictures", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.runs or pathlib.Path(temporary)
        found = {}
        for name in [*ARMS, FROM_START]:
            runs = [train(args, folder / f"{name.replace(' ', '-')}-{seed}", options_of(name, args.at), seed)
                    for seed in range(1, args.seeds + 1)]
            rows = [windows(steps) for steps, _ in runs]
            last = [windows(steps[-LONG:], LONG)[0] for steps, _ in runs]
            found[name] = {"windows": rows, "held_out": [loss for _, loss in runs], f"last_{LONG}": last}
            print(f"{name:<20} held-out {spread(found[name]['held_out'])}; last {LONG} steps: CV {spread([r['cv'] for r in last])}, "
                  f"MaxVio {spread([r['max_violation'] for r in last])}, dead {[r['dead'] for r in last]}; "
                  f"MaxVio of the last {WINDOW}: {spread([r[-1]['max_violation'] for r in rows])}", flush=True)
        gains = [a - b for a, b in zip(found["no balance"]["held_out"], found[FROM_START]["held_out"])]
        print(f"held-out loss saved by the bias from the start, seed by seed: {[round(g, 4) for g in gains]}")
    before = [[r for r in rows if r["step"] <= args.at][-1] for rows in found["no balance"]["windows"]]
    print(f"at step {args.at}: CV {spread([r['cv'] for r in before])}  dead {sorted(r['dead'] for r in before)}")
    if args.json:
        args.json.write_text(json.dumps(found) + "\n")
    if args.pictures:
        for theme in line_chart.THEMES:
            panels = [line_chart.Panel("Load CV, worst layer", f"median of {args.seeds} seeds, band = all of them; counts of {WINDOW} steps",
                                       curves(found, "cv", args.at), [0, 0.5, 1, 1.5, 2, 2.5], [(args.at, "remedy switched on")]),
                      line_chart.Panel("Dead experts of 16", "below 5 % of the fair share", curves(found, "dead", args.at),
                                       [0, 4, 8, 12, 16], [(args.at, "")], ".0f")]
            ticks = list(range(0, args.steps + 1, args.steps // 4))
            picture = line_chart.draw(panels, theme, ticks, "step")
            (ROOT / f"resources/pictures/remedies-{theme}.svg").write_text(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
