"""Channel files, the catalogue of measured sets, importers and splits.

Nothing here needs TensorFlow.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
