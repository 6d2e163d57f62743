"""NR channel coding outside the graph: LDPC, rate matching, CRC, transport blocks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
