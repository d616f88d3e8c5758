#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layering check must catch what it is for: each planted offence is found, and a lawful tree is clean."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from check_layering import MAX_LINES, findings

APACHE = "// SPDX-License-Identifier: Apache-2.0\n"
GPL = "// SPDX-License-Identifier: GPL-3.0-or-later\n"
LAWFUL = {
    "engine/core/error.h": APACHE + "#include <string>\n",
    "engine/ops/ops.h": APACHE + '#include "engine/backend/backend.h"\n#include "engine/core/error.h"\n',
    "engine/moe/moe_layer.h": APACHE + '#include "engine/nn/feed_forward.h"\n',
    "engine/train/trainer.h": APACHE + '#include "engine/moe/moe_layer.h"\n#include "engine/protocol/messages.h"\n',
    "app/cli/main.cpp": APACHE + '#include <CLI/CLI.hpp>\n#include "engine/train/trainer.h"\n',
    "ui/bridge/engine_process.h": GPL + '#include <QProcess>\n#include "engine/protocol/messages.h"\n',
    "ui/charts/chart_panel.h": GPL + "#include <QtCharts/QChartView>\n",
    "ui/panels/load_panel.cpp": GPL + '#include "ui/panels/load_panel.h"\n#include "ui/widgets/theme.h"\n#include "load_panel.moc"\n',
    "ui/panels/load_view.cpp": GPL + '#include "ui/panels/load_panel.h"\n',
    "ui/main_window.cpp": GPL + '#include "ui/panels/load_panel.h"\n#include "resources/resources.h"\n',
    "tests/engine/core/tst_error.cpp": APACHE + '#include <QtTest>\n#include "engine/core/error.h"\n',
    "tests/engine/CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0\n",
}
OFFENCES = {
    "upward arrow in the ladder": ("engine/core/x.h", APACHE + '#include "engine/ops/ops.h"\n', "engine/core -> engine/ops"),
    "nn knows moe": ("engine/nn/x.h", APACHE + '#include "engine/moe/moe_layer.h"\n', "engine/nn -> engine/moe"),
    "run knows train": ("engine/run/x.cpp", APACHE + '  #  include "engine/train/trainer.h"\n', "engine/run -> engine/train"),
    "ladder knows data": ("engine/nn/x.cpp", APACHE + '#include "engine/data/dataset.h"\n', "engine/nn -> engine/data"),
    "engine knows the studio": ("engine/train/x.cpp", APACHE + '#include "ui/bridge/engine_process.h"\n', "engine/train -> ui/bridge"),
    "studio knows the trainer": ("ui/bridge/x.cpp", GPL + '#include "engine/train/trainer.h"\n', "ui/bridge -> engine/train"),
    "studio knows the core": ("ui/panels/x.cpp", GPL + '#include "engine/core/error.h"\n', "ui/panels -> engine/core"),
    "models know panels": ("ui/models/x.cpp", GPL + '#include "ui/panels/load_panel.h"\n', "ui/models -> ui/panels"),
    "panel knows its sibling": ("ui/panels/x_panel.cpp", GPL + '#include "ui/panels/load_panel.h"\n', "sibling ui/panels/load_panel.h"),
    "Qt in the engine": ("engine/core/x.cpp", APACHE + "#include <QString>\n", "<QString>"),
    "Qt module in the engine": ("engine/run/x.cpp", APACHE + "#include <QtCore/QString>\n", "<QtCore/QString>"),
    "Qt in the console program": ("app/cli/x.cpp", APACHE + "#include <QCoreApplication>\n", "<QCoreApplication>"),
    "charts in a panel": ("ui/panels/x.cpp", GPL + "#include <QtCharts/QLineSeries>\n", "<QtCharts/QLineSeries>"),
    "charts without their folder": ("ui/widgets/x.cpp", GPL + "#include <QChartView>\n", "<QChartView>"),
    "CUDA outside its backend": ("engine/ops/x.cpp", APACHE + "#include <cuda_runtime.h>\n", "<cuda_runtime.h>"),
    "relative include": ("engine/core/x.cpp", APACHE + '#include "../core/error.h"\n', "top of the tree"),
    "neighbour include": ("engine/core/x.cpp", APACHE + '#include "error.h"\n', "top of the tree"),
    "too long": ("engine/core/x.cpp", APACHE + "\n" * MAX_LINES, f"{MAX_LINES + 1} lines"),
    "no licence": ("engine/core/x.cpp", "#include <string>\n", "no SPDX"),
    "wrong licence": ("ui/widgets/x.h", APACHE, "ui/ is GPL-3.0-or-later"),
    "script without licence": ("tests/golden/x.py", "print(1)\n", "no SPDX"),
}


def check(extra):
    """Findings of the lawful tree with `extra` files planted in it."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**LAWFUL, **extra}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        return findings(root)


class Layering(unittest.TestCase):
    def test_lawful_tree_is_clean(self):
        self.assertEqual(check({}), ([], len(LAWFUL)))

    def test_each_offence_is_found(self):
        for what, (name, text, expected) in OFFENCES.items():
            with self.subTest(what):
                result, _ = check({name: text})
                self.assertEqual(len(result), 1, result)
                self.assertTrue(result[0].startswith(name + ": "), result)
                self.assertIn(expected, result[0])


if __name__ == "__main__":
    unittest.main()
