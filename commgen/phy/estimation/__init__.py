"""Channel estimators, all Sionna blocks ``(y, no) -> h_hat, err_var``."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
