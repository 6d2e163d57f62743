"""An exported model, or an estimator, on grids that another receiver cut out."""

from collections.abc import Callable
from typing import Any

import numpy as np

from commgen.frame.frame import Frame
from commgen.sdr._gnuradio import gnuradio
from commgen.sdr._kept import answers_errors, keeps_errors
from commgen.sdr.blocks.simulated_air import settings
from commgen.sdr.reception.slots import Measured, as_slot_receiver

gr, pmt = gnuradio("gr"), gnuradio("pmt")

_MOST = 64  # grids at a time: what they need stays in the cache


class model_estimator(gr.sync_block):
    """Make LLRs and channel estimates of received grids.

    Parameters
    ----------
    frame
        The grid.
    estimator
        Name, estimator or slot receiver, as of
        :class:`~commgen.sdr.reception.receiver.FrameReceiver`.
    estimators
        Function from the name in a command to one of them.

    Ports
    -----
    in 0 : complex64, vectors of num_ofdm_symbols * num_effective_subcarriers
        Received grids, of a channel of about unit power.
    in 1 : float32
        Noise variance of each grid.
    out 0 : float32, vectors of num_coded_bits
        LLRs, ln p(1) / p(0).
    out 1 : complex64, vectors as in 0
        Channel estimates.
    command : message, in
        A dictionary, or a pair: ``estimator`` holds from the next grids on.
    """

    def __init__(
        self,
        frame: Frame,
        estimator: Any = "lmmse",
        *,
        estimators: Callable[[str], Any] | None = None,
    ):
        size = frame.pilot_mask.size
        gr.sync_block.__init__(
            self,
            "model_estimator",
            in_sig=[(np.complex64, size), np.float32],
            out_sig=[(np.float32, frame.num_coded_bits), (np.complex64, size)],
        )
        self.error: Exception | None = None
        self.refused: Exception | None = None
        self.frame = frame
        self.estimator = as_slot_receiver(estimator, frame)
        self._estimators = estimators or (lambda name: name)
        self.message_port_register_in(pmt.intern("command"))
        self.set_msg_handler(pmt.intern("command"), self.handle_command)

    @keeps_errors
    def work(self, input_items: Any, output_items: Any) -> int:
        """Receive up to 64 grids."""
        count = min(len(input_items[0]), _MOST)
        y = input_items[0][:count].reshape(count, *self.frame.grid_shape)
        no = input_items[1][:count].copy()
        zero = np.zeros(count)
        measured = Measured(-10 * np.log10(no), zero, zero, zero)
        slots = self.estimator.receive(y.copy(), no, measured)
        output_items[0][:count] = slots.llr
        output_items[1][:count] = slots.h_hat.reshape(count, -1)
        return count

    @answers_errors
    def handle_command(self, message: Any) -> None:
        """Change the estimator."""
        for name, value in settings(message).items():
            if name != "estimator":
                raise ValueError(f"a command must be estimator, got {name!r}.")
            found = self._estimators(value)
            self.estimator = as_slot_receiver(found, self.frame)
