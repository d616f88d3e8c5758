#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens a checkpoint of a run with Hugging Face transformers and compares its logits with `moe-cli logits`.

usage: check_transformers.py RUN [--checkpoint FOLDER] [--moe-cli PATH] [--tokens 1,2,3] [--count N] [--tolerance 1e-4]

RUN is a run folder; without --checkpoint its newest checkpoint is opened, which is the one `moe-cli logits RUN` reads.
Prints the largest absolute difference over all positions and tokens of the vocabulary. Exit code 0 when it is within
the tolerance, 1 when not, 2 on wrong use. Needs: torch transformers safetensors.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--checkpoint", type=pathlib.Path, help="folder with config.json and model.safetensors")
    parser.add_argument("--moe-cli", help="default: build/release/bin/moe-cli, then the search path")
    parser.add_argument("--tokens", help="token ids, separated by commas; default: --count ids spread over the vocabulary")
    parser.add_argument("--count", type=int, default=32, help="how many ids when --tokens is absent")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    return parser.parse_args()


def newest_checkpoint(run):
    folders = sorted(p for p in (run / "checkpoints").glob("step-*") if (p / "model.safetensors").is_file())
    if not folders:
        sys.exit(f"{run}: no checkpoint with a model.safetensors under checkpoints/; train at least one step")
    return folders[-1]


def find_cli(given):
    built = ROOT / "build" / "release" / "bin" / "moe-cli"
    found = given or (str(built) if built.is_file() else shutil.which("moe-cli"))
    if not found:
        sys.exit("moe-cli not found: build it with ./dev build or give --moe-cli PATH")
    return found


def engine_logits(cli, run, tokens):
    """float32 logits [tokens, vocabulary] as the engine tells them."""
    command = [cli, "logits", str(run), "--tokens", ",".join(map(str, tokens)), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nfailed with exit code {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)["logits"]


def main():
    args = arguments()
    import torch
    from transformers import MixtralForCausalLM

    folder = args.checkpoint or newest_checkpoint(args.run)
    model, info = MixtralForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager",
                                                     output_loading_info=True)
    model.eval()
    unmatched = {k: sorted(map(str, info[k])) for k in ("missing_keys", "unexpected_keys", "mismatched_keys") if info.get(k)}
    if unmatched:
        print(f"{folder}: names or shapes do not fit Mixtral: {unmatched}")
        return 1
    vocabulary, context = model.config.vocab_size, model.config.max_position_embeddings
    if args.tokens:
        tokens = [int(t) for t in args.tokens.split(",")]
    else:
        tokens = [(7 + 37 * i) % vocabulary for i in range(min(args.count, context))]
    with torch.no_grad():
        theirs = model(torch.tensor([tokens])).logits[0]
    ours = torch.tensor(engine_logits(find_cli(args.moe_cli), args.run, tokens), dtype=torch.float32)
    if ours.shape != theirs.shape:
        print(f"shapes differ: transformers {tuple(theirs.shape)}, moe-cli {tuple(ours.shape)}")
        return 1
    difference = (ours - theirs).abs().max().item()
    agrees = difference <= args.tolerance  # false for NaN
    print(f"{folder.name}: {len(tokens)} positions x {vocabulary} logits, largest difference {difference:.2e} "
          f"(tolerance {args.tolerance:.0e}): {'agree' if agrees else 'DISAGREE'}")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
