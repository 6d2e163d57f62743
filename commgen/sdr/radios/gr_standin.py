"""What stands for ``gnuradio.uhd`` where there is no USRP; it can fail as one does."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from commgen.sdr._gnuradio import gnuradio
from commgen.sdr.radios.uhd_calls import SINK_CALLS, SOURCE_CALLS

gr, pmt = gnuradio("gr"), gnuradio("pmt")

_CLOCK_HZ = 61.44e6  # the rate is a whole part of it
_PACKET = 4096  # samples that come at once
_CHOICES = {
    "set_antenna": ("TX/RX", "RX2"),
    "set_clock_source": ("internal", "external", "gpsdo"),
    "set_time_source": ("none", "external", "gpsdo"),
}
_UNDERFLOW = 0x2


@dataclass(frozen=True)
class Faults:
    """What goes wrong, and when; nothing by default.

    Attributes
    ----------
    absent
        No device answers.
    overflow_every, overflow_lost
        After so many samples so many are lost.
    silent_after, restarts
        After so many samples none comes, until the stream was started again so often.
    vanish_after
        After so many samples the driver raises, as when the cable is pulled.
    underflow_every
        After so many sent samples the device says that it had none.
    """

    absent: bool = False
    overflow_every: int = 0
    overflow_lost: int = 10_000
    silent_after: int = 0
    restarts: int = 1 << 30
    vanish_after: int = 0
    underflow_every: int = 0


class StandIn:
    """Has the names of ``gnuradio.uhd`` that a radio needs.

    The classes take each call that the real ones have, and no other; what they do not
    act on they remember.

    Parameters
    ----------
    signal
        Returns the next ``n`` samples on the air, complex64.
    faults
        What goes wrong.

    Attributes
    ----------
    source, sink
        The last ones that were made.
    """

    STREAM_MODE_START_CONTINUOUS = "start"
    STREAM_MODE_STOP_CONTINUOUS = "stop"

    def __init__(
        self,
        signal: Callable[[int], np.ndarray],
        faults: Faults = Faults(),
    ):
        self._signal, self._faults = signal, faults
        self.source: Any = None
        self.sink: Any = None

    def stream_args(self, cpu_format: str, channels: list[int]) -> Any:
        """As UHD's: only complex floats of one channel."""
        if cpu_format != "fc32" or list(channels) != [0]:
            raise RuntimeError(f"ValueError: no {cpu_format} of channels {channels}")
        return SimpleNamespace(cpu_format=cpu_format, channels=channels)

    def tune_request(self, freq: float) -> Any:
        """As UHD's."""
        return SimpleNamespace(target_freq=float(freq))

    def time_spec(self, seconds: float) -> Any:
        """As UHD's."""
        return SimpleNamespace(get_real_secs=lambda: float(seconds))

    def stream_cmd(self, mode: str) -> Any:
        """As UHD's."""
        return SimpleNamespace(stream_mode=mode, stream_now=False)

    def usrp_source(self, args: str, stream_args: Any) -> Any:
        """Make the receiver."""
        self._check_there(args)
        self.source = stand_in_source(self._signal, self._faults)
        return self.source

    def usrp_sink(self, args: str, stream_args: Any) -> Any:
        """Make the transmitter."""
        self._check_there(args)
        self.sink = stand_in_sink(self._faults)
        return self.sink

    def _check_there(self, args: str) -> None:
        if self._faults.absent:
            raise RuntimeError(
                "LookupError: KeyError: No devices found for ----->\nDevice Address:\n"
                f"    {args.replace('=', ': ')}\n"
            )


class _calls:
    """What both have: settings that are remembered, some of them checked."""

    def __init__(self, faults: Faults):
        self.values: dict[str, Any] = {}
        self.faults = faults

    def get_samp_rate(self) -> float:
        """Return the rate that the clock makes of the one asked for."""
        asked = self.values.get("samp_rate", 1e6)
        return _CLOCK_HZ / max(round(_CLOCK_HZ / asked), 1)

    def get_usrp_info(self, chan: int = 0) -> dict[str, str]:
        """Return what identifies the device."""
        return {"mboard_id": "stand-in", "mboard_serial": "0"}


def _remembering(name: str, low: int, high: int) -> Callable[..., Any]:
    """Make a call of which only the number of its arguments is checked, or a choice."""

    def call(self: Any, *args: Any, **named: Any) -> Any:
        count = len(args) + len(named)
        if not low <= count <= high:
            raise TypeError(f"{name} takes {low} to {high} arguments, got {count}.")
        verb, _, what = name.partition("_")
        value = args[0] if args else next(iter(named.values()), None)
        if name in _CHOICES and value not in _CHOICES[name]:
            raise RuntimeError(f"LookupError: KeyError: {name}: no {value}")
        if verb == "set":
            self.values[what] = value
            return None
        return self.values.get(what) if verb == "get" else None

    return call


