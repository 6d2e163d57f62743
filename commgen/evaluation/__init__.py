"""Judge generated channels against held-out truth, by measures that can fail.

Nothing here loads TensorFlow but the downstream tasks, and the loading of a model.
"""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
