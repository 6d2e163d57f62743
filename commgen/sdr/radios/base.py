"""What every radio can do: hand out samples, say what was lost, send, close."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Samples:
    """A stretch of samples without a gap inside.

    Attributes
    ----------
    values : [n], complex64
        The samples; full scale of the radio is an amplitude of 1.
    lost
        Samples that are missing right before them.
    time
        When the first of them was received, whole seconds since 1970 and their
        fraction; None where the radio does not say.
    """

    values: np.ndarray
    lost: int = 0
    time: tuple[int, float] | None = None


class Radio(ABC):
    """A source of samples, and mostly a sink: a file, a process, a USRP, simulated air.

    Used as ``with radio:``, which opens and closes it.

    Attributes
    ----------
    name
        As ``--radio`` calls it.
    sample_rate_hz
        Of what is received and sent; known once the radio is open.
    """

    name: str
    sample_rate_hz: float

    @abstractmethod
    def open(self) -> None:
        """Begin to stream; OSError or ValueError says in one line why it cannot."""

    @abstractmethod
    def receive(self, num_samples: int) -> Samples | None:
        """Return up to ``num_samples``, at least one; None when the stream has ended.

        Raises
        ------
        OSError
            If the radio fails: it is gone, silent, or holds what is no signal.
        """

    def send(self, samples: np.ndarray) -> None:
        """Send complex64 samples [n] behind those sent before."""
        raise NotImplementedError(f"the radio {self.name} does not send.")

    @abstractmethod
    def close(self) -> None:
        """End the stream and let go of the device; a second time does nothing."""

    def facts(self) -> dict[str, Any]:
        """Return what the card of a run says: names, rates, counts of what went wrong.

        ``samples_received``, ``samples_lost``, ``overflows`` and ``underruns`` are
        always there.
        """
        return {
            "samples_received": 0,
            "samples_lost": 0,
            "overflows": 0,
            "underruns": 0,
        }

    def __enter__(self) -> "Radio":
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
