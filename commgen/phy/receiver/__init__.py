"""Receivers that use an estimate's error, estimate again from data, or are learned.

The neural receiver is imported by its own names: ``neural``, ``neural_files`` and
``neural_training``, which bring links and networks along.
"""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
