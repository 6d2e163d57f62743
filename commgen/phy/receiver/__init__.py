"""Receivers that use an estimate's error, estimate again from data, or are learned.

The neural receiver is imported by its own names: ``neural``, ``neural_files`` and
``neural_training``, which bring links and networks along.
"""

from commgen.phy.receiver.block_posterior import BlockPosterior
from commgen.phy.receiver.options import ReceiverOptions, options_of
from commgen.phy.receiver.refinement import Refinement
from commgen.phy.receiver.slot_posterior import SlotPosterior
from commgen.phy.receiver.soft_grid import SoftGrid
from commgen.phy.receiver.soft_symbols import soft_symbols
from commgen.phy.receiver.timed import TimedEstimator

__all__ = [
    "BlockPosterior",
    "ReceiverOptions",
    "Refinement",
    "SlotPosterior",
    "SoftGrid",
    "TimedEstimator",
    "options_of",
    "soft_symbols",
]
