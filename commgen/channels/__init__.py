"""Where channels come from: 3GPP models, recordings, and generative models.

Every source is a Sionna ``ChannelModel``.
"""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
