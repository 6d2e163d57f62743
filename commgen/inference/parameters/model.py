"""Likelihood of path parameters with gains and noise integrated out."""

from dataclasses import dataclass

import numpy as np

from commgen._checks import check_noise_variance, check_positive, check_snr_db

_LEAST_STEP_DB = 0.01


@dataclass(frozen=True)
class Hypotheses:
    """Nodes of the integral over what is unknown of SNR and noise.

    Parameters
    ----------
    log_weight : [num], float
        Logarithms of prior times quadrature weight.
    rho : [num, num_paths], float
        Gain power over noise variance of each path.
    no : [num], float, or None
        Noise variances; None where the noise is integrated in closed form.
    """

    log_weight: np.ndarray
    rho: np.ndarray
    no: np.ndarray | None

    def pick(self, rows) -> "Hypotheses":
        """Return the hypotheses of ``rows``."""
        no = None if self.no is None else self.no[rows]
        return Hypotheses(self.log_weight[rows], self.rho[rows], no)


@dataclass(frozen=True)
class SignalModel:
    r"""What is known of gains and noise in :math:`y_t = \sum_p g_{p,t} a(x_p) + n_t`.

    Gains are circular Gaussian, independent over paths and snapshots, which is Rayleigh
    fading; noise is white. Both are integrated out: gains in closed form, noise in
    closed form under an inverse gamma prior or, where the power is known, on a grid;
    power on a grid of the SNR, uniform in decibels.

    Parameters
    ----------
    power
        E\|g\|^2 of each path; None where it is unknown.
    no
        Noise variance; None where it is unknown.
    noise_shape, noise_scale
        Of the inverse gamma prior; zeros are Jeffreys' 1 / no.
    snr_low_db, snr_high_db, snr_step_db
        Grid of the SNR of a path, in an entry of a snapshot.

    Raises
    ------
    TypeError, ValueError
        If a known quantity is not positive, or the grid is empty.
    """

    power: float | None = None
    no: float | None = None
    noise_shape: float = 0.0
    noise_scale: float = 0.0
    snr_low_db: float = -30.0
    snr_high_db: float = 40.0
    snr_step_db: float = 2.0

    def __post_init__(self):
        if self.power is not None:
            check_positive("power", self.power)
        if self.no is not None:
            check_noise_variance("no", self.no)
        check_snr_db("snr_low_db and snr_high_db", (self.snr_low_db, self.snr_high_db))
        for name in ("noise_shape", "noise_scale"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(
                    f"{name} must be finite and at least 0, got {getattr(self, name)}."
                )
        if not self.snr_low_db < self.snr_high_db:
            raise ValueError(
                "snr_low_db must be below snr_high_db, got "
                f"{self.snr_low_db}, {self.snr_high_db}."
            )
        if check_positive("snr_step_db", self.snr_step_db) < _LEAST_STEP_DB:
            raise ValueError(
                f"snr_step_db must be at least {_LEAST_STEP_DB:g}, got "
                f"{self.snr_step_db}."
            )

    @property
    def log_rho_range(self) -> tuple[float, float]:
        """Ends of the prior of the natural logarithm of the SNR."""
        scale = np.log(10) / 10
        return scale * self.snr_low_db, scale * self.snr_high_db

    def hypotheses(self, num_paths: int) -> Hypotheses:
        """Return the nodes of the integral over SNR and noise for ``num_paths``."""
        if self.power is not None and self.no is not None:
            rho = np.full((1, num_paths), self.power / self.no)
            return Hypotheses(np.zeros(1), rho, np.array([self.no]))
        low, high = self.log_rho_range
        num = 1 + int(np.ceil((self.snr_high_db - self.snr_low_db) / self.snr_step_db))
        nodes = np.exp(np.linspace(low, high, num))
        weight = np.full(num, -np.log(num - 1))
        weight[[0, -1]] -= np.log(2)
        if self.power is not None:
            no = self.power / nodes
            weight = weight - self.noise_shape * np.log(no) - self.noise_scale / no
            return Hypotheses(weight, np.repeat(nodes[:, None], num_paths, 1), no)
        index = np.indices((num,) * num_paths).reshape(num_paths, -1)
        no = None if self.no is None else np.full(index.shape[1], self.no)
        return Hypotheses(weight[index].sum(0), nodes[index].T, no)

    def log_likelihood(
        self, quadratic, log_det, energy, num_snapshots, num_entries, no
    ):
        r"""Return log p(y) given parameters and SNR, up to a constant.

        With :math:`R = N_0 (I + A \rho A^H)` and Q the part of the energy E that R
        explains, :math:`-T \ln|I + A \rho A^H| - (E - Q)/N_0 - T M \ln N_0`, or,
        integrated over an inverse gamma noise variance (a, b),
        :math:`-T \ln|.| - (a + T M) \ln(b + E - Q)`.

        Parameters
        ----------
        quadratic, log_det, energy : [...], float
            Q, the logarithm of the determinant, and E of all snapshots.
        num_snapshots, num_entries
            T, and M entries in each.
        no : float or None
            Noise variance, None to integrate over it.
        """
        left = np.maximum(energy - quadratic, 1e-14 * energy)
        size = num_snapshots * num_entries
        value = -num_snapshots * log_det
        if no is None:
            return value - (self.noise_shape + size) * np.log(self.noise_scale + left)
        return value - left / no - size * np.log(no)


def one_path(beam, energy, shape, model: SignalModel):
    r"""Log-likelihood of one path, a function of the beam power alone, and its slope.

    .. math:: B(x) = \sum_t |a^H(x) y_t|^2 / M, \quad Q = \frac{M\rho}{1+M\rho} B

    Parameters
    ----------
    beam : [n, ...], float
        B at the values asked for.
    energy : [n, ...], float
        Sum of \|y\|^2, of a shape that broadcasts.
    shape
        (num_snapshots, num_positions).
    model
        What is known of gains and noise.

    Returns
    -------
    log_likelihood, slope : [n, ...], float
        The latter is the derivative by the beam power.
    """
    num_snapshots, num_positions = shape
    nodes = model.hypotheses(1)
    total = np.full(np.broadcast_shapes(beam.shape, np.shape(energy)), -np.inf)
    slope = np.zeros_like(total)
    size = num_snapshots * num_positions + model.noise_shape
    for j, (log_weight, (rho,)) in enumerate(
        zip(nodes.log_weight, nodes.rho, strict=True)
    ):
        gain = num_positions * rho
        part = gain / (1 + gain)
        no = None if nodes.no is None else nodes.no[j]
        value = log_weight + model.log_likelihood(
            part * beam, np.log1p(gain), energy, num_snapshots, num_positions, no
        )
        left = np.maximum(energy - part * beam, 1e-14 * energy)
        own = part / no if no is not None else size * part / (model.noise_scale + left)
        peak = np.maximum(total, value)
        before, now = np.exp(total - peak), np.exp(value - peak)
        slope = (before * slope + now * own) / (before + now)
        total = peak + np.log(before + now)
    return total, slope


def two_paths(parts, energy, shape, model: SignalModel, nodes: Hypotheses):
    r"""Log-likelihood of two paths on a grid, with the mass of each hypothesis.

    Parameters
    ----------
    parts
        (q_1, q_2, cross, g): summed \|a_p^H y_t\|^2 of both, sum of their products
        conj(z_1) z_2, and a_1^H a_2, of shapes that broadcast.
    energy
        Sum of \|y\|^2, a number.
    shape
        (num_snapshots, num_positions).
    model, nodes
        What is known, and the hypotheses to sum over.

    Returns
    -------
    log_likelihood : [...], float
        Over all hypotheses.
    best : [num], float
        Greatest logarithm that each hypothesis reaches, weight included.
    """
    q_1, q_2, cross, g = parts
    num_snapshots, num_positions = shape
    coupling = 2 * np.real(cross * g)
    overlap = np.abs(g) ** 2
    total = np.full(np.broadcast_shapes(*(np.shape(part) for part in parts)), -np.inf)
    best = np.empty(len(nodes.log_weight))
    for j, (rho_1, rho_2) in enumerate(nodes.rho):
        s_1, s_2 = num_positions + 1 / rho_1, num_positions + 1 / rho_2
        det = s_1 * s_2 - overlap
        value = nodes.log_weight[j] + model.log_likelihood(
            (s_2 * q_1 + s_1 * q_2 - coupling) / det,
            np.log(rho_1 * rho_2 * det),
            energy,
            num_snapshots,
            num_positions,
            None if nodes.no is None else nodes.no[j],
        )
        best[j] = value.max()
        total = np.logaddexp(total, value)
    return total, best
