"""What a receiver sees of a channel: y = A h + n, for any A and any noise."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen._checks import check_int, check_noise_variance
from commgen.generative.model import POWER_RANGE, check_channels
from commgen.generative.observation import check_matrix, check_observation


@dataclass(frozen=True, eq=False)
class LinearObservation:
    r"""A linear observation of channels in Gaussian noise.

    .. math:: y = A h + n, \qquad n \sim \mathcal{CN}(0, N_0 C)

    Rows of A may repeat or be zero: the noise of each is its own, so that a repeated
    row is a second look and a zero row tells nothing.

    Parameters
    ----------
    event_shape
        Shape of one channel.
    A : [num_obs, size], complex, or None
        Observation matrix on the flattened channel (C order); None observes all.
    no : float, or [batch]
        Noise variance N0, one for all channels or one for each.
    noise_corr : [num_obs, num_obs], complex, or None
        Covariance C of the noise where N0 is one, Hermitian and positive definite;
        None is the identity.

    Raises
    ------
    ValueError
        If shapes disagree, an entry is not finite, ``no`` is not above 0 or
        ``noise_corr`` not Hermitian positive definite.
    """

    event_shape: tuple[int, ...]
    A: np.ndarray | None = None
    no: Any = 1.0
    noise_corr: np.ndarray | None = None

    def __post_init__(self):
        shape = tuple(check_int("event_shape", n, low=1) for n in self.event_shape)
        if not shape:
            raise ValueError("event_shape must have at least one axis, got ().")
        A = None
        if self.A is not None:
            A = np.asarray(self.A, np.complex128)
            if A.ndim != 2 or A.shape[1] != int(np.prod(shape)) or len(A) == 0:
                raise ValueError(
                    f"A must be [num_obs, {int(np.prod(shape))}], got {A.shape}."
                )
            check_matrix("A", A)
        C = self.noise_corr
        if C is not None:
            C = check_covariance("noise_corr", C, _rows(A, shape))
        for name, value in (
            ("event_shape", shape),
            ("A", A),
            ("no", check_noise(self.no)),
            ("noise_corr", C),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def masked(cls, mask, no) -> "LinearObservation":
        """See some entries of a channel, such as pilots of a grid or antennas.

        Parameters
        ----------
        mask : [*event_shape], bool
            Which entries are seen, at least one; ``y`` lists them in C order.
        no : float, or [batch]
            Noise variance.
        """
        mask = np.asarray(mask)
        if mask.dtype != bool or mask.ndim == 0:
            raise ValueError(
                f"mask must be [*event_shape] of booleans, got {mask.dtype} "
                f"{mask.shape}."
            )
        if not mask.any():
            raise ValueError("mask must show at least one entry, got none.")
        return cls(mask.shape, np.eye(mask.size)[mask.ravel()], no)

    @classmethod
    def combined(cls, W, no, event_shape) -> "LinearObservation":
        r"""See a channel through fewer RF chains than antennas, in one or more slots.

        .. math:: y_t = W_t (h + n_t)

        The noise passes the combiner, so that its covariance is
        :math:`N_0 W_t W_t^\mathsf{H}` in a slot, and independent between slots.

        Parameters
        ----------
        W : [num_slots, num_rf, num_ant] or [num_rf, num_ant], complex
            Combining matrix of each slot, with independent rows.
        no : float, or [batch]
            Noise variance at an antenna.
        event_shape
            Shape of one channel, of ``num_ant`` entries.

        Raises
        ------
        ValueError
            If the number of antennas is another, or the rows of a slot are dependent:
            two chains with one combiner see one noise.
        """
        W, size = np.asarray(W, np.complex128), int(np.prod(event_shape))
        W = W[None] if W.ndim == 2 else W
        if W.ndim != 3 or W.shape[2] != size or 0 in W.shape:
            raise ValueError(
                f"W must be [num_slots, num_rf, {size}] or [num_rf, {size}], "
                f"got {W.shape}."
            )
        check_matrix("W", W)
        ranks = np.linalg.matrix_rank(W)
        if ranks.min() < W.shape[1]:
            raise ValueError(
                f"W must have {W.shape[1]} independent rows in each slot, "
                f"got rank {ranks.min()}."
            )
        C = np.zeros((len(W), W.shape[1], len(W), W.shape[1]), complex)
        for t, slot in enumerate(W):
            C[t, :, t] = slot @ slot.conj().T
        rows = len(W) * W.shape[1]
        return cls(event_shape, W.reshape(rows, size), no, C.reshape(rows, rows))

    @classmethod
    def users(cls, pilots, no, event_shape) -> "LinearObservation":
        r"""See several single-antenna users at once, which send known pilots.

        .. math:: y_t = \sum_u p_{u,t} h_u + n_t

        Parameters
        ----------
        pilots : [num_users, num_pilots], complex
            Sequence of each user; they need be neither orthogonal nor independent.
        no : float, or [batch]
            Noise variance of an entry of y.
        event_shape
            Shape of the channel of one user.

        Returns
        -------
        LinearObservation
            Of events ``(num_users, *event_shape)``; ``y`` is
            [batch, num_pilots * size], a pilot after another.
        """
        pilots = np.asarray(pilots, np.complex128)
        if pilots.ndim != 2 or 0 in pilots.shape:
            raise ValueError(
                f"pilots must be [num_users, num_pilots], got {pilots.shape}."
            )
        check_matrix("pilots", pilots)
        one = np.eye(int(np.prod(event_shape)))
        return cls((len(pilots), *event_shape), np.kron(pilots.T, one), no)

    @classmethod
    def coloured(cls, cov_mat, event_shape, A=None) -> "LinearObservation":
        """See channels in noise and interference of a known covariance.

        Parameters
        ----------
        cov_mat : [num_obs, num_obs], complex
            Covariance of both together, Hermitian positive definite; ``no`` becomes
            the mean of its diagonal.
        event_shape, A
            As the class.
        """
        A = None if A is None else np.asarray(A)
        C = check_covariance("cov_mat", cov_mat, _rows(A, tuple(event_shape)))
        no = float(np.mean(np.diag(C).real))
        return cls(event_shape, A, no, C / no)

    @property
    def size(self) -> int:
        """Entries of a channel."""
        return int(np.prod(self.event_shape))

    @property
    def num_obs(self) -> int:
        """Entries of an observation."""
        return _rows(self.A, self.event_shape)

    def matrix(self) -> np.ndarray:
        """Return A, [num_obs, size], the identity where it is None."""
        return np.eye(self.size, dtype=complex) if self.A is None else self.A

    def noise(self, batch: int) -> np.ndarray:
        """Return the noise variance of each channel, [batch].

        Raises
        ------
        ValueError
            If ``no`` was given for another number of channels.
        """
        no = np.asarray(self.no)
        if no.ndim and len(no) != batch:
            raise ValueError(f"no must be one number or [{batch}], got {no.shape}.")
        return np.broadcast_to(no, (batch,)).astype(np.float64)

    def whiten(self, y):
        r"""Return the same observation with white noise.

        With :math:`C = L L^\mathsf{H}` it is :math:`L^{-1} y` of :math:`L^{-1} A`.

        Parameters
        ----------
        y : [batch, *event_shape] if A is None, else [batch, num_obs], complex
            Observations.

        Returns
        -------
        y : [batch, num_obs], complex128
        A : [num_obs, size], complex128, or None
        no : [batch], float

        Raises
        ------
        ValueError
            If ``y`` has another shape, is not finite, or its power is not that of
            channels of about unit power.
        """
        y, A, _, _ = check_observation(y, self.A, 1.0, self.event_shape)
        no = self.noise(len(y))
        if self.noise_corr is not None:
            L = np.linalg.cholesky(self.noise_corr)
            A = np.linalg.inv(L) if A is None else np.linalg.solve(L, A)
            y = np.linalg.solve(L, y.T).T
        _check_power(y, A, no)
        return y, A, no

    def simulate(self, h, *, seed) -> np.ndarray:
        """Return what is seen of channels, with noise of its own for each.

        Parameters
        ----------
        h : [batch, *event_shape], complex
            Channels of about unit power.
        seed
            Of the noise.

        Returns
        -------
        y : [batch, *event_shape] if A is None, else [batch, num_obs], complex64
        """
        h = check_channels("h", h, self.event_shape)
        rng = np.random.default_rng(seed)
        n = rng.normal(size=(len(h), self.num_obs, 2)) @ np.array([1, 1j])
        n *= np.sqrt(self.noise(len(h))[:, None] / 2)
        if self.noise_corr is not None:
            n = n @ np.linalg.cholesky(self.noise_corr).T
        flat = h.reshape(len(h), -1)
        y = n + (flat if self.A is None else flat @ self.A.T)
        return (y.reshape(h.shape) if self.A is None else y).astype(np.complex64)


def check_noise(no: Any) -> Any:
    """Return ``no`` as a float or [batch], or raise unless all are in range."""
    value = np.asarray(no)
    if value.dtype.kind not in "iuf" or value.ndim > 1 or value.size == 0:
        raise ValueError(f"no must be a number or [batch], got {no!r}.")
    value = check_noise_variance("no", value)
    return float(value) if value.ndim == 0 else value


def check_covariance(name: str, cov_mat: Any, size: int) -> np.ndarray:
    """Return a covariance as complex128, or raise unless it is positive definite.

    Parameters
    ----------
    name
        Of the argument, for the error.
    cov_mat : [size, size], complex
        To be Hermitian and positive definite.
    size
        Its order.
    """
    R = np.asarray(cov_mat).astype(np.complex128)
    if R.shape != (size, size):
        raise ValueError(f"{name} must be [{size}, {size}], got {R.shape}.")
    check_matrix(name, R)
    scale = float(np.mean(np.abs(np.diag(R))))
    if not np.allclose(R, R.conj().T, rtol=1e-5, atol=1e-10 * scale):
        raise ValueError(f"{name} must be Hermitian.")
    R = (R + R.conj().T) / 2
    lowest = np.linalg.eigvalsh(R)[0]
    if lowest <= 1e-12 * scale:
        raise ValueError(
            f"{name} must be positive definite, its least eigenvalue is {lowest:.3g}."
        )
    return R


def _rows(A, event_shape):
    return int(np.prod(event_shape)) if A is None else len(A)


def _check_power(y, A, no):
    """Raise where white observations are far from those of unit-power channels."""
    gain = 1.0 if A is None else float(np.mean(np.sum(np.abs(A) ** 2, axis=1)))
    expected = gain + float(no.mean())
    ratio = float(np.mean(np.abs(y) ** 2)) / expected
    if not POWER_RANGE[0] <= ratio <= POWER_RANGE[1]:
        raise ValueError(
            "y must have about the power of channels of unit power and the noise, "
            f"{expected:.3g} an entry, got {ratio * expected:.3g}; normalise it first."
        )
