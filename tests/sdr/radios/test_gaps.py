"""What is missing is told by times, and stands as zeros."""

from dataclasses import dataclass

import numpy as np
import pytest

from commgen.sdr.radios.gaps import GappedReceiver
from commgen.sdr.radios.rx_time import ReceptionTimes


@dataclass(frozen=True)
class Peak:
    start: int


class PeakReceiver:
    """Finds samples of 1; holds them back until ten more have come."""

    def __init__(self):
        self.estimator = self.threshold = None
        self.samples, self.told = np.empty(0), 0

    def push(self, samples):
        self.samples = np.concatenate([self.samples, samples])
        return self._found(len(self.samples) - 10)

    def finish(self):
        return self._found(len(self.samples))

    def _found(self, end):
        places = np.flatnonzero(self.samples[:end] == 1)
        places = places[places >= self.told]
        self.told = max(end, self.told)
        return [Peak(int(place)) for place in places]


@pytest.mark.parametrize("lost", [0, 3, 8192, 20_000, 5_000_000])
def test_starts_count_what_is_missing(lost):
    before, after = np.zeros(50), np.zeros(60)
    before[[4, 49]] = after[[0, 30, 59]] = 1
    gapped = GappedReceiver(PeakReceiver())
    frames = gapped.push(before) + gapped.push(after, lost) + gapped.finish()
    places = [4, 49] + [50 + lost + place for place in (0, 30, 59)]
    assert [frame.start for frame in frames] == places
    assert gapped.num_samples == 110 + lost


def test_two_long_gaps_add_up():
    gapped = GappedReceiver(PeakReceiver())
    peak = np.r_[1, np.zeros(99)]
    frames = gapped.push(peak) + gapped.push(peak, 30_000) + gapped.push(peak, 40_000)
    assert [frame.start for frame in frames] == [0, 30_100, 70_200]


def test_times_tell_a_gap_to_the_sample():
    """At a time of today a double alone has steps of 0.2 us."""
    times = ReceptionTimes(1.92e6)
    now = 1_764_500_000
    assert times.lost(0, now, 0.999999) == 0
    assert times.lost(2000, now + 1, 0.999999 + 2000 / 1.92e6 - 1) == 0
    assert times.lost(3000, now + 1, 0.999999 + (3000 + 17) / 1.92e6 - 1) == 17
    full, part = times.time_of(3017)
    assert full == now + 1
    assert part == pytest.approx(0.999999 + 3017 / 1.92e6 - 1, abs=1e-9)


def test_without_a_time_there_is_none():
    assert ReceptionTimes(1e6).time_of(0) is None
