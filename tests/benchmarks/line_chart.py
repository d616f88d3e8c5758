# SPDX-License-Identifier: Apache-2.0
"""Small line charts as SVG in the studio's colours: lines with bands, words at their ends, no legend."""
from xml.sax.saxutils import escape

THEMES = {
    "light": {"canvas": "#FFFFFF", "grid": "#ECEEF2", "text": "#15181D", "text2": "#525B66", "text3": "#69727E", "flag": "#E0700A",
              "flag_text": "#A85200", "lines": ["#525B66", "#00845F", "#B25A8C", "#2486BF", "#C25500", "#0072B2"]},
    "dark": {"canvas": "#14161A", "grid": "#23272D", "text": "#E9ECF0", "text2": "#A9B1BC", "text3": "#8B94A0", "flag": "#F08C2E",
             "flag_text": "#F5A04C", "lines": ["#A9B1BC", "#1FBF8F", "#E08FBD", "#56B4E9", "#F0772B", "#3FA0E0"]},
}


class Panel:
    """One chart. `series`: [(name, [x], [low], [middle], [high])]; `marks`: [(x, words)]; `form`: of the figures at line ends."""

    def __init__(self, title, note, series, ticks, marks=(), form=".2f"):
        self.title, self.note, self.series, self.ticks, self.marks, self.form = title, note, series, ticks, marks, form
        self.top = ticks[-1]


def spread(wanted, gap, lowest):
    """The wanted heights moved apart to at least `gap`, in their order, none below `lowest` (y grows downwards)."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    out = list(wanted)
    for a, b in zip(order, order[1:]):
        out[b] = max(out[b], out[a] + gap)
    limit = lowest
    for i in reversed(order):
        out[i] = min(out[i], limit)
        limit = out[i] - gap
    return out


def draw(panels, theme, x_ticks, x_label, width=880, plot_height=190, left=48, right=190):
    c = THEMES[theme]
    block = plot_height + 78
    height = block * len(panels) + 16
    last = x_ticks[-1]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="Inter, Noto Sans, sans-serif" '
           f'font-size="12"><rect width="{width}" height="{height}" fill="{c["canvas"]}"/>']

    def text(x, y, words, fill, anchor="start", size=12, weight=400):
        out.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" text-anchor="{anchor}" font-size="{size}" '
                   f'font-weight="{weight}">{escape(words)}</text>')

    for i, panel in enumerate(panels):
        up = block * i + 52
        down = up + plot_height

        def at(x, y):
            return left + (width - left - right) * x / last, down - plot_height * min(y, panel.top) / panel.top

        text(left, up - 28, panel.title, c["text"], size=13, weight=600)
        text(width - right, up - 28, panel.note, c["text3"], "end", 11)
        for tick in panel.ticks:
            y = at(0, tick)[1]
            out.append(f'<path d="M{left} {y:.1f}H{width - right}" stroke="{c["grid"]}"/>')
            text(left - 8, y + 4, f"{tick:g}", c["text3"], "end", 11)
        for tick in x_ticks:
            text(at(tick, 0)[0], down + 18, f"{tick:,}".replace(",", "\u2009"), c["text3"], "middle", 11)
        if i == len(panels) - 1:
            text(width - right, down + 36, x_label, c["text3"], "end", 11)
        for x, words in panel.marks:
            px = at(x, 0)[0]
            out.append(f'<path d="M{px:.1f} {up}V{down}" stroke="{c["flag"]}" stroke-opacity="0.5"/>')
            text(px + 4, up - 6, words, c["flag_text"], size=11)
        for n, (name, x, low, middle, high) in enumerate(panel.series):
            colour = c["lines"][n]
            forth = [at(a, b) for a, b in zip(x, high)]
            back = [at(a, b) for a, b in zip(x, low)][::-1]
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in forth + back)
            out.append(f'<polygon points="{points}" fill="{colour}" fill-opacity="0.16"/>')
        for n, (name, x, low, middle, high) in enumerate(panel.series):
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (at(a, b) for a, b in zip(x, middle)))
            out.append(f'<polyline points="{points}" fill="none" stroke="{c["lines"][n]}" stroke-width="2" stroke-linejoin="round"/>')
        heights = spread([at(0, s[3][-1])[1] for s in panel.series], 16, down)
        for n, (name, x, low, middle, high) in enumerate(panel.series):
            text(width - right + 8, heights[n] + 4, f"{name}  {middle[-1]:{panel.form}}", c["lines"][n], weight=500)
    out.append("</svg>")
    return "\n".join(out) + "\n"
