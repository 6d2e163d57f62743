"""Where to look with one chain: the best beam and the angle of a path, look by look."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
