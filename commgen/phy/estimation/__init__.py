"""Channel estimators, called as Sionna's: ``(y, no) -> h_hat, err_var``."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
