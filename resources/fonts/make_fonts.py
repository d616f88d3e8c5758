#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the interface fonts from Debian's fonts-inter and fonts-jetbrains-mono.

usage: make_fonts.py --inter DIR --mono DIR --licence OFL.txt --out DIR

MoE Sans: Inter in three weights whose digits are the tabular ones, since Qt 6.4 cannot switch on the feature `tnum`;
MoE Mono: JetBrains Mono without ligatures. Both are subsets under their own names, as the Open Font License asks of a
derivative, and carry their copyright; the licence text is put beside them.
"""
import argparse
import pathlib

from fontTools import subset
from fontTools.ttLib import TTFont

# Latin, combining marks, Greek, Cyrillic; punctuation, super- and subscripts, currency, letter-like, number forms, arrows,
# operators; technical marks, geometric shapes, stars and ticks.
RANGES = ((0x20, 0x24F), (0x2B0, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x1E00, 0x1EFF), (0x2000, 0x209F), (0x20A0, 0x20BF),
          (0x2100, 0x218F), (0x2190, 0x22FF), (0x2300, 0x23FF), (0x2500, 0x25FF), (0x2600, 0x2606), (0x2713, 0x2718))
FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl"]
# What the studio prints; a source font without one of these is not the one this recipe was written for.
REQUIRED = "0123456789−→≈×±·…●▲■◆▼★"
REQUIRED_MONO = "0123456789−→≈×·…●▲■◆"
# OpenType name records.
COPYRIGHT, FAMILY, STYLE, UNIQUE, FULL, VERSION, POSTSCRIPT, LICENCE, LICENCE_URL = 0, 1, 2, 3, 4, 5, 6, 13, 14


def tabular_digits(font):
    """{digit glyph: its tabular glyph} of the substitution feature `tnum`."""
    table, mapping = font["GSUB"].table, {}
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for subtable in table.LookupList.Lookup[index].SubTable:
                    mapping.update(getattr(getattr(subtable, "ExtSubTable", subtable), "mapping", {}))
    return mapping


def use_tabular_digits(font):
    mapping, best = tabular_digits(font), font.getBestCmap()
    replacement = {code: mapping[best[code]] for code in range(ord("0"), ord("9") + 1)}
    for table in font["cmap"].tables:
        for code, glyph in replacement.items():
            if code in table.cmap:
                table.cmap[code] = glyph
    widest = max(font["hmtx"][glyph][0] for glyph in replacement.values())
    for glyph in replacement.values():
        # Inter's Medium and SemiBold "4" is 2 or 3 of 2816 units short: enough for "44" to shake.
        width, bearing = font["hmtx"][glyph]
        if widest - width > 0.005 * widest:
            raise SystemExit(f"{glyph} is {width} units wide, others {widest}: not tabular digits")
        font["hmtx"][glyph] = (widest, bearing)


def rename(font, family, style):
    """Own names in every record but copyright and licence; no trademark or maker is claimed for the derivative."""
    names, origin = font["name"], font["name"].getDebugName(FULL)
    version = names.getDebugName(VERSION)
    keep = {i: names.getDebugName(i) for i in (COPYRIGHT, LICENCE, LICENCE_URL)}
    postscript = f"{family}-{style}".replace(" ", "")
    names.names = []
    records = {**keep, FAMILY: family, STYLE: style, UNIQUE: f"{postscript}; from {origin}", FULL: f"{family} {style}",
               VERSION: version, POSTSCRIPT: postscript}
    for name_id, text in records.items():
        if text:
            names.setName(text, name_id, 3, 1, 0x409)
    if "CFF " in font:
        cff = font["CFF "].cff
        cff.fontNames = [postscript]
        top = cff.topDictIndex[0]
        top.FamilyName, top.FullName = family, f"{family} {style}"


def make(source, target, family, style, required, tabular):
    font = TTFont(source, recalcTimestamp=False)
    missing = [c for c in required if ord(c) not in font.getBestCmap()]
    if missing:
        raise SystemExit(f"{source}: no glyph for {' '.join(missing)}")
    if tabular:
        use_tabular_digits(font)
    options = subset.Options()
    options.layout_features = FEATURES
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.drop_tables += ["DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    subsetter.subset(font)
    rename(font, family, style)
    font.save(target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("inter", "mono", "licence", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for weight in ("Regular", "Medium", "SemiBold"):
        make(args.inter / f"Inter-{weight}.otf", args.out / f"MoESans-{weight}.otf", "MoE Sans", weight, REQUIRED, True)
    make(args.mono / "JetBrainsMono-Regular.ttf", args.out / "MoEMono-Regular.ttf", "MoE Mono", "Regular", REQUIRED_MONO, False)
    copyrights = [TTFont(args.out / f)["name"].getDebugName(COPYRIGHT) for f in ("MoESans-Regular.otf", "MoEMono-Regular.ttf")]
    text = "\n".join(f"{c}" for c in copyrights) + "\n\n" + args.licence.read_text(encoding="utf-8")
    (args.out / "OFL.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
