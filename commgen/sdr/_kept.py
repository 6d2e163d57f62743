"""Errors in a block's work: kept, not raised, for a raise would hang the flowgraph."""

from collections.abc import Callable
from functools import wraps
from typing import Any

#: Items of an output buffer: large enough that Python's calls cost little.
BUFFER_ITEMS = 131072
WORK_DONE = -1


def keeps_errors(work: Callable[..., int]) -> Callable[..., int]:
    """Make a ``work`` that ends the flowgraph at an error and keeps it as ``error``.

    An exception that leaves ``work`` ends its thread alone, and ``wait`` of the
    flowgraph never returns (GNU Radio 3.10, gnuradio#6723). Where no
    :class:`~commgen.sdr._flowgraph.Flowgraph` raises it later, it is logged.
    """

    @wraps(work)
    def kept(self: Any, input_items: Any, output_items: Any) -> int:
        try:
            return work(self, input_items, output_items)
        except Exception as error:
            keep(self, error)
            return WORK_DONE

    return kept


def keep(block: Any, error: Exception) -> None:
    """Keep an error of a block, and log it unless its flowgraph will raise it."""
    block.error = error
    if getattr(block, "logs_errors", True):
        block.logger.error(str(error))


def answers_errors(handle: Callable[..., None]) -> Callable[..., None]:
    """Make a message handler that logs what is wrong with a message and goes on."""

    @wraps(handle)
    def answered(self: Any, message: Any) -> None:
        try:
            handle(self, message)
        except Exception as error:
            self.refused = error
            self.logger.error(str(error))

    return answered
