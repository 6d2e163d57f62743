"""Samples to and from another process, through GNU Radio's ZeroMQ blocks."""

from typing import Any

from commgen._checks import check_positive
from commgen.sdr._flowgraph import Flowgraph
from commgen.sdr._gnuradio import gnuradio
from commgen.sdr.radios.flow_radio import FlowRadio

_TIMEOUT_MS = 100


class ZmqRadio(FlowRadio):
    """Requests samples from one address, and answers requests for its own at another.

    Each side asks for what it can take (REQ and REP), so that nothing is lost and the
    slower one sets the pace: it is no clock, and a stream that falls behind real time
    says so only by the time it takes.

    Parameters
    ----------
    sample_rate_hz
        What one second of the stream is; nobody keeps it.
    receive_from, send_at
        Such as "tcp://127.0.0.1:5555"; "tcp://127.0.0.1:*" sends at a free port, which
        :attr:`address` tells. Empty ones leave that direction out.
    patience_s
        Silence that means the end of a stream, or that nobody sends.

    Raises
    ------
    ValueError
        If there is no address at all.
    """

    name = "zmq"

    def __init__(
        self,
        sample_rate_hz: float,
        *,
        receive_from: str = "",
        send_at: str = "",
        patience_s: float = 3.0,
    ):
        super().__init__(patience_s=patience_s)
        self.sample_rate_hz = check_positive("sample_rate_hz", sample_rate_hz)
        if not receive_from and not send_at:
            raise ValueError("receive_from or send_at must be an address, got none.")
        self.receive_from, self.send_at = receive_from, send_at
        self._sink: Any = None

    @property
    def address(self) -> str:
        """Where others may ask for samples, once it is open."""
        return self._sink.last_endpoint() if self._sink is not None else ""

    def _build(self, flow: Flowgraph) -> tuple[Any, Any]:
        zeromq = gnuradio("zeromq")
        from commgen.sdr.radios.gr_bridge import samples_in, samples_out

        out, into = None, None
        if self.receive_from:
            out = samples_out(self.sample_rate_hz)
            flow.connect(_made(zeromq.req_source, self.receive_from), out)
        if self.send_at:
            into = samples_in()
            self._sink = _made(zeromq.rep_sink, self.send_at)
            flow.connect(into, self._sink)
        return out, into

    def finish(self) -> None:
        """Wait until all that was sent has been asked for."""
        if self._in is not None and self.flow is not None:
            self._in.finish()
            self.flow.wait()

    def _restart(self) -> bool:
        """There is nothing to start: a stream that has begun has ended."""
        if not self._received:
            raise OSError(
                f"nobody sends at {self.receive_from}: no sample for "
                f"{self.patience_s:g} s."
            )
        return False

    def facts(self) -> dict[str, Any]:
        """As :class:`FlowRadio`, with the addresses."""
        told = {**super().facts(), "sample_rate_hz": self.sample_rate_hz}
        return told | {"receive_from": self.receive_from, "send_at": self.address}


def _made(kind: Any, address: str) -> Any:
    """Return a block of complex samples at an address."""
    try:
        return kind(gnuradio("gr").sizeof_gr_complex, 1, address, _TIMEOUT_MS)
    except RuntimeError as error:  # zmq::error_t
        raise OSError(f"ZeroMQ cannot use {address}: {error}.") from error
