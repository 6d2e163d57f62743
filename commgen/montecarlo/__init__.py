"""Monte Carlo of any experiment: sweep, tally, workers, run folder, campaign."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
