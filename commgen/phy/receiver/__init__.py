"""Receivers that use an estimate's error, or estimate again from data.

Those that are learned are in :mod:`commgen.phy.neural`.
"""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
