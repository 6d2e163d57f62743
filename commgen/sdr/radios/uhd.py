"""A USRP, through GNU Radio's UHD blocks."""

import os
import re
import time
from typing import Any

from commgen._checks import check_positive
from commgen.sdr._flowgraph import Flowgraph
from commgen.sdr._gnuradio import gnuradio
from commgen.sdr.radios.flow_radio import FlowRadio

_RESTARTS = 3  # of a stream that stays silent
_RATE_TOLERANCE = 1e-6  # half a sample of a frame of 2,183 is 2e-4


class UhdRadio(FlowRadio):
    """Receives, and sends where asked to, with a USRP.

    Overflows are counted by the jumps of ``rx_time``, underruns by the device's
    asynchronous messages. A stream that falls silent is started again, three times;
    then it is an error.

    Parameters
    ----------
    frequency_hz, sample_rate_hz
        Of the carrier, and of samples.
    args
        UHD's device address, such as "addr=192.168.10.2". An empty one searches all
        networks.
    gain_db, antenna, clock_source, time_source
        As UHD names them; None and "" leave the device's own.
    sends
        Also open the transmitter.
    patience_s
        Silence after which the stream is started again.
    uhd
        What stands for the module ``gnuradio.uhd``.
    """

    name = "uhd"

    def __init__(
        self,
        frequency_hz: float,
        sample_rate_hz: float,
        *,
        args: str = "",
        gain_db: float | None = None,
        antenna: str = "",
        clock_source: str = "",
        time_source: str = "",
        sends: bool = False,
        patience_s: float = 0.25,
        uhd: Any = None,
    ):
        super().__init__(patience_s=patience_s)
        self.frequency_hz = check_positive("frequency_hz", frequency_hz)
        self.sample_rate_hz = check_positive("sample_rate_hz", sample_rate_hz)
        self.args, self.gain_db, self.antenna = args, gain_db, antenna
        self.clock_source, self.time_source = clock_source, time_source
        self.sends = sends
        self._uhd = uhd
        self._source: Any = None
        self._monitor: Any = None
        self._restarts = 0
        self._heard = 0  # samples that had come at the last restart
        self._device: dict[str, str] = {}

    def _build(self, flow: Flowgraph) -> tuple[Any, Any]:
        # Its log would say once more what is raised, or print an O for each overflow.
        os.environ.setdefault("UHD_LOG_CONSOLE_LEVEL", "off")
        os.environ.setdefault("UHD_LOG_FASTPATH_DISABLE", "1")
        uhd = self._uhd or gnuradio("uhd")
        from commgen.sdr.radios.gr_bridge import samples_in, samples_out

        try:
            self._source = self._configured(uhd, uhd.usrp_source)
            sink = self._configured(uhd, uhd.usrp_sink) if self.sends else None
        except RuntimeError as error:
            raise OSError(f"{self._address()}: {_one_line(error)}") from error
        out = samples_out(self.sample_rate_hz)
        flow.connect(self._source, out)
        if sink is None:
            return out, None
        from commgen.sdr.radios.gr_async import async_monitor

        into, self._monitor = samples_in(), async_monitor()
        flow.connect(into, sink)
        flow.connect_messages(sink, "async_msgs", self._monitor, "in")
        return out, into

    def _configured(self, uhd: Any, kind: Any) -> Any:
        """Return a source or sink with all that was asked for."""
        device = kind(self.args, uhd.stream_args(cpu_format="fc32", channels=[0]))
        if self.clock_source:
            device.set_clock_source(self.clock_source, 0)
        if self.time_source:
            device.set_time_source(self.time_source, 0)
        device.set_samp_rate(self.sample_rate_hz)
        made = device.get_samp_rate()
        if abs(made / self.sample_rate_hz - 1) > _RATE_TOLERANCE:
            raise ValueError(
                f"{self._address()} must run at {self.sample_rate_hz:g} samples a "
                f"second, it makes {made:g} of its clock."
            )
        device.set_center_freq(uhd.tune_request(self.frequency_hz), 0)
        if self.gain_db is not None:
            device.set_gain(self.gain_db, 0)
        if self.antenna:
            device.set_antenna(self.antenna, 0)
        self._set_time(uhd, device)
        self._device = dict(device.get_usrp_info(0))
        return device

    def _set_time(self, uhd: Any, device: Any) -> None:
        """Let the device's clock tell UTC, to the pulse where there is one."""
        if self.time_source in ("", "none", "internal"):
            device.set_time_now(uhd.time_spec(time.time()))
        else:
            device.set_time_unknown_pps(uhd.time_spec(float(int(time.time()) + 1)))

    def _restart(self) -> bool:
        """Start the stream again; OSError when that has not helped."""
        if self._received > self._heard:
            self._restarts, self._heard = 0, self._received
        if self._restarts == _RESTARTS:
            raise OSError(
                f"{self._address()} is silent: no sample for "
                f"{(_RESTARTS + 1) * self.patience_s:g} s, after {self._received}; it "
                f"was started again {_RESTARTS} times."
            )
        self._restarts += 1
        uhd = self._uhd or gnuradio("uhd")
        for mode in (uhd.STREAM_MODE_STOP_CONTINUOUS, uhd.STREAM_MODE_START_CONTINUOUS):
            command = uhd.stream_cmd(mode)
            command.stream_now = True
            self._source.issue_stream_cmd(command)
        return True

    def facts(self) -> dict[str, Any]:
        """As :class:`FlowRadio`, with what the device says of itself."""
        told = {**super().facts(), "frequency_hz": self.frequency_hz}
        told |= {"sample_rate_hz": self.sample_rate_hz, "device": self._device}
        if self._monitor is not None:
            told["underruns"] = self._monitor.underruns
        return told

    def _address(self) -> str:
        return f"the USRP at {self.args!r}" if self.args else "the USRP"


def _one_line(error: Exception) -> str:
    """Return UHD's message in a line, without the names of its own exceptions."""
    text = " ".join(str(error).replace("----->", "").split())
    return re.sub(r"^(\w+Error: )+", "", text).rstrip(".") + "."