def _with(calls: dict[str, tuple[int, int]]) -> Callable[[type], type]:
    def fill(kind: type) -> type:
        for name, (low, high) in calls.items():
            if name not in dir(kind):
                setattr(kind, name, _remembering(name, low, high))
        return kind

    return fill


@_with(SOURCE_CALLS)
class stand_in_source(_calls, gr.sync_block):
    """Stream a signal as a USRP source does, as fast as it is taken.

    Ports
    -----
    out 0 : complex64
        The signal; ``rx_time`` on the first sample, and behind each overflow.
    command : message
        Settings: "freq", "gain", "antenna".
    """

    def __init__(self, signal: Callable[[int], np.ndarray], faults: Faults):
        gr.sync_block.__init__(self, "usrp_source", None, [np.complex64])
        _calls.__init__(self, faults)
        self._signal = signal
        self._time = 0  # samples of the air so far
        self._sent = 0  # of those, what got through
        self._began = time.time()
        self._told = False
        self._starts = 0
        self._silent = False
        self.message_port_register_in(pmt.intern("command"))
        self.set_msg_handler(pmt.intern("command"), self.command)

    def set_time_now(self, time_spec: Any, mboard: int = 0) -> None:
        """Set the clock."""
        self._began = time_spec.get_real_secs()

    def issue_stream_cmd(self, cmd: Any) -> None:
        """Stop, or start again; what is on the air meanwhile is lost."""
        if cmd.stream_mode == StandIn.STREAM_MODE_START_CONTINUOUS:
            self._starts += 1
            if self._silent and self._starts >= self.faults.restarts:
                self._lose(self.faults.overflow_lost)

    def command(self, message: Any) -> None:
        """Take settings by message."""
        self.values |= pmt.to_python(message)

    def work(self, input_items: Any, output_items: Any) -> int:
        """Stream the next packet."""
        faults = self.faults
        count = min(len(output_items[0]), _PACKET)
        if faults.vanish_after and self._sent >= faults.vanish_after:
            raise RuntimeError(
                "EnvironmentError: IOError: usb rx8 transfer status: NO_DEVICE"
            )
        if self._is_silent():
            time.sleep(0.01)
            return 0
        if faults.overflow_every:
            left = faults.overflow_every - self._sent % faults.overflow_every
            if left == faults.overflow_every and self._sent:
                self._lose(faults.overflow_lost)
            count = min(count, left)
        self._tell_time()
        output_items[0][:count] = self._signal(count)
        self._time += count
        self._sent += count
        return count

    def _is_silent(self) -> bool:
        if not self.faults.silent_after or self._sent < self.faults.silent_after:
            return False
        begins, self._silent = not self._silent, True
        return begins or self._starts < self.faults.restarts

    def _lose(self, count: int) -> None:
        self._signal(count)
        self._time += count
        self._told = False

    def _tell_time(self) -> None:
        if self._told:
            return
        full, part = divmod(self._began, 1)
        passed = self._time / self.get_samp_rate()
        full, part = full + (part + passed) // 1, (part + passed) % 1
        value = pmt.make_tuple(pmt.from_uint64(int(full)), pmt.from_double(part))
        self.add_item_tag(0, self.nitems_written(0), pmt.intern("rx_time"), value)
        self._told = True


@_with(SINK_CALLS)
class stand_in_sink(_calls, gr.sync_block):
    """Take what is sent, as a USRP sink does.

    Ports
    -----
    in 0 : complex64
        Samples.
    async_msgs : message, out
        Underflows.
    """

    def __init__(self, faults: Faults):
        gr.sync_block.__init__(self, "usrp_sink", [np.complex64], None)
        _calls.__init__(self, faults)
        self.num_samples = 0
        self.message_port_register_out(pmt.intern("async_msgs"))

    def work(self, input_items: Any, output_items: Any) -> int:
        """Count what came, and complain as often as told."""
        count, every = len(input_items[0]), self.faults.underflow_every
        before = self.num_samples // every if every else 0
        self.num_samples += count
        for _ in range(before, self.num_samples // every if every else 0):
            told = pmt.dict_add(
                pmt.make_dict(), pmt.intern("event_code"), pmt.from_long(_UNDERFLOW)
            )
            message = pmt.cons(pmt.intern("uhd_async_msg"), told)
            self.message_port_pub(pmt.intern("async_msgs"), message)
        return count
