"""Distribution functions of pairs of samples as small pictures side by side, in one SVG."""

import html
import math

WIDTH, HEIGHT, MARGIN, COLUMNS = 230, 130, 34, 4
STYLE = """<style>
text { font: 10px sans-serif; fill: #333 } .t { font-size: 7.5px }
path { fill: none; stroke-width: 1.6 } .a { stroke: #d95f02 } .b { stroke: #1b6ca8; stroke-dasharray: 4 2 }
rect { fill: #fff } line { stroke: #bbb }
@media (prefers-color-scheme: dark) { text { fill: #ccc } rect { fill: #161616 } line { stroke: #555 } }
</style>"""


def svg(panels):
    """`panels`: (title, measured seconds, simulated seconds)."""
    rows = math.ceil(len(panels) / COLUMNS)
    width, height = COLUMNS * WIDTH, rows * HEIGHT + 22
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">', STYLE,
             f'<rect width="{width}" height="{height}"/>',
             '<path class="a" d="M8,12h24"/><text x="36" y="15">measured</text>',
             '<path class="b" d="M98,12h24"/><text x="126" y="15">simulated</text>']
    for i, (title, a, b) in enumerate(panels):
        x, y = i % COLUMNS * WIDTH, i // COLUMNS * HEIGHT + 22
        parts.append(f'<g transform="translate({x},{y})">{_panel(title, a, b)}</g>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(title, a, b):
    finite = sorted(v for v in a + b if math.isfinite(v))
    if not finite:
        return f'<text class="t" x="{MARGIN}" y="12">{html.escape(title)}: never</text>'
    low, high = finite[0], finite[min(len(finite) - 1, int(0.99 * len(finite)))]
    if high - low < 0.2:  # one value: a step in the middle
        low, high = low - 0.5, high + 0.5
    w, h = WIDTH - MARGIN - 12, HEIGHT - 46
    at = lambda v: MARGIN + w * min(max((v - low) / (high - low), 0.0), 1.0)
    lines = [f'<text class="t" x="{MARGIN}" y="12">{html.escape(title)}</text>',
             f'<line x1="{MARGIN}" x2="{MARGIN + w}" y1="{20 + h}" y2="{20 + h}"/>',
             f'<line x1="{MARGIN}" x2="{MARGIN}" y1="20" y2="{20 + h}"/>',
             f'<text x="{MARGIN - 8}" y="{24 + h}">0</text><text x="{MARGIN - 8}" y="24">1</text>',
             f'<text x="{MARGIN}" y="{34 + h}">{low:.3g}</text>',
             f'<text x="{MARGIN + w}" y="{34 + h}" text-anchor="end">{high:.3g} s</text>']
    for name, values in (("a", sorted(a)), ("b", sorted(b))):
        if not values:
            continue
        # A hundred steps show all that a picture of this size can.
        steps = sorted({round(k * (len(values) - 1) / 99) for k in range(100)})
        path = f"M{MARGIN},{20 + h:.1f}"
        for k in steps:
            if math.isfinite(values[k]) and values[k] <= high:
                path += f"H{at(values[k]):.1f}V{20 + h * (1 - (k + 1) / len(values)):.1f}"
        lines.append(f'<path class="{name}" d="{path}H{MARGIN + w}"/>')
    return "".join(lines)
