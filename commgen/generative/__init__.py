"""Distributions of complex channels that one can fit, sample and invert."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
