"""Inference from any observation of a channel: linear, noisy, quantised, over slots."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
