"""Receivers that use an estimate's error, estimate again from data, or are learned.

The neural receiver is imported by its own names: ``neural``, ``neural_files`` and
``neural_training``, which bring links and networks along.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
