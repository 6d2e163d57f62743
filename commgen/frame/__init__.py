"""What the simulator and a radio host share of a frame, in NumPy."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
