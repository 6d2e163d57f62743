"""How different the cells are: their covariances beside that of all channels."""

from collections.abc import Iterable, Mapping

import numpy as np

from commgen.federated.tasks import Answer
from commgen.measures.decibel import noise_variance

_SNR_DB = 10.0


def heterogeneity(
    answers: Mapping[int, Answer], present: Iterable[int]
) -> tuple[dict[int, float], float]:
    r"""Return how far each cell's channels are from all of them, per entry [nats].

    Of :math:`\mathrm{KL}(\mathcal{CN}(0, R_i + N_0 I) \| \mathcal{CN}(0, R + N_0 I))`,
    with the covariance R of all channels, scaled to unit power, and N_0 at 10 dB: below
    the noise no difference matters to a receiver.

    Parameters
    ----------
    answers
        Partition to answer to "describe", as
        :func:`~commgen.federated.nodes.description.describe` makes it.
    present
        The cells of which all channels are, where others answered too.

    Returns
    -------
    cells : dict
        Partition to its divergence.
    iid : float
        The same of a cell as an even split of all channels makes it: what is left of a
        divergence where there is none but that of few channels.
    """
    n = {i: answers[i].num_examples for i in present if i in answers}
    total = sum(n.values())

    def mean(name):
        parts = [n[i] / total * answers[i].arrays[name] for i in n]
        return np.sum(parts, axis=0)

    pooled = _matrix(mean("sums/covariance"))
    power = float(np.real(np.trace(pooled)) / len(pooled))
    count = mean("sums/iid_count")
    cells = {
        i: divergence(_matrix(a.arrays["sums/covariance"]) / power, pooled / power)
        for i, a in answers.items()
    }
    iid = _matrix(mean("sums/iid") / max(float(count), 1 / total))
    return cells, divergence(iid / power, pooled / power)


def divergence(R: np.ndarray, pooled: np.ndarray) -> float:
    """Return the divergence of CN(0, R + no I) from that of another covariance.

    Parameters
    ----------
    R, pooled : [size, size], complex
        Hermitian, of channels of unit power.

    Returns
    -------
    float
        Per entry [nats].
    """
    size = len(R)
    noise = noise_variance(_SNR_DB) * np.eye(size)
    ratio = np.linalg.solve(pooled + noise, R + noise)
    _, log_det = np.linalg.slogdet(ratio)
    return float((np.real(np.trace(ratio)) - size - log_det) / size)


def _matrix(sums: np.ndarray) -> np.ndarray:
    """Return a covariance that travelled as real numbers, or as its diagonal."""
    if sums.ndim == 1:
        return np.diag(sums.astype(complex))
    return sums[..., 0] + 1j * sums[..., 1]
