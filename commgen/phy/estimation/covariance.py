"""Covariance of a channel over a resource grid, and where it comes from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import j0
from sionna.phy.channel.tr38901 import TDL

from commgen._checks import check_amplitudes, check_finite

#: Eigenvalues below this share of the largest one are left out.
DEFAULT_TOLERANCE = 1e-10

_ANY_CARRIER_HZ = 1e9  # Sionna's TDL asks for one; without speed it has no effect
_LOS_ANGLE = np.pi / 4  # Sionna's default angle of arrival of the specular path


@dataclass(frozen=True, eq=False)
class GridCovariance:
    r"""Separable covariance over OFDM symbols and subcarriers, by its square roots.

    .. math:: \mathrm{E}[h_{t f} h^*_{t' f'}] = (R_t)_{t t'} (R_f)_{f f'}, \qquad
              R_t = G_t G_t^H, \quad R_f = G_f G_f^H

    A channel of :math:`L` paths has a :math:`G_f` of at most :math:`L` columns however
    many subcarriers there are, and a static one a :math:`G_t` of one.

    Parameters
    ----------
    time : [num_ofdm_symbols, rank], float or complex
        :math:`G_t`.
    frequency : [num_effective_subcarriers, rank], complex
        :math:`G_f`.
    """

    time: np.ndarray
    frequency: np.ndarray

    @classmethod
    def from_matrices(
        cls, cov_mat_time, cov_mat_freq, *, tolerance: float = DEFAULT_TOLERANCE
    ) -> "GridCovariance":
        """Take the matrices that Sionna's ``LMMSEInterpolator`` takes.

        Parameters
        ----------
        cov_mat_time : [num_ofdm_symbols, num_ofdm_symbols], complex
            Covariance over OFDM symbols.
        cov_mat_freq : [num_effective_subcarriers, num_effective_subcarriers], complex
            Covariance over subcarriers.
        tolerance
            Eigenvalues under this share of the largest one are left out: each entry
            then loses at most ``rank * tolerance`` of the largest eigenvalue.

        Raises
        ------
        ValueError
            If one is not finite, Hermitian or positive semidefinite.
        """
        return cls(
            _root("cov_mat_time", cov_mat_time, tolerance),
            _root("cov_mat_freq", cov_mat_freq, tolerance),
        )

    @classmethod
    def from_taps(
        cls,
        resource_grid: Any,
        delays_s,
        powers,
        *,
        max_doppler_hz: ArrayLike = 0.0,
        los_power: float = 0.0,
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> "GridCovariance":
        r"""Uncorrelated paths that fade with the spectrum of Jakes.

        .. math::
            (R_f)_{f f'} &= \sum_l p_l e^{-j 2 \pi (f - f') \tau_l} \\
            (R_t)_{t t'} &= (P - P_\mathrm{LoS}) J_0(2 \pi f_d (t - t'))
                + P_\mathrm{LoS} e^{j 2 \pi f_d (t - t') \cos(\pi / 4)},
                \quad P = \sum_l p_l

        divided by :math:`P` in the second. With a specular path and a Doppler shift
        the channel is not separable; this is the nearest in the sense of its margins.

        Parameters
        ----------
        resource_grid : ResourceGrid
            Grid whose OFDM symbols and effective subcarriers are meant.
        delays_s, powers : [num_paths], float
            Power delay profile, the specular path included; delays in seconds.
        max_doppler_hz
            Greatest Doppler shift, or several that are equally likely.
        los_power
            Part of the power that is specular.
        tolerance
            As in :meth:`from_matrices`.

        Raises
        ------
        ValueError
            If the profile is not finite, or a power or Doppler shift negative.
        """
        delays_s, powers = np.asarray(delays_s, float), np.asarray(powers, float)
        _check_profile(delays_s, powers, los_power)
        # Only differences count; from the middle the phases are the most exact.
        frequencies = _subcarriers_hz(resource_grid)
        steering = np.exp(-2j * np.pi * frequencies[:, None] * delays_s)
        frequency = _compress(steering * np.sqrt(powers), tolerance)
        lags = _lags_s(resource_grid)
        share = los_power / powers.sum() if los_power else 0.0
        matrix = _doppler_correlation(lags, max_doppler_hz, share)
        return cls(_root("time", matrix, tolerance), frequency)

    @classmethod
    def tdl(
        cls,
        resource_grid: Any,
        model: str,
        delay_spread_s: float,
        *,
        max_doppler_hz: ArrayLike = 0.0,
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> "GridCovariance":
        """Covariance of a TDL model of TR 38.901 7.7.2 or TS 38.104 annex G.2.1.1.

        Parameters
        ----------
        resource_grid, max_doppler_hz, tolerance
            As in :meth:`from_taps`.
        model
            "A" to "E", "A30", "B100" or "C300".
        delay_spread_s
            RMS delay spread [s]; of the last three, that in the name.
        """
        delays_s, powers, los_power = tdl_taps(model, delay_spread_s)
        return cls.from_taps(
            resource_grid,
            delays_s,
            powers,
            max_doppler_hz=max_doppler_hz,
            los_power=los_power,
            tolerance=tolerance,
        )

    @classmethod
    def exponential(
        cls,
        resource_grid: Any,
        delay_spread_s: float,
        *,
        max_doppler_hz: ArrayLike = 0.0,
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> "GridCovariance":
        r"""Exponential power delay profile, for a channel of which little is known.

        .. math:: (R_f)_{f f'} = \frac{1}{1 + j 2 \pi (f - f') \tau_\mathrm{rms}}

        (Edfors et al., "OFDM channel estimation by singular value decomposition", IEEE
        Trans. Commun. 46(7), 1998, take it too), Doppler spectrum of Jakes. An
        eigendecomposition of all subcarriers: a minute where there are 3276.

        Parameters
        ----------
        resource_grid, max_doppler_hz, tolerance
            As in :meth:`from_taps`.
        delay_spread_s
            RMS delay spread [s].
        """
        if not np.isfinite(delay_spread_s) or delay_spread_s < 0:
            raise ValueError(
                f"delay_spread_s must be finite and at least 0, got {delay_spread_s}."
            )
        f = _subcarriers_hz(resource_grid)
        matrix = 1 / (1 + 2j * np.pi * (f[:, None] - f) * delay_spread_s)
        lags = _lags_s(resource_grid)
        correlation = _doppler_correlation(lags, max_doppler_hz, 0.0)
        return cls.from_matrices(correlation, matrix, tolerance=tolerance)


def tdl_taps(model: str, delay_spread_s: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Power delay profile of a TDL model, as Sionna holds it.

    Parameters
    ----------
    model
        "A" to "E" (TR 38.901 tables 7.7.2-1 to -5), "A30", "B100" or "C300" (TS 38.104
        tables G.2.1.1-2 to -4).
    delay_spread_s
        RMS delay spread [s]; of the last three, that in the name.

    Returns
    -------
    delays_s, powers : [num_paths], float64
        Powers of unit sum, the specular path in the first one.
    los_power
        What of it is specular; zero for A to C and the last three.

    Raises
    ------
    ValueError
        If the model is unknown or the delay spread is negative or not finite.
    """
    fixed = {"A30": 30e-9, "B100": 100e-9, "C300": 300e-9}
    if model not in (*"ABCDE", *fixed):
        raise ValueError(
            "model must be one of A, B, C, D, E (TR 38.901 7.7.2), A30, B100, C300 "
            f"(TS 38.104 G.2.1.1), got {model!r}."
        )
    if not np.isfinite(delay_spread_s) or delay_spread_s < 0:
        raise ValueError(
            f"delay_spread_s must be finite and at least 0, got {delay_spread_s}."
        )
    if model in fixed and not np.isclose(
        delay_spread_s, fixed[model], rtol=1e-6, atol=0
    ):
        raise ValueError(
            f"delay_spread_s must be {fixed[model]} for model {model} (TS 38.104 "
            f"G.2.1.1), got {delay_spread_s}."
        )
    delay_spread_s = fixed.get(model, delay_spread_s)  # or Sionna prints a warning
    tdl = TDL(model, delay_spread_s, _ANY_CARRIER_HZ)
    powers = np.asarray(tdl.mean_powers, float)
    los_power = float(tdl.mean_power_los) if tdl.los else 0.0
    scale = powers.sum()
    return np.asarray(tdl.delays, float), powers / scale, los_power / scale


def _subcarriers_hz(resource_grid) -> np.ndarray:
    index = np.asarray(resource_grid.effective_subcarrier_ind, float)
    return (index - index.mean()) * float(resource_grid.subcarrier_spacing)


def _lags_s(resource_grid) -> np.ndarray:
    """Time from each OFDM symbol to each other, [num_ofdm_symbols] * 2."""
    t = np.arange(resource_grid.num_ofdm_symbols)
    return (t[:, None] - t) * float(resource_grid.ofdm_symbol_duration)


def _doppler_correlation(lags, max_doppler_hz, los_share) -> np.ndarray:
    doppler = np.atleast_1d(np.asarray(max_doppler_hz, float))
    if doppler.size == 0 or not np.all(np.isfinite(doppler)) or doppler.min() < 0:
        raise ValueError(
            f"max_doppler_hz must be finite and at least 0, got {max_doppler_hz}."
        )
    phase = 2 * np.pi * lags[..., None] * doppler
    correlation = (1 - los_share) * j0(phase)
    if los_share and doppler.any():
        correlation = correlation + los_share * np.exp(1j * phase * np.cos(_LOS_ANGLE))
    elif los_share:
        correlation = correlation + los_share
    return correlation.mean(axis=-1)


def _check_profile(delays_s, powers, los_power):
    if delays_s.shape != powers.shape or delays_s.ndim != 1 or len(powers) == 0:
        raise ValueError(
            "delays_s and powers must be [num_paths] alike, got shapes "
            f"{delays_s.shape} and {powers.shape}."
        )
    check_finite("delays_s", delays_s)
    check_amplitudes("powers", powers)
    if powers.min() < 0 or powers.sum() <= 0:
        raise ValueError(
            f"powers must be at least 0 and not all 0, got {powers.tolist()}."
        )
    if not 0 <= los_power <= powers.sum():
        raise ValueError(
            f"los_power must lie in 0..{powers.sum():g}, the whole power, got "
            f"{los_power}."
        )


def _compress(G, tolerance) -> np.ndarray:
    """Give a square root of G G^H with orthogonal columns, the least ones left out."""
    u, s, _ = np.linalg.svd(G, full_matrices=False)
    keep = s**2 > tolerance * s[0] ** 2
    return u[:, keep] * s[keep]


def _root(name, matrix, tolerance) -> np.ndarray:
    """Return G with G G^H = matrix up to the tolerance."""
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be a square matrix, got shape {matrix.shape}.")
    check_amplitudes(name, matrix)
    scale = np.abs(matrix).max()
    if np.abs(matrix - matrix.conj().T).max() > 1e-5 * scale:
        raise ValueError(f"{name} must be Hermitian, it differs from its adjoint.")
    values, vectors = np.linalg.eigh(matrix.astype(np.result_type(matrix, float)))
    if values[-1] <= 0 or values[0] < -1e-4 * values[-1]:
        raise ValueError(
            f"{name} must be positive semidefinite and not zero, got an eigenvalue of "
            f"{values[0]:.3g}."
        )
    keep = values > tolerance * values[-1]
    return vectors[:, keep] * np.sqrt(values[keep])
