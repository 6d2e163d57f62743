"""The error of estimators over SNR, as one number with an interval."""

from typing import Any

import numpy as np

from commgen.inference import sweep_nmse

#: SNR of all means [dB].
SNR_DB = np.arange(-10, 21, 5)


def mean_nmse_db(
    models: dict[str, Any], h: np.ndarray, *, seed: int
) -> dict[str, float]:
    """Return each model's NMSE of y = h + n, mean over -10 to 20 dB SNR [dB].

    Parameters
    ----------
    models
        Name to :class:`~commgen.generative.Prior`.
    h : [n, *event_shape], complex
        Channels that no model has seen.
    seed
        Seed of the noise, the same for all.
    """
    sweep = sweep_nmse(h, models, SNR_DB, seed=seed)
    return {name: float(sweep.column(name, "nmse_db").mean()) for name in models}
