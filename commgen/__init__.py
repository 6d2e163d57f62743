"""Generative AI for the radio physical layer, from a measured channel to a receiver.

Importing this package loads neither TensorFlow nor any other heavy library: import
the room that you need, such as :mod:`commgen.channels` or :mod:`commgen.phy`.
"""

__version__ = "0.1.0"
