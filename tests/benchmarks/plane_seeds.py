#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every plane preset from several seeds: held-out accuracy (or R²), when it first passed the goal, step rate, who owns what.

usage: plane_seeds.py [--moe-cli PATH] [--seeds 5] [--presets plane-moons ...] [--goal 0.97] [--seconds 30] [--threads 0] [--json]

Each run is a fresh `moe-cli serve` that trains the preset to its horizon. "goal" is the wall time from `run` to the first
held-out evaluation at or above the goal, "end" the time and the score at the horizon. Exit code 1 when a preset that is
made to be learned ends below the goal or later than --seconds; plane-collapse is measured for its dead experts instead.
The machine should do nothing else.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEARNED = ["plane-spirals", "plane-moons", "plane-blobs", "plane-checkerboard", "plane-rings", "plane-steps", "plane-wave"]


class Engine:
    def __init__(self, program):
        self.process = subprocess.Popen([program, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.next_id = 0
        self.evals = []
        self.state = None
        self.last_step = {}

    def message(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("moe-cli serve ended")
        message = json.loads(line)
        if message.get("event") == "eval":
            self.evals.append((time.monotonic(), message))
        elif message.get("event") == "state":
            self.state = message["state"]
        elif message.get("event") == "step":
            self.last_step = message
        elif message.get("event") == "error":
            sys.exit(f"moe-cli: {message['message']}")
        return message

    def ask(self, command, **fields):
        self.next_id += 1
        self.process.stdin.write(json.dumps({"id": self.next_id, "cmd": command, **fields}) + "\n")
        self.process.stdin.flush()
        while True:
            message = self.message()
            if message.get("id") == self.next_id and "event" not in message:
                if not message["ok"]:
                    sys.exit(f"{command}: {message['error']['message']}")
                return message.get("result")

    def close(self):
        self.ask("shutdown")
        self.process.stdin.close()
        self.process.wait()


def score_of(message):
    return message.get("accuracy", message.get("r2"))


def measure(args, preset, seed, folder):
    engine = Engine(args.moe_cli)
    settings = {"seed": seed, "train.threads": args.threads}
    info = engine.ask("new", preset=preset, settings=settings, run=str(pathlib.Path(folder) / f"{preset}-{seed}"))
    engine.ask("watch", what="steps", hz=10)
    begin = time.monotonic()
    engine.ask("run")
    while engine.state != "finished":
        engine.message()
    seconds = time.monotonic() - begin
    picture = engine.ask("plane", grid=96, thumb=0)
    engine.close()
    reached = [t - begin for t, e in engine.evals if t >= begin and score_of(e) >= args.goal]
    final = engine.evals[-1][1]
    return {
        "preset": preset,
        "seed": seed,
        "metric": "accuracy" if "accuracy" in final else "r2",
        "score": score_of(final),
        "steps": info["horizon"],
        "seconds": seconds,
        "steps_per_second": info["horizon"] / seconds,
        "goal_seconds": reached[0] if reached else None,
        "area": picture["area"],
        "owners": sum(share >= 0.1 for share in picture["area"]),
        "dead": engine.last_step["dead"][0],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moe-cli", default=str(ROOT / "build/release/bin/moe-cli"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--presets", nargs="+", default=[*LEARNED, "plane-collapse"])
    parser.add_argument("--goal", type=float, default=0.97)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for preset in args.presets:
            for seed in range(1, args.seeds + 1):
                row = measure(args, preset, seed, folder)
                rows.append(row)
                if not args.json:
                    goal = f"{row['goal_seconds']:6.2f} s" if row["goal_seconds"] is not None else "   never"
                    print(f"{preset:<20} seed {seed}  {row['metric']} {row['score']:.4f}  goal {goal}  end {row['seconds']:6.2f} s  "
                          f"{row['steps_per_second']:6.0f} steps/s  {row['owners']} own 10 %  {row['dead']} dead", flush=True)
    if args.json:
        print(json.dumps({"load": os.getloadavg(), "runs": rows}))
    else:
        print(f"load average {os.getloadavg()[0]:.1f}")
    failed = [r for r in rows if r["preset"] in LEARNED and (r["score"] < args.goal or r["seconds"] > args.seconds)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
