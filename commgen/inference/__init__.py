"""What was there, and how sure that is: posteriors of channels and parameters."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
