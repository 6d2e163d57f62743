"""Exported models as receivers of slots, with LMMSE where they had better not."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen.exported.session import ExportedModel
from commgen.frame.estimator import FrameEstimator
from commgen.frame.features import receiver_features
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.frame.llr import data_llr
from commgen.frame.lmmse import LMMSE
from commgen.frame.ls import LeastSquares
from commgen.frame.repaired import RepairedLMMSE, repaired_features
from commgen.sdr.reception.decoding import decode_slots
from commgen.sdr.reception.exported_prior import ExportedPrior
from commgen.sdr.reception.grids import check_grid
from commgen.sdr.reception.slots import EstimatorSlots, Measured, SlotReception

#: Kind of a receiver to the estimator and features that it was trained with.
_RECEIVERS = {
    "ls-receiver": (LeastSquares, receiver_features),
    "repaired-receiver": (RepairedLMMSE, repaired_features),
}
_CHUNK = 64  # slots at a time
_NETWORK_CHUNK = 4  # of these, so that what a network makes of them stays in the cache


class ModelReceiver:
    """Slot receiver of an exported model, that falls back on robust LMMSE.

    Slots whose SNR is outside of the model's contract go to LMMSE, unless CRC and
    parity checks hold for what the model decides and fail for what LMMSE decides. So do
    those inside where the checks tell the reverse. Delay, Doppler shift, CFO and
    interference beyond the training, which one slot does not tell, are met by that.

    Parameters
    ----------
    path
        ONNX file of ``commgen export``: a receiver, or a prior over the pilots.
    frame
        What is received.
    fall_back
        Whether it does; ``names`` of what it returns then says ``"lmmse"``.
    num_threads
        Threads of onnxruntime.

    Attributes
    ----------
    name : str
        Name of the file, without its end.
    contract : ExportedContract
        What the model promises.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModuleNotFoundError
        If onnxruntime is not installed.
    ValueError
        If the file is damaged, has no contract, is for another frame, or holds a model
        of another kind.
    """

    def __init__(
        self,
        path: str | Path,
        frame: Frame = RADIO_FRAME,
        *,
        fall_back: bool = True,
        num_threads: int = 1,
    ):
        model = ExportedModel(path, num_threads=num_threads)
        self.name, self.frame = Path(path).stem, frame
        self.contract = model.contract
        try:
            if self.contract.kind == "prior":
                check_grid(self.contract, frame)
            else:
                self.contract.check_frame(frame.contract())
        except ValueError as error:
            raise ValueError(f"{path} is for another frame: {error}") from error
        self._model = _model_of(model, frame, self.name)
        self._lmmse = EstimatorSlots(LMMSE(frame))
        self._falls_back = fall_back

    def receive(
        self, y: np.ndarray, no: np.ndarray, measured: Measured | None = None
    ) -> SlotReception:
        """Receive slots.

        Parameters
        ----------
        y : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
            Received slots at unit level.
        no : [n], float32
            Noise variance.
        measured
            What else is known; without it the SNR is that of ``no``.
        """
        no = np.broadcast_to(np.asarray(no, np.float32), len(y))
        parts = [
            self._model.receive(y[i : i + _CHUNK], no[i : i + _CHUNK])
            for i in range(0, len(y), _CHUNK)
        ]
        if not parts:
            none = np.zeros((0, self.frame.num_coded_bits), np.float32)
            return SlotReception(y.copy(), none, ())
        h_hat, llr = (np.concatenate(part) for part in zip(*parts, strict=True))
        found = SlotReception(h_hat, llr, (self.name,) * len(y))
        if not self._falls_back:
            return found
        snr_db = -10 * np.log10(no) if measured is None else measured.snr_db
        return self._corrected(found, y, no, snr_db)

    def inputs(self, y: np.ndarray, no: np.ndarray) -> dict[str, np.ndarray]:
        """Return what the model is given of slots, name to array."""
        return self._model.inputs(y, no)

    def _corrected(self, found: SlotReception, y, no, snr_db) -> SlotReception:
        """Put LMMSE where the model is outside its contract or its decisions fail."""
        low, high = self.contract.snr_range_db
        outside = ~((snr_db >= low) & (snr_db <= high))
        wrong = ~decode_slots(self.frame, found.llr).accepted
        rows = np.flatnonzero(outside | wrong)
        if not len(rows):
            return found
        plain = self._lmmse.receive(y[rows], no[rows])
        right = decode_slots(self.frame, plain.llr).accepted
        # Outside, too, decisions that hold are worth more than LMMSE's that fail.
        taken = right | (outside[rows] & wrong[rows])
        names = np.array(found.names, object)
        names[rows[taken]] = self._lmmse.name
        found.h_hat[rows[taken]] = plain.h_hat[taken]
        found.llr[rows[taken]] = plain.llr[taken]
        return SlotReception(found.h_hat, found.llr, tuple(names))


def _model_of(model: ExportedModel, frame: Frame, name: str) -> Any:
    """Return what has ``inputs(y, no)`` and ``receive(y, no) -> h_hat, llr``."""
    kind = model.contract.kind
    if kind in _RECEIVERS:
        trained, here = model.contract.frame, frame.contract()
        if trained.get("constellation") != here.get("constellation"):
            raise ValueError(
                f"{name} must have been trained for the points of the frame, "
                f"{here.get('constellation', 'QAM')}, got "
                f"{trained.get('constellation', 'QAM')}."
            )
        estimator, features = _RECEIVERS[kind]
        return _Network(model, estimator(frame), features)
    if kind == "prior":
        return _Prior(ExportedPrior(model, frame, name=name))
    kinds = ", ".join([*_RECEIVERS, "prior"])
    raise ValueError(f"{name} must be of a kind of {kinds}, got {kind}.")


class _Prior:
    """A prior, with equaliser and demapper behind it."""

    def __init__(self, estimate: ExportedPrior):
        self.inputs = estimate.inputs
        self._slots = EstimatorSlots(estimate)

    def receive(self, y, no):
        found = self._slots.receive(y, no)
        return found.h_hat, found.llr


class _Network:
    """A receiver network behind the estimator that it was trained with."""

    def __init__(self, model: ExportedModel, estimate: FrameEstimator, features: Any):
        self._model, self._estimate, self._features = model, estimate, features
        frame = estimate.frame
        shape = (*frame.grid_shape, 8 + frame.num_bits_per_symbol)
        (z,) = model.contract.inputs
        if z.shape[1:] != shape:
            raise ValueError(
                f"{z.name} must be [batch, {', '.join(map(str, shape))}], the features "
                f"of the frame, got {z.layout}."
            )

    def inputs(self, y, no):
        h_hat, err_var = self._estimate(y, no)
        return self._shown(y, no, h_hat, err_var)

    def receive(self, y, no):
        h_hat, err_var = self._estimate(y, no)
        z = self._shown(y, no, h_hat, err_var)["z"]
        parts = [
            self._model.run({"z": z[i : i + _NETWORK_CHUNK]}, check=False)["llr"]
            for i in range(0, len(z), _NETWORK_CHUNK)
        ]
        return h_hat, data_llr(self._estimate.frame, np.concatenate(parts))

    def _shown(self, y, no, h_hat, err_var):
        return {"z": self._features(self._estimate.frame, y, h_hat, err_var, no)}
