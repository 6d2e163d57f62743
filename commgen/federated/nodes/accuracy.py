"""How well a model estimates a node's channels."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from commgen._random import complex_normal
from commgen.generative.chunks import ChunkedDenoiser
from commgen.generative.model import Prior
from commgen.measures.decibel import noise_variance, to_db
from commgen.measures.error import nmse

#: SNR at which models are compared.
SNR_DB = (-10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0)
#: That at which a round is watched.
WATCHED_DB = (10.0,)


class Accuracy:
    """Measures one model, whose weights change, again and again.

    Parameters
    ----------
    model
        The model. One that cannot estimate has no accuracy.
    graph
        As of :class:`~commgen.generative.chunks.ChunkedDenoiser`.
    """

    def __init__(self, model: Any, graph: Literal["one", "none"] = "one"):
        self._denoise = None
        if isinstance(model, Prior):
            self._denoise = ChunkedDenoiser(model, size=512, graph=graph)

    def nmse_db(
        self, h: np.ndarray, *, seed: int, snr_db: Sequence[float] = SNR_DB
    ) -> dict[float, float]:
        """Return the NMSE in dB by SNR; nothing for a model that cannot estimate.

        Parameters
        ----------
        h : [n, *event_shape], complex
            Channels that the model has not seen.
        seed
            Of the noise, which is the same at all SNR but for its scale.
        snr_db
            1/no for channels of unit power [dB].
        """
        if self._denoise is None:
            return {}
        noise = complex_normal(np.random.default_rng(seed), h.shape)
        found = {}
        for level in snr_db:
            no = noise_variance(level)
            h_hat, _ = self._denoise(h + np.float32(np.sqrt(no)) * noise, no)
            found[float(level)] = to_db(nmse(h, h_hat))
        return found


def told(name: str, nmse_db: Mapping[float, float]) -> dict[str, float]:
    """Return NMSE as metrics of an answer: each SNR, and the mean over them in dB.

    Examples
    --------
    >>> told("global", {-10.0: -1.0, 20.0: -21.0})
    {'global_at_-10': -1.0, 'global_at_20': -21.0, 'global': -11.0}
    """
    if not nmse_db:
        return {}
    each = {f"{name}_at_{snr:g}": value for snr, value in nmse_db.items()}
    return {**each, name: float(np.mean([*nmse_db.values()]))}
