"""What an estimate's promise is worth, and what to do where it is worth nothing."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
