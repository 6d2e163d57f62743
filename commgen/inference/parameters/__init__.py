"""Angles, delays, Doppler shifts, Rice factors and noise levels, with posteriors."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
