#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does every text preset learn? Loss at the start and after some steps, on the generated corpus and on a folder of text.

usage: preset_learning.py [--moe-cli PATH] [--data FOLDER] [--steps 300] [--presets switch gshard ...] [--threads 0]

tests/golden/make_real_corpus.sh makes a folder. "start" is the loss of the first step, "end" the mean of the last ten;
held-out loss (moe-cli eval) stands beside that of a model that knows only how often each token occurs. Exit code 1
when a loss is not finite, or the held-out loss is not below that. text-base, minutes per step on a CPU, must be asked for.
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def text_presets():
    folder = ROOT / "resources/presets"
    plane = {p.stem for p in folder.glob("*.json") if json.loads(p.read_text())["settings"].get("data.task") == "plane"}
    return sorted(p.stem for p in folder.glob("*.json") if p.stem not in plane | {"text-base"})


def measure(args, preset, data, folder):
    run = pathlib.Path(folder) / f"{preset}-{'text' if data else 'embedded'}"
    command = [args.moe_cli, "train", "--preset", preset, "--steps", str(args.steps), "--seed", "1", "--threads", str(args.threads),
               "--json", "--out", str(run), *(["--data", data] if data else [])]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{preset}: {done.stderr.strip()}")
    losses = [step["loss"] for step in map(json.loads, done.stdout.splitlines())]
    found = json.loads(subprocess.run([args.moe_cli, "eval", str(run), "--json", "--threads", str(args.threads)],
                                      check=True, capture_output=True, text=True).stdout)
    unigram = statistics.fmean(d["unigram_loss"] for d in found["domains"])
    finite = all(isinstance(loss, float) and math.isfinite(loss) for loss in losses) and len(losses) == args.steps
    return {"start": losses[0], "end": statistics.fmean(losses[-10:]), "held_out": found["loss"], "unigram": unigram,
            "learns": finite and found["loss"] < unigram}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moe-cli", default=str(ROOT / "build/release/bin/moe-cli"))
    parser.add_argument("--data")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--presets", nargs="+", default=text_presets())
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    good = True
    print("| preset | text | first step | last ten | held out | frequencies alone |\n|---|---|---|---|---|---|")
    for preset in args.presets:
        for data in [None, *([args.data] if args.data else [])]:
            with tempfile.TemporaryDirectory() as folder:
                row = measure(args, preset, data, folder)
            good = good and row["learns"]
            print(f"| `{preset}` | {'real' if data else 'embedded'} | {row['start']:.3f} | {row['end']:.3f} | {row['held_out']:.3f} | "
                  f"{row['unigram']:.3f} |{'' if row['learns'] else ' does not learn'}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
