"""The contract of feedback: channel to bits, bits to what is then known."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.generative.model import Posterior, check_channels


@dataclass(frozen=True)
class Report:
    """What terminals report of their channels: bits, counted one by one.

    Parameters
    ----------
    bits : [n] arrays of [num_bits], uint8
        Of each channel.
    """

    bits: tuple[np.ndarray, ...]

    @property
    def num_bits(self) -> np.ndarray:
        """Bits of each, [n], int."""
        return np.array([len(b) for b in self.bits])


class Codec(ABC):
    """Channels to bits and back.

    Parameters
    ----------
    event_shape
        Shape of one channel.
    """

    def __init__(self, event_shape: tuple[int, ...]):
        self.event_shape = tuple(event_shape)

    def encode(self, h: Any) -> Report:
        """Return the bits of channels [n, *event_shape], complex.

        Raises
        ------
        ValueError
            If the channels are not as
            :func:`~commgen.generative.model.check_channels` asks.
        """
        return self._encode(check_channels("h", h, self.event_shape))

    @abstractmethod
    def _encode(self, h: np.ndarray) -> Report:
        """Return the bits of checked channels."""

    @abstractmethod
    def decode(self, report: Report) -> Posterior:
        """Return what is known of the channels, [n, *event_shape].

        Raises
        ------
        ValueError
            If the bits are none that :meth:`encode` writes, such as a stream that was
            cut short.
        """
