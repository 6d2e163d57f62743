"""NR channel coding outside the graph: LDPC, rate matching, CRC, transport blocks."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
