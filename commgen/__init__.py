"""Generative AI for the radio physical layer, from a measured channel to a receiver.

Importing this package loads neither TensorFlow nor any other heavy library; a room is
loaded when it is asked for, as ``commgen.channels`` or by an import, and a name of it
loads what it needs.
"""

from commgen._lazy import attach

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = attach(__name__, __file__)
