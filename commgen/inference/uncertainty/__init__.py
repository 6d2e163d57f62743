"""What an estimate's promise is worth, and what to do where it is worth nothing."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
