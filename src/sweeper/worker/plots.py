"""The holdout in pictures, as PNG bytes.

Drawn with Figure objects alone: no window, no state shared between threads.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sweeper.core.space import Value
from sweeper.worker.curves import Curves

Array = np.ndarray[Any, Any]

NUMBERED = 30  # beyond so many classes the cells hold no numbers
DENSE = 2_000  # beyond so many rows points become hexagons
LETTERS = 16
DENSITY = LinearSegmentedColormap.from_list("density", ["#c6dbef", "#4292c6", "#08306b"])


def confusion_matrix(labels: Sequence[Value], table: Array, title: str) -> bytes:
    """Counts in the cells; the colour is the share of the true class's rows.

    Shares are stretched near 0, so that a few wrong rows among many can be seen.
    """
    size = len(labels)
    rows = table.sum(axis=1, keepdims=True)
    shares = np.divide(table, rows, out=np.zeros(table.shape), where=rows > 0)
    side = float(np.clip(0.36 * size + 2.2, 4.6, 15))
    figure = Figure(figsize=(side + 0.9, side), layout="compressed")
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, 0, 1))
    names = [_short(label) for label in labels]
    if size <= 2 * NUMBERED:
        turned = max(map(len, names), default=0) > 3 and size > 4
        axes.set_xticks(range(size), names, rotation=90 if turned else 0)
        axes.set_yticks(range(size), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title)
    if size <= NUMBERED:
        _numbers(axes, table, shares)
    bar = figure.colorbar(image, ax=axes, fraction=0.045, pad=0.02)
    bar.set_label("share of the true class")
    return _png(figure)


def _numbers(axes: Any, table: Array, shares: Array) -> None:
    """In a big table a zero off the diagonal is left blank: what is wrong should stand out."""
    size = len(table)
    points = 11 if size <= 6 else 9 if size <= 15 else 7
    for i, j in np.ndindex(table.shape):
        if table[i, j] or i == j or size <= 6:
            colour = "white" if shares[i, j] > 0.35 else "#1b2a3a"
            axes.text(
                j, i, f"{int(table[i, j])}", ha="center", va="center", color=colour, size=points
            )


def predicted_vs_true(truth: Array, predicted: Array, title: str) -> bytes:
    """Every row against the line of perfect prediction; hexagons when there are many."""
    figure = Figure(figsize=(6.4, 5.6), layout="compressed")
    axes = figure.add_subplot()
    low = float(min(truth.min(), predicted.min()))
    high = float(max(truth.max(), predicted.max()))
    margin = 0.03 * (high - low) or 0.5
    span = (low - margin, high + margin)
    if len(truth) > DENSE:
        cells = axes.hexbin(
            truth, predicted, gridsize=55, extent=(*span, *span), mincnt=1, bins="log", cmap=DENSITY
        )
        figure.colorbar(cells, ax=axes, fraction=0.045, pad=0.02).set_label("rows")
    else:
        alpha = float(np.clip(60 / max(len(truth), 1) ** 0.75, 0.25, 0.75))
        axes.scatter(truth, predicted, s=22, alpha=alpha, color="#2166ac", linewidths=0)
    axes.plot(span, span, color="#b2182b", linewidth=1.2, linestyle="--", label="perfect")
    axes.set_xlim(span)
    axes.set_ylim(span)
    axes.set_aspect("equal")
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.yaxis.set_major_locator(MaxNLocator(7))
    axes.set_xlabel("true")
    axes.set_ylabel("predicted")
    axes.set_title(title)
    axes.legend(loc="upper left", frameon=False)
    return _png(figure)


def curves(lines: Sequence[Curves]) -> bytes:
    """ROC, precision and recall, and reliability where there are probabilities, side by side."""
    calibrated = [line for line in lines if line.reliability is not None]
    panels = 3 if calibrated else 2
    figure = Figure(figsize=(4.4 * panels, 4.4), layout="compressed")
    axes = figure.subplots(1, panels)
    _lines(axes[0], [(line.label, line.roc) for line in lines], "false positive rate", "recall")
    pairs = [(line.label, line.precision_recall) for line in lines]
    _lines(axes[1], pairs, "recall", "precision")
    axes[0].plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle="--")
    if calibrated:
        found = [(line.label, line.reliability) for line in calibrated]
        _lines(axes[2], found, "predicted probability", "share that is of the class", marker="o")
        axes[2].plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle="--")
    axes[0].legend(loc="lower right", frameon=False, title="class")
    return _png(figure)


def _lines(axes: Any, lines: Sequence[Any], x: str, y: str, marker: str = "") -> None:
    for label, (across, up) in lines:
        axes.plot(across, up, linewidth=1.6, marker=marker, markersize=4, label=_short(label))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=x, ylabel=y, aspect="equal")


def _short(label: Value) -> str:
    # "$" would start a formula
    text = str(label).replace("$", r"\$")
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    return content.getvalue()
