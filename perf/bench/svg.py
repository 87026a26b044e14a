"""A dot plot as inline SVG: a line for each contender, a dot at the median, a whisker from the least to the most."""

import math
from html import escape
from typing import NamedTuple

WIDTH, LABEL_WIDTH, VALUE_WIDTH = 460, 120, 84
LINE_HEIGHT, TOP, BOTTOM = 22, 26, 24
TICKS = 6


class Dot(NamedTuple):
    label: str
    value: float
    low: float
    high: float
    kind: str  # the class that gives it its colour


def nice_step(span, count):
    """A step of 1, 2 or 5 times a power of ten that divides the span into about so many."""
    raw = span / count
    power = 10 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)


def short(value):
    """A number of three digits, with a letter for thousands and more."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def dot_plot(title, dots, guide=None):
    """`guide` is a value that a dashed line marks: the floor's."""
    most = max(max(dot.high for dot in dots), 1e-12)
    left, right = LABEL_WIDTH, WIDTH - VALUE_WIDTH
    bottom = TOP + LINE_HEIGHT * len(dots)

    def x(value):
        return left + (right - left) * value / most

    parts = [f'<svg viewBox="0 0 {WIDTH} {bottom + BOTTOM}" width="{WIDTH}" role="img" aria-label="{escape(title)}">',
             f'<text class="plot-title" x="0" y="14">{escape(title)}</text>']
    step = nice_step(most, TICKS)
    for number in range(int(most / step) + 1):
        at = x(number * step)
        parts.append(f'<line class="grid" x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{bottom}"/>'
                     f'<text class="tick" x="{at:.1f}" y="{bottom + 15}">{short(number * step)}</text>')
    if guide is not None and guide <= most:
        parts.append(f'<line class="guide" x1="{x(guide):.1f}" y1="{TOP}" x2="{x(guide):.1f}" y2="{bottom}"/>')
    for number, dot in enumerate(dots):
        parts.append(dot_line(dot, TOP + LINE_HEIGHT * (number + 0.5), x, right))
    return "".join(parts) + "</svg>"


def dot_line(dot, y, x, right):
    return (f'<g class="{escape(dot.kind)}"><title>{escape(dot.label)}: median {short(dot.value)}, '
            f'{short(dot.low)} to {short(dot.high)}</title>'
            f'<text class="label" x="{LABEL_WIDTH - 8}" y="{y + 4:.1f}">{escape(dot.label)}</text>'
            f'<line class="whisker" x1="{x(dot.low):.1f}" y1="{y:.1f}" x2="{x(dot.high):.1f}" y2="{y:.1f}"/>'
            f'<circle cx="{x(dot.value):.1f}" cy="{y:.1f}" r="4.5"/>'
            f'<text class="value" x="{right + 8}" y="{y + 4:.1f}">{short(dot.value)}</text></g>')
