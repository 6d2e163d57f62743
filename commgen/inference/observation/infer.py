"""Estimates from a linear observation: by a prior, by LMMSE, by least squares."""

import numpy as np

from commgen._checks import check_positive
from commgen.generative.mixture.filter import LinearFilter
from commgen.generative.mixture.parts import Component
from commgen.generative.model import Posterior, check_prior
from commgen.inference.observation.linear import LinearObservation, check_covariance
from commgen.inference.observation.prior import check_event_shape


def infer(prior, y, observation: LinearObservation, **options) -> Posterior:
    """Infer channels under a prior; exact where the prior's own posterior is.

    Parameters
    ----------
    prior
        A :class:`~commgen.generative.model.Prior` of the observation's events.
    y : [batch, *event_shape] if A is None, else [batch, num_obs], complex
        Observations.
    observation
        What was seen of each.
    options
        Of the prior's own ``posterior``, which refuses those it does not know:
        ``num_samples``, ``seed``.

    Returns
    -------
    Posterior

    Raises
    ------
    TypeError
        If ``prior`` cannot estimate.
    ValueError
        If the prior is of other channels, or as :meth:`LinearObservation.whiten`.
    """
    check_event_shape(check_prior("prior", prior), observation.event_shape)
    y, A, no = observation.whiten(y)
    if A is None:
        y = y.reshape(len(y), *observation.event_shape)
    return prior.posterior(y, A, no, **options)


def linear_mmse(cov_mat, y, observation: LinearObservation) -> Posterior:
    r"""Linear MMSE estimate of zero-mean channels of covariance R.

    .. math:: \hat{h} = R A^\mathsf{H} (A R A^\mathsf{H} + N_0 C)^{-1} y

    (Kay, *Fundamentals of Statistical Signal Processing: Estimation Theory*, 1993,
    ch. 12).

    Parameters
    ----------
    cov_mat : [size, size], complex
        Covariance R of the flattened channel, Hermitian positive definite.
    y, observation
        As :func:`infer`.
    """
    R = check_covariance("cov_mat", cov_mat, observation.size)
    y, A, no = observation.whiten(y)
    component = Component(*np.linalg.eigh(R))
    one = LinearFilter(component, observation.matrix() if A is None else A)
    return _posterior(one.mean(y, no), one.variance(no), observation)


def least_squares(
    y, observation: LinearObservation, *, power: float = 1.0
) -> Posterior:
    r"""Generalised least squares; of all that explain y alike, the shortest channel.

    .. math:: \hat{h} = B^{+} L^{-1} y, \quad B = L^{-1} A, \quad C = L L^\mathsf{H}

    What B does not show is estimated as zero. There ``err_var`` is the power of the
    channel, elsewhere that of the noise,
    :math:`\mathrm{diag}(N_0 B^+ B^{+\mathsf{H}} + P (I - B^+ B))`: the error of
    channels of white covariance P I.

    Parameters
    ----------
    y, observation
        As :func:`infer`.
    power
        Power P of an entry of the channel.
    """
    check_positive("power", power)
    y, A, no = observation.whiten(y)
    if A is None:
        return _posterior(y, np.broadcast_to(no[:, None], y.shape), observation)
    U, s, Vh = np.linalg.svd(A, full_matrices=False)
    seen = s > s[0] * max(A.shape) * np.finfo(float).eps
    U, s, Vh = U[:, seen], s[seen], Vh[seen]
    h_hat = (y @ U.conj() / s) @ Vh.conj()
    shown = np.abs(Vh.T) ** 2
    hidden = np.maximum(1 - shown.sum(axis=1), 0)
    err_var = no[:, None] * (shown @ s**-2) + power * hidden
    return _posterior(h_hat, err_var, observation)


def _posterior(mean, err_var, observation):
    shape = (len(mean), *observation.event_shape)
    return Posterior(
        mean.reshape(shape).astype(np.complex64),
        err_var.reshape(shape).astype(np.float32),
    )
