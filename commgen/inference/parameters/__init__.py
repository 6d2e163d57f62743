"""Angles, delays, Doppler shifts, Rice factors and noise levels, with posteriors."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
