"""Draws from the signal model: what networks learn from and studies are judged by."""

import numpy as np

from commgen._checks import check_int, check_snr_db
from commgen.inference.parameters.axis import Axis
from commgen.measures.decibel import noise_variance


def draw_observations(
    axis: Axis, n: int, *, num_snapshots: int, snr_db, num_paths: int = 1, rng
) -> tuple[np.ndarray, np.ndarray]:
    r"""Draw values from the prior and what is received, with E\|g\|^2 = 1.

    Parameters
    ----------
    axis
        Of the parameter; values are uniform between its ends.
    n
        Observations.
    num_snapshots
        Snapshots of each, with gains that are independent.
    snr_db : float or [n], float
        1 / no of an entry, in dB.
    num_paths
        Paths of each.
    rng
        NumPy generator.

    Returns
    -------
    y : [n, num_snapshots, num_positions], complex
    value : [n, num_paths], float
        Ascending.
    """
    check_int("n", n, low=1)
    check_int("num_snapshots", num_snapshots, low=1)
    value = np.sort(rng.uniform(axis.low, axis.high, (n, num_paths)), axis=1)
    gains = _normal(rng, n, num_snapshots, num_paths)
    noise = _normal(rng, n, num_snapshots, axis.num_positions)
    no = np.broadcast_to(noise_variance(check_snr_db("snr_db", snr_db)), n)
    y = gains @ axis.exponentials(axis.to_x(value))
    return y + np.sqrt(no)[:, None, None] * noise, value


def _normal(rng, *shape):
    """Circular complex normal numbers of unit variance."""
    return rng.normal(scale=np.sqrt(0.5), size=(*shape, 2)).view(complex)[..., 0]
