"""LMMSE estimate of the slot under a covariance over time and frequency."""

import numpy as np

from commgen.frame.axis import AxisBasis
from commgen.frame.covariance import robust_covariance
from commgen.frame.estimator import FrameEstimator
from commgen.frame.frame import Frame

#: Least share of the mean power, in one direction, that is kept: 80 dB under it.
_TOLERANCE = 1e-8


class LMMSE(FrameEstimator):
    r"""LMMSE interpolation from all pilots at once, under a separable covariance.

    .. math:: \hat{h} = R_{h y} (R_{y y} + N_0 I)^{-1} y, \qquad R = R_t \otimes R_f

    The numbers of :class:`~commgen.phy.LMMSEInterpolationEstimator` of that covariance.
    The filter is diagonal in the basis of :class:`~commgen.frame.axis.AxisBasis`, so
    that a noise variance for each frame costs nothing.

    Parameters
    ----------
    frame
        The grid.
    time : [num_ofdm_symbols, num_ofdm_symbols], float or complex
        :math:`R_t`; of :func:`~commgen.frame.covariance.robust_covariance` unless told.
    frequency : [num_effective_subcarriers, num_effective_subcarriers], complex
        :math:`R_f`, alike. Directions with less than 1e-8 of the mean power are left
        out of both.

    Input, Output
    -------------
    As in :class:`~commgen.frame.estimator.FrameEstimator`.

    Raises
    ------
    ValueError
        If a covariance has another size than the frame.
    """

    name = "lmmse"

    def __init__(
        self,
        frame: Frame,
        time: np.ndarray | None = None,
        frequency: np.ndarray | None = None,
    ):
        super().__init__(frame)
        robust = robust_covariance(frame)
        R_t = robust[0] if time is None else np.asarray(time)
        R_f = robust[1] if frequency is None else np.asarray(frequency)
        sizes = zip(("time", "frequency"), (R_t, R_f), frame.grid_shape, strict=True)
        for name, R, n in sizes:
            if R.shape != (n, n):
                raise ValueError(f"{name} must be [{n}, {n}], got {R.shape}.")
        G_t, G_f = covariance_root(R_t), covariance_root(R_f)
        self._time = _Axis(AxisBasis.of(G_t[frame.pilot_rows], [G_t]))
        self._frequency = _Axis(AxisBasis.of(G_f[frame.pilot_subcarriers], [G_f]))
        outer = np.outer(self._time.singular, self._frequency.singular)
        self._s2 = (outer**2).astype(np.float32)
        seen = outer[: self._time.num_seen, : self._frequency.num_seen]
        self._seen = seen.astype(np.float32)

    def _estimate(self, y, no):
        no = no[:, None, None]
        z = self._time.projection @ (self.matched_pilots(y) @ self._frequency.back)
        z *= divided(self._seen, self._seen**2 + no)
        h_hat = self._time.spread @ (z @ self._frequency.forth)
        left = divided(no, self._s2 + no, otherwise=1.0)
        err_var = self._time.powers @ (left @ self._frequency.powers.T)
        return h_hat, err_var


class _Axis:
    """Matrices of an axis in single precision, those of frequency to the right."""

    def __init__(self, basis: AxisBasis):
        (K,), (powers,) = basis.spread, basis.powers
        self.num_seen, self.singular = basis.num_seen, basis.singular
        self.projection = np.ascontiguousarray(basis.observed.conj().T, np.complex64)
        self.back = np.ascontiguousarray(basis.observed.conj(), np.complex64)
        self.spread = np.ascontiguousarray(K[:, : basis.num_seen], np.complex64)
        self.forth = np.ascontiguousarray(self.spread.T)
        self.powers = powers.astype(np.float32)


def covariance_root(matrix: np.ndarray, *, tolerance: float = _TOLERANCE) -> np.ndarray:
    """Return G with G G^H = matrix, but for what is far under the mean power.

    Parameters
    ----------
    matrix : [n, n], float or complex
        Hermitian and positive semidefinite.
    tolerance
        Eigenvalues under this share of their mean are left out.

    Returns
    -------
    [n, rank]

    Raises
    ------
    ValueError
        If it is not.
    """
    values, vectors = np.linalg.eigh(matrix)
    far = np.abs(matrix - matrix.conj().T).max() > 1e-5 * np.abs(matrix).max()
    if far or values[0] < -1e-4 * values[-1]:
        raise ValueError("A covariance must be Hermitian and positive semidefinite.")
    keep = values > tolerance * values.mean()
    return vectors[:, keep] * np.sqrt(values[keep])


def divided(a, b, *, otherwise: float = 0.0) -> np.ndarray:
    """Return a / b in single precision, ``otherwise`` where b is zero."""
    out = np.full(np.broadcast(a, b).shape, otherwise, np.float32)
    return np.divide(a, b, out=out, where=b > 0)
