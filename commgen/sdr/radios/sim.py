"""Simulated air as a radio: frames are sent, and what arrives is received."""

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.sdr.radios.base import Radio, Samples

_BATCH = 32  # frames that are coded together


class StreamingAir(Protocol):
    """What :class:`commgen.sdr.air.air.Air` does."""

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Return what arrives of the next samples."""
        ...


class SimulatedRadio(Radio):
    """Receives a number of frames that came through simulated air.

    Parameters
    ----------
    frames
        Function from the numbers of frames, [n], to their samples, [n, frame_length].
    air
        What they go through.
    num_frames
        How many.
    sample_rate_hz
        Of the samples.
    paced
        Whether samples come no faster than in real time.

    Attributes
    ----------
    num_sent : int
        Frames that were sent so far.
    """

    name = "sim"

    def __init__(
        self,
        frames: Callable[[np.ndarray], np.ndarray],
        air: StreamingAir,
        num_frames: int,
        sample_rate_hz: float,
        *,
        paced: bool = False,
    ):
        self._frames, self._air = frames, air
        self.num_frames = check_int("num_frames", num_frames, low=1)
        self.sample_rate_hz = check_positive("sample_rate_hz", sample_rate_hz)
        self.paced = paced
        self.num_sent = 0
        self._received = 0
        self._begun = 0.0
        self._rest = np.empty(0, np.complex64)

    def open(self) -> None:
        """Begin."""
        self._begun = time.monotonic()

    def receive(self, num_samples: int) -> Samples | None:
        """Return what arrives; else as :class:`Radio`."""
        while not len(self._rest):
            numbers = np.arange(
                self.num_sent, min(self.num_sent + _BATCH, self.num_frames)
            )
            if not len(numbers):
                return None
            self._rest = self._air.push(self._frames(numbers).reshape(-1))
            self.num_sent += len(numbers)
        if self.paced:
            wait_until(self._begun + self._received / self.sample_rate_hz)
        values, self._rest = self._rest[:num_samples], self._rest[num_samples:]
        self._received += len(values)
        return Samples(values)

    def close(self) -> None:
        """There is nothing to let go of."""

    def facts(self) -> dict[str, Any]:
        """As :class:`Radio`."""
        told = {**super().facts(), "samples_received": self._received}
        return told | {"sample_rate_hz": self.sample_rate_hz}


def wait_until(monotonic_s: float) -> None:
    """Sleep until a time of the monotonic clock, if that is still to come."""
    left = monotonic_s - time.monotonic()
    if left > 0:
        time.sleep(left)
