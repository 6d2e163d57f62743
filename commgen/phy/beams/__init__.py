"""Precoding and beams of a base station that knows its channels in part."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
