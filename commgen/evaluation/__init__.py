"""Judge generated channels against held-out truth, by measures that can fail.

Nothing here loads TensorFlow but the downstream tasks, and the loading of a model.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
