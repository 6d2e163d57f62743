"""The air between two antennas, without antennas."""

from typing import Any, Protocol

import numpy as np

from commgen.sdr._gnuradio import gnuradio
from commgen.sdr._kept import BUFFER_ITEMS, answers_errors, keeps_errors

gr, pmt = gnuradio("gr"), gnuradio("pmt")

_SETTINGS = ("snr_db", "cfo_hz")


class StreamingAir(Protocol):
    """What :class:`commgen.sdr.air.air.Air` does with a stream of samples."""

    snr_db: Any
    cfo_hz: Any

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Return what the next samples become; there may be a few more or fewer."""
        ...


class simulated_air(gr.basic_block):
    """Fading, noise, offsets and interference, in the flowgraph.

    Parameters
    ----------
    air
        What the samples go through; it keeps its state from call to call.

    Ports
    -----
    in 0, out 0 : complex64
        Sent and received samples. A clock error makes a few more or fewer of them.
    command : message
        A dictionary, or a pair: ``snr_db`` and ``cfo_hz`` hold from the next samples
        on.
    """

    def __init__(self, air: StreamingAir):
        gr.basic_block.__init__(
            self, "simulated_air", in_sig=[np.complex64], out_sig=[np.complex64]
        )
        self.set_min_output_buffer(BUFFER_ITEMS)
        self.set_tag_propagation_policy(gr.TPP_DONT)  # they would be at other samples
        self.error: Exception | None = None
        self.refused: Exception | None = None
        self.air = air
        self._rest = np.empty(0, np.complex64)
        self.message_port_register_in(pmt.intern("command"))
        self.set_msg_handler(pmt.intern("command"), self.handle_command)

    def forecast(self, noutput_items: int, ninputs: int) -> list[int]:
        """Ask for any samples at all."""
        return [1] * ninputs

    @keeps_errors
    def general_work(self, input_items: Any, output_items: Any) -> int:
        """Push what is there; hand out what there is room for."""
        out = output_items[0]
        if not len(self._rest):
            count = min(len(input_items[0]), len(out))
            self._rest = self.air.push(input_items[0][:count])
            self.consume(0, count)
        count = min(len(self._rest), len(out))
        out[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    @answers_errors
    def handle_command(self, message: Any) -> None:
        """Change settings of the air that it has."""
        for name, value in settings(message).items():
            if name not in _SETTINGS:
                raise ValueError(f"a command must be snr_db or cfo_hz, got {name!r}.")
            setattr(self.air, name, value)


def settings(message: Any) -> dict[str, Any]:
    """Return name and value of what a command asks for.

    Raises
    ------
    ValueError
        If it is neither a dictionary nor a pair with a name in front.
    """
    found = pmt.to_python(message)
    if isinstance(found, tuple) and len(found) == 2:
        found = dict([found])
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise ValueError(f"a command must be a dictionary or a pair, got {message}.")
    return found
