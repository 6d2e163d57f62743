"""Covariance of what a mixture does not know after an observation."""

from typing import Any

import numpy as np

from commgen.generative.mixture.filter import component_posterior, make_filters

# Components of a smaller posterior probability are left out.
_NEGLIGIBLE = 1e-9


def mixture_covariance(
    mixture: Any,
    y: np.ndarray,
    A: np.ndarray | None,
    no: np.ndarray,
    log_weights: np.ndarray | None = None,
) -> np.ndarray:
    r"""Return Cov[h | y] under a mixture, exactly.

    .. math:: \mathrm{Cov}[h\,|\,y] = \sum_k p(k\,|\,y) \left(C_k + m_k m_k^\mathsf{H}
        \right) - m m^\mathsf{H}

    with the means m_k and covariances C_k of the components, and their mean m.

    Parameters
    ----------
    mixture, y, A, no, log_weights
        As of :func:`~commgen.generative.mixture.filter.mixture_moments`.

    Returns
    -------
    [n, size, size], complex128
        Hermitian, E[(h - m)(h - m)^H] of the flattened channel h.
    """
    filters = make_filters(mixture, A)
    p = component_posterior(mixture, filters, y, no, log_weights)[1]
    p = np.where(p > _NEGLIGIBLE, p, 0)
    p /= p.sum(axis=1, keepdims=True)
    size = mixture.eigenvectors.shape[1]
    mean = np.zeros((len(y), size), complex)
    out = np.zeros((len(y), size, size), complex)
    for k, one in enumerate(filters):
        for i in np.flatnonzero(p[:, k]):
            m = one.mean(y[i : i + 1], no[i : i + 1])[0]
            mean[i] += p[i, k] * m
            out[i] += p[i, k] * (one.covariance(no[i]) + np.outer(m, m.conj()))
    out -= mean[:, :, None] * mean[:, None, :].conj()
    return (out + out.conj().transpose(0, 2, 1)) / 2
