"""Whether the simulator is right: against theory, published numbers and standards."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
