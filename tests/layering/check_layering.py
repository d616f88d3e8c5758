#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the include lines of the tree and fails on an arrow the architecture forbids.

usage: check_layering.py [ROOT]        checks a tree; exit code 1 and one line per finding when something is wrong

Rules: rooms include only the rooms that ALLOWED names for them; nothing in the engine or in app/cli includes Qt;
Qt Charts is included in ui/charts only, CUDA in engine/backend/cuda and its tests only; a panel does not include another panel; project headers
are included from the top of the tree; a source file has at most MAX_LINES lines and names its licence in the first two.
"""
import pathlib
import re
import sys

MAX_LINES = 400
LADDER = ["core", "backend", "ops", "nn", "moe"]  # each may include those before it: arrows only run down
BESIDE = ["data", "optim", "analysis", "run", "interop", "protocol"]  # beside the ladder; none of them knows train
UI = ["bridge", "models", "charts", "widgets", "panels", "dialogs"]


def engine(*rooms):
    return {f"engine/{room}" for room in rooms}


def ui(*rooms):
    return {f"ui/{room}" for room in rooms}


# room: what it may include besides itself.
ALLOWED = {f"engine/{room}": engine(*LADDER[:i]) for i, room in enumerate(LADDER)}
ALLOWED |= {
    "engine/data": engine("core"),
    "engine/optim": engine("core", "backend", "ops", "nn"),
    "engine/analysis": engine("core", "data", "protocol"),
    "engine/run": engine("core", "data", "interop", "protocol"),
    "engine/interop": engine("core"),
    "engine/protocol": engine("core"),
    "engine/train": engine(*LADDER, *BESIDE),
    "app/cli": engine(*LADDER, *BESIDE, "train"),
    "app/studio": ui(*UI, "window") | {"ui", "resources"},
    # The studio's only engine folder is the protocol, and the bridge is its only door.
    "ui/bridge": engine("protocol"),
    "ui/models": ui("bridge") | engine("protocol"),
    "ui/widgets": ui("bridge") | engine("protocol") | {"resources"},
    "ui/charts": ui("bridge", "widgets") | engine("protocol"),
    "ui/panels": ui("bridge", "models", "charts", "widgets") | engine("protocol"),
    "ui/dialogs": ui("bridge", "models", "widgets") | engine("protocol"),
    "ui": ui(*UI) | engine("protocol") | {"resources"},
    "resources": set(),
}
LICENCES = (("ui/", "GPL-3.0-or-later"), ("app/studio/", "GPL-3.0-or-later"), ("tests/ui/", "GPL-3.0-or-later"),
            ("engine/", "Apache-2.0"), ("app/cli/", "Apache-2.0"), ("tests/engine/", "Apache-2.0"), ("tests/cli/", "Apache-2.0"))

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
CODE = {".h", ".cpp", ".cu", ".cuh", ".inc"}
CHECKED = CODE | {".py", ".sh", ".cmake"}
QT = re.compile(r"^(Q[A-Z]\w*|Qt\w*)(/|$)")
CHARTS = re.compile(r"^(QtCharts(/|$)|Q(Abstract)?(Chart|ChartView|\w+Series|ValueAxis|LogValueAxis|CategoryAxis|LegendMarker)(\.h)?$)")
CUDA_ROOMS = ("engine/backend/cuda/", "tests/support/cuda_emulation/", "tests/engine/backend/cuda/")
CUDA = re.compile(r"^(cuda|cublas|cudnn|nccl)\w*\.(h|hpp)$")


def room_of(path):
    """The room of a path from the top of the tree: its first two folders, or "ui" for files right in ui/."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("engine", "app", "ui") and len(parts) > 2 else parts[0]


def is_panel(path):
    return path.startswith("ui/panels/") and path.endswith("_panel.h")


def quoted_findings(name, target, neighbour):
    """A project include: its form, the arrow between the rooms, and siblings among panels."""
    if target.endswith(".moc") or target.startswith(("moc_", "ui_")):
        return
    if target.startswith(".") or neighbour:
        yield f'"{target}" is not included from the top of the tree'
        return
    here, there = room_of(name), room_of(target)
    if here in ALLOWED and here != there and there.split("/")[0] in ("engine", "app", "ui", "resources", "tests"):
        if there not in ALLOWED[here]:
            yield f"forbidden arrow {here} -> {there} ({target})"
    family = target.removesuffix("panel.h")  # load_panel.h belongs to load_panel.cpp and load_view.cpp
    if name.startswith("ui/panels/") and is_panel(target) and not name.startswith(family):
        yield f"a panel includes its sibling {target}"


def angle_findings(name, target):
    qt_free = name.startswith(("engine/", "app/cli/"))
    if qt_free and QT.match(target):
        yield f"Qt in a Qt-free folder (<{target}>)"
    if CHARTS.match(target) and name.startswith(("ui/", "app/")) and not name.startswith("ui/charts/"):
        yield f"Qt Charts outside ui/charts (<{target}>)"
    if CUDA.match(target) and not name.startswith(CUDA_ROOMS):
        yield f"CUDA outside engine/backend/cuda (<{target}>)"


def text_findings(name, text):
    lines = text.count("\n")
    if lines > MAX_LINES:
        yield f"{lines} lines, at most {MAX_LINES}"
    head = "\n".join(text.split("\n", 2)[:2])
    found = re.search(r"SPDX-License-Identifier: (\S+)", head)
    if not found:
        yield "no SPDX-License-Identifier in the first two lines"
        return
    for prefix, licence in LICENCES:
        if name.startswith(prefix) and found[1] != licence:
            yield f"licence {found[1]}, but {prefix} is {licence}"


def findings(root):
    """All findings of a tree as "path: what", sorted."""
    result, checked = [], 0
    for top in ("engine", "app", "ui", "tests", "resources"):
        for path in sorted((root / top).rglob("*")):
            if not path.is_file() or not (path.suffix in CHECKED or path.name == "CMakeLists.txt"):
                continue
            name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
            checked += 1
            found = list(text_findings(name, text))
            if path.suffix in CODE:
                for form, target in INCLUDE.findall(text):
                    if form == '"':
                        found += quoted_findings(name, target, "/" not in target and (path.parent / target).is_file())
                    found += angle_findings(name, target)
            result += [f"{name}: {what}" for what in found]
    return result, checked


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    result, checked = findings(root)
    if not checked:
        result.append(f"{root}: no source files found")
    print("\n".join(result + [f"layering: {checked} files, {len(result)} findings"]))
    return 1 if result else 0


if __name__ == "__main__":
    sys.exit(main())
