"""What is known of one packet."""

from dataclasses import dataclass

import numpy as np

from commgen.sdr.recordings.wifi.fields import HtSignal, LegacySignal
from commgen.sdr.recordings.wifi.mac import MacFrame


@dataclass(frozen=True)
class Content:
    """The data of a packet.

    Parameters
    ----------
    rate_mbps
        Data rate; NaN where it was not decoded.
    frames
        One, or those of an A-MPDU; none where ``missing`` says why.
    missing
        Empty, or why there are none.
    x_hat : [num_symbols, n], complex
        Equalised data symbols.
    """

    rate_mbps: float = float("nan")
    frames: tuple[MacFrame, ...] = ()
    missing: str = ""
    x_hat: np.ndarray | None = None

    @property
    def fcs_ok(self) -> bool:
        """Whether it was decoded, and each frame's check is right."""
        return bool(self.frames) and all(frame.fcs_ok for frame in self.frames)


@dataclass(frozen=True)
class Packet:
    """One packet.

    Parameters
    ----------
    start, end
        Samples: of its first long training symbol, and behind it.
    snr_db, cfo_hz
        Of the training symbols.
    signal
        What L-SIG says, or HT-SIG.
    content
        Its data.
    """

    start: int
    end: int
    snr_db: float
    cfo_hz: float
    signal: LegacySignal | HtSignal
    content: Content

    @property
    def is_ht(self) -> bool:
        """Whether it is of 802.11n."""
        return isinstance(self.signal, HtSignal)
