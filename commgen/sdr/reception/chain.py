"""All that happens to a frame once it has been found."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from commgen.frame.frame import Frame
from commgen.sdr.reception.decoding import decode_slots, error_vector_db
from commgen.sdr.reception.received import ReceivedFrame
from commgen.sdr.reception.search import Candidate
from commgen.sdr.reception.slots import Measured, SlotReceiver, as_slot_receiver
from commgen.sdr.reception.tuning import PilotTuner
from commgen.sdr.reception.windows import received_grids

_BATCH = 64  # frames at a time: what they need stays in the cache


class FrameChain:
    """Cut out, tune, estimate, decode; many frames at once.

    Parameters
    ----------
    frame
        What was sent.
    estimator
        As of :class:`~commgen.sdr.reception.receiver.FrameReceiver`.
    tune
        Whether a CFO may be left; False for a receiver that was told the CFO.
    """

    def __init__(self, frame: Frame, estimator: Any = "lmmse", *, tune: bool = True):
        self.frame = frame
        self.estimator = estimator
        self._tune = tune
        self._tuner = PilotTuner(frame)

    @property
    def estimator(self) -> SlotReceiver:
        """What receives the slots."""
        return self._estimator

    @estimator.setter
    def estimator(self, value: Any) -> None:
        self._estimator = as_slot_receiver(value, self.frame)

    def receive(
        self, stream: np.ndarray, first: int, found: Sequence[Candidate]
    ) -> list[ReceivedFrame]:
        """Receive frames that were found.

        Parameters
        ----------
        stream : [num], complex64
            Samples, all of the frames among them.
        first
            Number of the first of these samples since the stream began.
        found
            Where the frames are.
        """
        parts = (found[i : i + _BATCH] for i in range(0, len(found), _BATCH))
        return [f for part in parts for f in self._batch(stream, first, part)]

    def _batch(self, stream, first, found):
        starts = np.array([c.start for c in found])
        cfo_hz, delays = np.array([(c.cfo_hz, c.delay) for c in found]).T
        grids = received_grids(self.frame, stream, starts - first, cfo_hz, delays)
        tuned = self._tuner(grids, cfo=self._tune)
        measured = Measured(
            10 * np.log10(tuned.power / tuned.no),
            cfo_hz + tuned.cfo_hz,
            tuned.cfo_hz,
            delays / self.frame.sample_rate_hz,
        )
        # Each slot at unit level: no radio knows how strong a signal should be.
        scale = np.sqrt(tuned.power).astype(np.float32)[:, None, None]
        no = (tuned.no / tuned.power).astype(np.float32)
        slots = self._estimator.receive(tuned.y / scale, no, measured)
        h_hat = slots.h_hat * scale
        decoded = decode_slots(self.frame, slots.llr)
        evm_db = error_vector_db(self.frame, tuned.y, h_hat, decoded.coded_bits)
        return [
            ReceivedFrame(
                start=int(starts[i]),
                bits=decoded.bits[i],
                crc_ok=bool(ok),
                snr_db=float(measured.snr_db[i]),
                cfo_hz=float(measured.cfo_hz[i]),
                delay_s=float(measured.delay_s[i]),
                estimator=slots.names[i],
                evm_db=float(evm_db[i]),
                num_coded_errors=int(decoded.num_coded_errors[i]) if ok else None,
                y=tuned.y[i],
                h_hat=h_hat[i],
                no=float(tuned.no[i]),
            )
            for i, ok in enumerate(decoded.accepted)
        ]
