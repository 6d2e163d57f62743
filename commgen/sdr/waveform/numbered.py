"""Frames by their numbers."""

import numpy as np

from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.sdr.waveform.payloads import Payloads
from commgen.sdr.waveform.transmitter import FrameTransmitter


class NumberedFrames:
    """Samples of frames whose payloads follow from a seed and their numbers.

    Parameters
    ----------
    frame
        What is sent.
    seed
        As of :class:`~commgen.sdr.waveform.payloads.Payloads`.

    Examples
    --------
    >>> frames = NumberedFrames(seed=1)
    >>> frames(np.array([3, 4])).shape
    (2, 2183)
    """

    def __init__(self, frame: Frame = RADIO_FRAME, *, seed: int):
        self.payloads = Payloads(frame, seed)
        self.transmitter = FrameTransmitter(frame)

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        """Return the samples of frames, [n, num_samples], complex64."""
        return self.transmitter.samples(self.payloads.bits(numbers))
