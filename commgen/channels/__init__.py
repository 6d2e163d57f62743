"""Where channels come from: 3GPP models, recordings, and generative models.

Every source is a Sionna ``ChannelModel``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
