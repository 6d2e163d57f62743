"""Channel files, the catalogue of measured sets, importers and splits.

Nothing here needs TensorFlow.
"""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
