"""Pictures of a run as SVG that fits a light and a dark page: margins by area, loss curves, failures in images."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

INK = "#010203"
"""Stands for the page's own text colour in what matplotlib writes."""
COLOURS = ("#2f81f7", "#d9822b", "#8957e5", "#2da44e")
SMALLEST = 1e-4
"""Margins below this are drawn at it."""
POINTS = 40
"""Points of an area and a lane that a picture needs to show a distribution."""


def margins(document: Mapping[str, Any]) -> str | None:
    """The margins of each lane by area, on a logarithmic axis with the bound at 1; ``None`` where none is known."""
    points: dict[str, dict[str, list[float]]] = {}
    for row in document["contracts"]:
        for lanes, quantities in row["worst"].items():
            for value in quantities.values():
                number = float(value)
                if number > 0 and np.isfinite(number):
                    points.setdefault(row["area"], {}).setdefault(lanes, []).append(max(number, SMALLEST))
    if not points:
        return None
    lanes = sorted({name for found in points.values() for name in found})
    with _figure(9.0, 0.9 + 0.24 * len(points)) as (figure, finish):
        axes = figure.subplots()
        generator = np.random.default_rng(0)
        for place, area in enumerate(sorted(points, reverse=True)):
            for which, lane in enumerate(lanes):
                found = _thinned(np.sort(points[area].get(lane, [])))
                height = place + generator.uniform(-0.3, 0.3, found.size)
                label = lane if place == 0 else None
                axes.scatter(found, height, 7, COLOURS[which % len(COLOURS)], alpha=0.6, linewidths=0, label=label)
        axes.axvline(1.0, color="#d1242f", linewidth=1.2)
        axes.set_xscale("log")
        axes.set_xlim(SMALLEST * 0.8, None)
        axes.set_yticks(range(len(points)), sorted(points, reverse=True))
        axes.set_ylim(-0.7, len(points) - 0.3)
        axes.set_xlabel("largest error of a quantity, in units of its bound")
        axes.legend(loc="lower left", fontsize=8, frameon=False, ncols=3, bbox_to_anchor=(0, 1))
        return finish()


def _thinned(ordered: np.ndarray) -> np.ndarray:
    """At most :data:`POINTS` of ordered numbers, evenly by rank, the largest among them."""
    if ordered.size <= POINTS:
        return ordered
    return np.asarray(ordered[np.linspace(0, ordered.size - 1, POINTS).astype(int)])


def curves(found: Mapping[str, Any]) -> str:
    """Losses of a training loop by step: ``lanes``, values by lane; ``expected`` and ``bound``, the propagated band."""
    with _figure(9.0, 3.2) as (figure, finish):
        left, right = figure.subplots(1, 2)
        expected, bound = np.array(found["expected"], float), np.array(found["bound"], float)
        steps = np.arange(1, expected.size + 1)
        for place, (lane, values) in enumerate(found["lanes"].items()):
            colour = COLOURS[place % len(COLOURS)]
            left.plot(steps, values, ".-", color=colour, label=lane, linewidth=1)
            right.plot(steps, np.array(values, float) - expected, ".-", color=colour, linewidth=1)
        right.fill_between(steps, -bound, bound, color="#2da44e", alpha=0.2, linewidth=0)
        left.set_ylabel("loss")
        right.set_ylabel("loss - oracle, and the band")
        for axes in (left, right):
            axes.set_xlabel("step")
        left.legend(fontsize=8, frameon=False)
        return finish()


def picture(found: Mapping[str, Any]) -> str:
    """A failure in an image or a feature map: what was expected, what a lane returned, and the error."""
    names = ["expected", "got", "error / bound"]
    expected, got, ratio = (np.array(found[name], float) for name in ("expected", "got", "ratio"))
    with _figure(9.0, 3.0) as (figure, finish):
        low, high = np.nanmin(expected), np.nanmax(expected)
        for axes, name, values in zip(figure.subplots(1, 3), names, (expected, got, ratio), strict=True):
            last = name == names[-1]
            shown = axes.imshow(
                values, cmap="magma" if last else "viridis", vmin=0 if last else low, vmax=None if last else high
            )
            axes.set_title(name, fontsize=9)
            axes.tick_params(labelsize=7)
            figure.colorbar(shown, ax=axes, fraction=0.05).ax.tick_params(labelsize=7)
        return finish()


@contextmanager
def _figure(width: float, height: float) -> Iterator[tuple[Any, Any]]:
    """A figure, and what makes the SVG of it. Matplotlib is imported here: few commands draw."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings: Any = {
        **{"svg.fonttype": "none", "svg.hashsalt": "conformance", "font.family": "sans-serif", "font.size": 9.0},
        **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor"), INK),
        **{"figure.facecolor": "none", "axes.facecolor": "none", "axes.spines.top": False, "axes.spines.right": False},
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")

        def finish() -> str:
            text = io.StringIO()
            figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
            return _embedded(text.getvalue())

        yield figure, finish


def _embedded(svg: str) -> str:
    """An SVG that stands in a page: without its own head, in the page's colours, names unique by its content."""
    body = svg[svg.index("<svg") :].replace(INK, "currentColor")
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    return re.sub(r'font: ([\d.]+px) [^;"]*', r"font: \1 system-ui, sans-serif", body)


def reduced(values: np.ndarray, place: Sequence[int], most: int = 64) -> np.ndarray:
    """The plane of the last two axes that holds a place, cut to ``most`` rows and columns around it."""
    plane = values[tuple(place[:-2])]
    rows = [max(0, min(at - most // 2, length - most)) for at, length in zip(place[-2:], plane.shape, strict=True)]
    return np.asarray(plane[rows[0] : rows[0] + most, rows[1] : rows[1] + most])
