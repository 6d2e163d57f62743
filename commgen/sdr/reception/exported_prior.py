"""An exported prior over a frame's pilots as a channel estimator."""

from typing import Any

import numpy as np

from commgen.exported.session import ExportedModel
from commgen.frame.estimator import FrameEstimator
from commgen.frame.frame import Frame
from commgen.frame.interpolation import linear_weights


class ExportedPrior(FrameEstimator):
    r"""Posterior mean at the pilots, interpolated linearly over time.

    What a :class:`~commgen.phy.PriorEstimator` makes of its model: of the error
    variance the part that is noise adds in power, the rest in amplitude.

    Parameters
    ----------
    model
        Of kind ``prior``, over [num_pilot_symbols, num_pilot_subcarriers] or over the
        pilots of one symbol.
    frame
        The grid, with pilots on all subcarriers.
    name
        What reports call it.

    Input, Output
    -------------
    As in :class:`~commgen.frame.estimator.FrameEstimator`.

    Raises
    ------
    ValueError
        If the model is over something else.
    """

    def __init__(self, model: ExportedModel, frame: Frame, *, name: str):
        super().__init__(frame)
        self.name, self._model = name, model
        self._event: tuple[Any, ...] = model.contract.inputs[0].shape[1:-1]
        pilots = frame.pilots.shape
        if self._event not in (pilots, pilots[1:]) or frame.pilot_subcarrier_step != 1:
            raise ValueError(
                f"{name} must be over the pilots of the frame, {pilots} or "
                f"{pilots[1:]} on all subcarriers, got {self._event}."
            )
        slot = np.arange(frame.num_ofdm_symbols)
        self._time = linear_weights(frame.pilot_rows, slot).T.astype(np.float32)

    def inputs(self, y: np.ndarray, no: np.ndarray) -> dict[str, np.ndarray]:
        """Return what the model is given of received grids and their noise, [n]."""
        pilots = np.ascontiguousarray(self.matched_pilots(y), np.complex64)
        events = pilots.view(np.float32).reshape(-1, *self._event, 2)
        levels = np.broadcast_to(no, len(y)).astype(np.float32)
        return {"y": events, "no": np.repeat(levels, len(events) // len(y))}

    def _estimate(self, y, no):
        found = self._model.run(self.inputs(y, no), check=False)
        shape = (len(y), *self.frame.pilots.shape)
        h = np.ascontiguousarray(found["h_hat"]).view(np.complex64)
        h, err_var = (x.reshape(shape) for x in (h, found["err_var"]))
        share = err_var / np.maximum(no, np.float32(1e-30))[:, None, None]
        noise = err_var * np.minimum(share, 1)
        bias = np.sqrt(np.maximum(err_var - noise, 0))
        pairs = (self._time @ h.view(np.float32)).view(np.complex64)
        return pairs, self._time**2 @ noise + (self._time @ bias) ** 2
