"""What the tests of GNU Radio blocks share: doubles of what the blocks adapt."""

from dataclasses import dataclass, field

import numpy as np
import pytest

LENGTH = 100


@dataclass(frozen=True)
class Found:
    start: int
    estimator: str
    bits: np.ndarray = field(default_factory=lambda: np.tile(np.uint8([1, 0]), 8))
    crc_ok: bool = True
    snr_db: float = 12.5
    cfo_hz: float = -321.0
    delay_s: float = 1e-6
    evm_db: float = -13.0


class MarkReceiver:
    """Finds frames by a first sample of 1; the rest of them must have come, too."""

    def __init__(self, estimator="lmmse", threshold=0.5):
        self.estimator, self.threshold = estimator, threshold
        self.samples = np.empty(0, np.complex64)
        self.told = 0

    def push(self, samples):
        self.samples = np.concatenate([self.samples, samples])
        return self._found(len(self.samples) - LENGTH + 1)

    def finish(self):
        return []

    def _found(self, end):
        places = self.told + np.flatnonzero(self.samples[self.told : end] == 1)
        self.told = max(self.told, end)
        return [Found(int(place), self.estimator) for place in places]


@pytest.fixture
def receiver():
    return MarkReceiver()


@pytest.fixture
def marked():
    """Return samples of ``n`` frames of 100 samples, the first of each a 1."""

    def make(n):
        return np.tile(np.r_[1, np.zeros(LENGTH - 1)], n).astype(np.complex64)

    return make
