"""Whether the simulator is right: against theory, published numbers and standards."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
