"""The link: transmit, estimate, detect, decode, count."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
