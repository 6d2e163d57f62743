"""The NR uplink as TS 38.104 tests it: PUSCH, HARQ, throughput."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
