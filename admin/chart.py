"""A plain line chart as SVG: black and grey, readable in print and aloud, drawn without any library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 200, 50, 75
_BLACK, _GREY, _FAINT = "#000", "#777", "#ddd"
#: Names of lines that end close together are moved so far apart; numbers of the scale that stand closer than this take
#: turns on two rows.
_APART = 16.0
_CROWDED = 50.0
_DOT = 3.0


@dataclass(frozen=True, slots=True)
class Line:
    """Calling this will hold one line: its name and its points (x at least 0, y 0 to 1), black or grey, whole or
    dashed.
    """

    name: str
    points: Sequence[tuple[int, float]]
    grey: bool = False
    dashed: bool = False


def drawn(title: str, description: str, across: str, lines: Sequence[Line]) -> str:
    """Calling this will draw the lines over a logarithmic scale that begins at 0, as the text of an SVG file.

    ``across`` names that scale. Raises ValueError when there is no point to draw.
    """
    ticks = sorted({x for line in lines for x, _ in line.points})
    if not ticks:
        raise ValueError("there is no point to draw")
    far = _stretched(ticks[-1]) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            _LEFT + _stretched(x) / far * (WIDTH - _LEFT - _RIGHT),
            HEIGHT - _BOTTOM - y * (HEIGHT - _TOP - _BOTTOM),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' aria-labelledby="title desc" font-family="sans-serif" font-size="12">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(description)}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(_LEFT, 26, title, size=15),
    ]
    right = place(ticks[-1], 0)[0]
    for step in range(0, 11, 2):
        _, y = place(0, step / 10)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{right:.1f}" stroke="{_FAINT}"/>')
        parts.append(_text(_LEFT - 8, y + 4, f"{step / 10:.1f}", anchor="end"))
    before, lower = -_CROWDED, False
    for tick in ticks:
        x, y = place(tick, 0)
        lower = not lower and x - before < _CROWDED
        before = x
        parts.append(f'<path d="M{x:.1f} {y:.1f}v{19 if lower else 5}" stroke="{_BLACK}"/>')
        parts.append(_text(x, y + (34 if lower else 20), f"{tick:,}", anchor="middle"))
    parts.append(_text((_LEFT + right) / 2, HEIGHT - 16, across, anchor="middle"))
    ends: list[tuple[float, float, Line]] = []
    for line in lines:
        if not line.points:
            continue
        places = [place(x, y) for x, y in line.points]
        colour = _GREY if line.grey else _BLACK
        dashes = ' stroke-dasharray="6 4"' if line.dashed else ""
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        parts.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_DOT}" fill="{colour}"/>' for x, y in places)
        ends.append((*places[-1], line))
    parts.extend(_names(ends, right))
    return "\n".join([*parts, "</svg>", ""])


def _names(ends: Sequence[tuple[float, float, Line]], right: float) -> list[str]:
    """The lines' names beside their ends, the highest first, none over another."""
    found: list[str] = []
    last = 0.0
    for _, y, line in sorted(ends, key=lambda end: end[1]):
        last = max(y + 4, last + _APART)
        shown = f"{line.name} {line.points[-1][1]:.2f}"
        found.append(_text(right + 12, last, shown, colour=_GREY if line.grey else _BLACK))
    return found


def _stretched(x: float) -> float:
    return math.log1p(x / 25)


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, colour: str = _BLACK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">'
        f"{escape(words)}</text>"
    )
