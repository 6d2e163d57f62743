"""Inference from any observation of a channel: linear, noisy, quantised, over slots."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
