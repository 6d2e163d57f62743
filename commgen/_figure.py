"""What all pictures share: colours that colour-blind readers tell apart, axes."""

from typing import Any

import numpy as np

# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


MARKERS = "osD^vPX"


LINES = ("-", "--", "-.", ":")


def tidy(axes: Any, label: str = "SNR [dB]") -> None:
    """Label the axis of what was varied, and take away what is no data."""
    axes.set_xlabel(label)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def curve_style(i: int) -> dict[str, Any]:
    """Return colour, marker and line of curve number ``i``."""
    return {
        "color": COLOURS[i % len(COLOURS)],
        "marker": MARKERS[i % len(MARKERS)],
        "linestyle": LINES[i // len(COLOURS) % len(LINES)],
    }


def column(rows: Any, name: str) -> np.ndarray:
    """Return one column of rows as floats."""
    return np.array([row[name] for row in rows], float)
