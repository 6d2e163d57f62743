"""The NR uplink as TS 38.104 tests it: PUSCH, HARQ, throughput."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
