"""A run's USRP, or its stand-in; frames are sent through it where that is asked for."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from commgen.sdr.air.air import Air
from commgen.sdr.live.config import RunConfig
from commgen.sdr.radios.uhd import UhdRadio
from commgen.sdr.waveform.numbered import NumberedFrames

_BATCH = 32  # frames that are coded together
#: As device address: no hardware, but simulated air behind all calls of UHD's classes.
STAND_IN = "stand-in"


class SendingUsrp(UhdRadio):
    """A USRP that also sends frames 0, 1, 2 and so on, at an amplitude that fits.

    Attributes
    ----------
    frames_sent : int
        Frames handed to the device.
    """

    _AMPLITUDE = 0.25  # peaks of OFDM are 10 dB over its mean, and the limit is 1

    def __init__(self, frames: NumberedFrames, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self._frames = frames
        self._sender: threading.Thread | None = None
        self._ends = threading.Event()
        self.frames_sent = 0

    def open(self) -> None:
        """Open the device and begin to send; else as :class:`UhdRadio`."""
        super().open()
        if self.sends:
            self._sender = threading.Thread(target=self._send_all, daemon=True)
            self._sender.start()

    def close(self) -> None:
        """Stop both ways; a second time does nothing."""
        self._ends.set()
        super().close()
        if self._sender is not None:
            self._sender.join()

    def facts(self) -> dict[str, Any]:
        """As :class:`UhdRadio`, with the frames that were sent."""
        return {**super().facts(), "frames_sent": self.frames_sent}

    def _send_all(self) -> None:
        while not self._ends.is_set():
            numbers = np.arange(self.frames_sent, self.frames_sent + _BATCH)
            try:
                self.send(self._AMPLITUDE * self._frames(numbers).reshape(-1))
            except OSError:  # the radio was closed while this one waited
                return
            self.frames_sent += _BATCH


def usrp_radio(config: RunConfig, frames: NumberedFrames) -> UhdRadio:
    """Return the USRP of a run, not opened yet."""
    usrp = config.usrp
    stand_in = None
    if usrp.args.partition(",")[0] == STAND_IN:
        stand_in = _stand_in(config, frames)
    return SendingUsrp(
        frames,
        usrp.frequency_hz,
        config.frame.sample_rate_hz,
        args=usrp.args,
        gain_db=usrp.gain_db,
        antenna=usrp.antenna,
        clock_source=usrp.clock_source,
        time_source=usrp.time_source,
        sends=usrp.sends,
        uhd=stand_in,
    )


def _stand_in(config: RunConfig, frames: NumberedFrames) -> Any:
    """Make the stand-in of an address such as "stand-in,overflow_every=100000"."""
    from commgen.sdr.radios.gr_standin import Faults, StandIn

    faults = {}
    for entry in config.usrp.args.split(",")[1:]:
        name, _, value = entry.partition("=")
        if name not in Faults.__dataclass_fields__ or not value.isdigit():
            known = ", ".join(Faults.__dataclass_fields__)
            raise ValueError(
                f"args must hold faults of the stand-in ({known}) and numbers, "
                f"got {entry!r}."
            )
        faults[name] = int(value)
    return StandIn(air_signal(config, frames), Faults(**faults))


def air_signal(
    config: RunConfig, frames: NumberedFrames
) -> Callable[[int], np.ndarray]:
    """Return a function that gives the next samples on simulated air."""
    air, number, rest = Air(config.air, config.frame), 0, np.empty(0, np.complex64)

    def signal(count: int) -> np.ndarray:
        nonlocal number, rest
        while len(rest) < count:
            sent = frames(np.arange(number, number + _BATCH)).reshape(-1)
            rest = np.concatenate([rest, air.push(sent)])
            number += _BATCH
        values, rest = rest[:count], rest[count:]
        return values

    return signal
