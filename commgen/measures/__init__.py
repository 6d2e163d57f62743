"""Decibels, errors, intervals, crossings: numbers alone, of no radio."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
