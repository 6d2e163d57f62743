"""What cannot fit into the memory of this machine is refused with its size."""

import os

from commgen.montecarlo.layout import Layout

_GIB = 2**30


def check_fits(name: str, num_bytes: int) -> None:
    """Raise ValueError if something that is asked for is larger than the memory.

    Parameters
    ----------
    name
        What asks for it, such as ``sweep.batch_size``.
    num_bytes
        What it takes at least.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if num_bytes > memory:
        raise ValueError(
            f"{name} must fit into the memory of {memory / _GIB:.0f} GiB, got what "
            f"takes {num_bytes / _GIB:,.0f} GiB."
        )


def check_layout_fits(layout: Layout) -> None:
    """Raise ValueError if the products of all events of all points do not fit."""
    num_counts = len(layout.events) * len(layout.curves) * len(layout.points)
    check_fits("curves and points", 8 * num_counts**2)
