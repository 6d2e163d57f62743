"""Counts that cannot fit into memory are refused with their size."""

from commgen._memory import check_fits
from commgen.montecarlo.layout import Layout


def check_layout_fits(layout: Layout) -> None:
    """Raise ValueError if the products of all events of all points do not fit."""
    num_counts = len(layout.events) * len(layout.curves) * len(layout.points)
    check_fits("curves and points", 8 * num_counts**2)
