"""Signals in time: waveforms, what devices do to them, how their power spreads."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
