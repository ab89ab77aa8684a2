"""Writes the grid of docs/validation.md and its picture.

    bazel run //tests/validation:report      some minutes
"""

import os
import sys

import grid

BEGIN, END = "<!-- grid -->\n", "<!-- end of grid -->"
COLOURS = ("#d95f02", "#1b6ca8", "#3a923a")
STYLE = """<style>
text { font: 10px sans-serif; fill: #333 } path { fill: none; stroke-width: 1.4 } rect { fill: #fff }
line { stroke: #bbb } .d { stroke-dasharray: 4 2 }
@media (prefers-color-scheme: dark) { text { fill: #ccc } rect { fill: #161616 } line { stroke: #555 } }
</style>"""


def number(value):
    return f"{value:.5g}"


def table(points):
    cells = {(p.law, p.factor, p.loss, p.figure): p for p in points}
    lines = ["| delay | time-out / eta | p | " + " | ".join(
        f"{f}: theory | simulated | z" for f in grid.FIGURES.values()) + " |",
             "|---|---|---|" + "---|---|---|" * len(grid.FIGURES)]
    for law, factor, loss in dict.fromkeys((p.law, p.factor, p.loss) for p in points):
        row = [law, f"{factor:g}", f"{loss:g}"]
        for figure in grid.FIGURES.values():
            p = cells.get((law, factor, loss, figure))
            row += [number(p.expected), number(p.simulated), f"{p.z:+.1f}"] if p else ["", "", ""]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def bound_table(bounds):
    lines = ["| delay | time-out / eta | T_D in | seen | E(T_D): theory | simulated | z | crashes |",
             "|---|---|---|---|---|---|---|---|"]
    for b in bounds:
        lines.append(f"| {b.law} | {b.factor:g} | {b.low:.2f} to {b.high:.2f} s | {b.least:.2f} to "
                     f"{b.most:.2f} s | {number(b.mean.expected)} | {number(b.mean.simulated)} | "
                     f"{b.mean.z:+.1f} | {b.mean.samples} |")
    return "\n".join(lines)


def picture(points):
    """A panel for each figure: theory as lines, runs as dots, against the loss."""
    w, h, pad = 250, 190, 46
    names = list(grid.FIGURES.values())
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(names) * w} {h + 46}">', STYLE,
             f'<rect width="{len(names) * w}" height="{h + 46}"/>']
    laws = list(dict.fromkeys(p.law for p in points))
    for i, law in enumerate(laws):
        x = 10 + 190 * i
        parts.append(f'<path d="M{x},12h20" stroke="{COLOURS[i]}"/><text x="{x + 24}" y="15">{law}</text>')
    parts.append(f'<text x="{10 + 190 * len(laws)}" y="15">dotted 1.1 eta, dashed 2.5 eta</text>')
    for n, figure in enumerate(names):
        own = [p for p in points if p.figure == figure]
        low, high = min(p.expected for p in own), max(p.expected for p in own)
        at_x = lambda loss: n * w + pad + (w - pad - 14) * loss / max(grid.LOSSES)
        at_y = lambda v: 30 + (h - 50) * (1 - (v - low) / (high - low))
        parts.append(f'<text x="{n * w + pad}" y="27">{figure}</text>'
                     f'<line x1="{n * w + pad}" x2="{n * w + pad}" y1="30" y2="{h - 20}"/>'
                     f'<line x1="{n * w + pad}" x2="{(n + 1) * w - 14}" y1="{h - 20}" y2="{h - 20}"/>'
                     f'<text x="{n * w + pad - 4}" y="{h - 18}" text-anchor="end">{low:.3g}</text>'
                     f'<text x="{n * w + pad - 4}" y="36" text-anchor="end">{high:.3g}</text>'
                     f'<text x="{n * w + pad}" y="{h - 6}">p = 0</text>'
                     f'<text x="{(n + 1) * w - 14}" y="{h - 6}" text-anchor="end">{max(grid.LOSSES)}</text>')
        for i, law in enumerate(laws):
            for factor in grid.FACTORS:
                line = [p for p in own if p.law == law and p.factor == factor]
                path = "L".join(f"{at_x(p.loss):.1f},{at_y(p.expected):.1f}" for p in line)
                dash = {1.1: ' stroke-dasharray="1 2"', 2.5: ' class="d"'}.get(factor, "")
                parts.append(f'<path d="M{path}" stroke="{COLOURS[i]}"{dash}/>')
                parts += [f'<circle cx="{at_x(p.loss):.1f}" cy="{at_y(p.simulated):.1f}" r="2.4" '
                          f'fill="{COLOURS[i]}"/>' for p in line]
    return "\n".join([*parts, "</svg>"]) + "\n"


def page_with(page, points, bounds):
    worst = max((abs(p.z) for p in [*points, *(b.mean for b in bounds)]))
    within = sum(abs(p.z) < 2 for p in points) / len(points)
    text = (f"{len(points)} figures of {len(points) // len(grid.FIGURES)} runs: {within:.0%} within 2 standard errors (95 % "
            f"are expected), the farthest {worst:.1f} away.\n\n![Theory and runs](images/validation.svg)\n\n"
            + table(points) + "\n\nDetection of crashes, nothing lost:\n\n" + bound_table(bounds) + "\n")
    before, rest = page.split(BEGIN)
    return before + BEGIN + text + END + rest.split(END)[1]


def main():
    root = os.environ.get("BUILD_WORKSPACE_DIRECTORY", os.getcwd())
    keepsim = os.path.abspath(os.environ.get("KEEPSIM", "tools/keepsim"))
    points, bounds = list(grid.points(keepsim)), list(grid.bounds(keepsim))
    path = f"{root}/docs/validation.md"
    with open(path, encoding="utf-8") as file:
        page = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(page_with(page, points, bounds))
    with open(f"{root}/docs/images/validation.svg", "w", encoding="utf-8") as file:
        file.write(picture(points))


if __name__ == "__main__":
    sys.exit(main())
