"""What makes LLRs of a slot: an estimator with equaliser and demapper, or a model."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from commgen.frame.estimator import FrameEstimator
from commgen.frame.frame import Frame
from commgen.frame.llr import slot_llr
from commgen.frame.lmmse import LMMSE
from commgen.frame.ls import LeastSquares
from commgen.frame.slot_estimator import SlotEstimator
from commgen.sdr.reception.tdl_slot import tdl_mixture


def _slot(frame: Frame) -> SlotEstimator:
    return SlotEstimator(frame, tdl_mixture(frame))


_ESTIMATORS = {"lmmse": LMMSE, "ls": LeastSquares, "slot": _slot}


@dataclass(frozen=True, eq=False)
class Measured:
    """What is known of slots before their channel is estimated; each [n], float.

    Parameters
    ----------
    snr_db
        SNR of a subcarrier in each slot [dB], fading included.
    cfo_hz
        CFO that was taken out [Hz]; of what is left, see ``residual_cfo_hz``.
    residual_cfo_hz
        Part of it that the search had left and three pilots told [Hz].
    delay_s
        Delay of the first path that was taken out [s].
    """

    snr_db: np.ndarray
    cfo_hz: np.ndarray
    residual_cfo_hz: np.ndarray
    delay_s: np.ndarray


@dataclass(frozen=True, eq=False)
class SlotReception:
    """What a slot receiver makes of ``n`` slots.

    Parameters
    ----------
    h_hat : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
        Channel estimates.
    llr : [n, num_coded_bits], float32
        ln p(1) / p(0) of the coded bits.
    names : [n], str
        What received each of them.
    """

    h_hat: np.ndarray
    llr: np.ndarray
    names: tuple[str, ...]


class SlotReceiver(Protocol):
    """Makes LLRs of slots.

    Each slot comes at unit level: its channel has about unit power, as its pilots tell,
    and the noise variance is what it is beside that.
    """

    name: str

    def receive(
        self, y: np.ndarray, no: np.ndarray, measured: Measured
    ) -> SlotReception:
        """Receive slots.

        Parameters
        ----------
        y : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
            Received slots.
        no : [n], float32
            Noise variance.
        measured
            What else is known.
        """
        ...


class EstimatorSlots:
    """Slot receiver of a channel estimator: equaliser and demapper behind it.

    Parameters
    ----------
    estimator : FrameEstimator
        Or anything with a ``frame``, a ``name`` and ``(y, no) -> h_hat, err_var``.
    """

    def __init__(self, estimator: FrameEstimator | Any):
        self.estimator = estimator
        self.name = estimator.name

    def receive(self, y, no, measured=None) -> SlotReception:
        """Estimate, equalise, demap."""
        h_hat, err_var = self.estimator(y, no)
        llr = slot_llr(self.estimator.frame, y, h_hat, no[:, None, None] + err_var)
        return SlotReception(h_hat, llr, (self.name,) * len(y))


def as_slot_receiver(estimator: Any, frame: Frame) -> SlotReceiver:
    """Return the slot receiver that is meant.

    Parameters
    ----------
    estimator
        "lmmse", "ls", "slot" under :func:`~commgen.sdr.reception.tdl_slot.tdl_mixture`,
        a :class:`~commgen.frame.estimator.FrameEstimator`, or a :class:`SlotReceiver`.
    frame
        The grid; an estimator that has a ``frame`` must have this one.

    Raises
    ------
    TypeError
        If it is none of them.
    ValueError
        If there is no such name, or the estimator is for another frame.
    """
    if isinstance(estimator, str):
        if estimator not in _ESTIMATORS:
            raise ValueError(
                f"estimator must be one of {', '.join(_ESTIMATORS)}, or an object that "
                f"estimates or receives, got {estimator!r}."
            )
        estimator = _ESTIMATORS[estimator](frame)
    own = getattr(estimator, "frame", frame)
    if own != frame:
        raise ValueError(
            f"estimator must be for the frame that is received, {frame}, got {own}."
        )
    if hasattr(estimator, "receive") and hasattr(estimator, "name"):
        return estimator
    if callable(estimator) and hasattr(estimator, "name"):
        return EstimatorSlots(estimator)
    raise TypeError(
        "estimator must be a name, an estimator or a slot receiver, got "
        f"{type(estimator).__name__}."
    )
