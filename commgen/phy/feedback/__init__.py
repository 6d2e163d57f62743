"""Channels as few bits: what a terminal reports, and what a base station reads."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
