"""Tapped delay lines against the standards' tables and Clarke's model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

from commgen.channels import TdlConfig, build_channel
from commgen.measures.intervals import mean_interval
from commgen.studies.validation.line import (
    CONFIDENCE,
    Line,
    at_most,
    equal,
    point_seed,
    worst,
)
from commgen.studies.validation.profiles import PROFILES, Profile
from commgen.studies.validation.size import ValidationSize

GROUP = "TDL"

DELAY_SPREAD_S = 100e-9
DOPPLER_HZ = 100.0
#: TR 38.901 section 7.7.2: the line of sight is at 0.7 times the maximum Doppler shift.
_LOS_DOPPLER = 0.7

_CHUNK = 1000
_LAGS = np.array([0.05, 0.1, 0.2, 0.3827, 0.5, 0.8, 1.0])  # in 1 / f_d
_SUBCARRIERS = np.arange(1, 16)
_SUBCARRIER_STEP = 0.08  # in 1 / delay spread
# A tap is a sum of 20 sinusoids, as in Sionna: its fourth moment is short of that of a
# Rayleigh tap by 1/20 of 1 (Xiao, Zheng and Beaulieu 2006, section III).
_SINUSOIDS = 20
# Sionna has the line of sight at cos(45 degrees) = 0.7071 of the maximum.
_LOS_ALLOWANCE = 0.05


@dataclass(frozen=True)
class Draws:
    """Coefficients of a profile, [n, 2 antennas, taps, 1 + lags], and responses.

    Parameters
    ----------
    a
        Tap coefficients over time, at zero and at ``_LAGS / DOPPLER_HZ``.
    tau : [n, taps]
        Delays [s].
    h : [n, 16]
        Response of the first antenna at time zero over frequency.
    """

    a: np.ndarray
    tau: np.ndarray
    h: np.ndarray


def fading_lines(
    size: ValidationSize, name: str, *, seed: int, source: Any = None
) -> list[Line]:
    """Compare a tapped delay line with its table.

    Parameters
    ----------
    size
        How many draws.
    name
        A key of ``PROFILES``.
    seed
        Of the draws.
    source
        Channel source in place of that of commgen, with two receive antennas.
    """
    profile = PROFILES[name]
    draws = _draw(size, name, point_seed(seed, *name.encode()), source)
    common = {"tolerance": size.statistic_tolerance}
    return [
        *_profile_lines(name, profile, draws, common),
        *_amplitude_lines(name, profile, draws, size),
        _time_line(name, profile, draws, common),
        _frequency_line(name, profile, draws, common),
        _antenna_line(name, profile, draws, common),
    ]


def spectrum_lines(
    size: ValidationSize, name: str, *, seed: int, source: Any = None
) -> list[Line]:
    r"""Compare the Doppler spectrum of a profile without line of sight with Clarke's.

    Its density is :math:`1 / (\pi \sqrt{f_d^2 - f^2})`: one third of the power lies
    within half the maximum shift. Parameters as for :func:`fading_lines`.
    """
    source = source or _source(name, point_seed(seed, *name.encode(), 1))
    num_times, oversampling, num = 256, 4, max(200, size.channels // 40)
    times = np.arange(num_times) / (oversampling * DOPPLER_HZ)
    h = source.start(num).coefficients(times)[:, 0, 0].sum(1)
    window = np.hanning(num_times)
    power = np.abs(np.fft.fft(h * window)) ** 2
    frequency = np.abs(np.fft.fftfreq(num_times, 1 / (oversampling * DOPPLER_HZ)))
    total = power.sum(1).mean()
    shares = [
        mean_interval(power[:, inside].sum(1) / total, CONFIDENCE)
        for inside in (frequency < DOPPLER_HZ / 2, frequency > 1.05 * DOPPLER_HZ)
    ]
    note = "Clarke 1968, Jakes 1974 section 1.2; finite window"
    return [
        equal(
            GROUP,
            f"{name}: power within half the maximum Doppler shift",
            shares[0],
            1 / 3,
            tolerance=2 * size.statistic_tolerance,
            allowance=0.01,
            note=note,
        ),
        at_most(
            GROUP,
            f"{name}: power beyond 1.05 times the maximum Doppler shift",
            shares[1],
            1e-3,
            note=note,
            scale=1.0,
        ),
    ]


def _source(name: str, seed: int) -> Any:
    options = {"model": name, "num_rx_ant": 2, "max_doppler_hz": DOPPLER_HZ}
    if PROFILES[name].spread_s == 1:
        options["delay_spread_s"] = DELAY_SPREAD_S
    return build_channel(TdlConfig.model_validate(options), seed=seed)


def _draw(size: ValidationSize, name: str, seed: int, source: Any) -> Draws:
    source = source or _source(name, seed)
    times = np.concatenate([[0.0], _LAGS / DOPPLER_HZ])
    parts = []
    for _ in range(-(-size.channels // _CHUNK)):
        process = source.start(_CHUNK)
        a = process.coefficients(times)[:, :, 0]
        h = process.frequency_response(
            0.0, 1, 1e-3, 16, _SUBCARRIER_STEP / DELAY_SPREAD_S
        )
        parts.append((a, process.tau, h[:, 0, 0, 0, 0, 0]))
    return Draws(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _scale(profile: Profile) -> float:
    return DELAY_SPREAD_S if profile.spread_s == 1 else 1.0


def _profile_lines(name, profile, draws, common) -> list[Line]:
    tau = profile.delay_s * _scale(profile)
    power = np.mean(np.abs(draws.a[..., 0]) ** 2, axis=1)
    labels = [f"tap {i + 1}" for i in range(len(tau))]
    mean = power.mean(0)
    centre = mean @ tau / mean.sum()
    variance = mean @ (tau - centre) ** 2 / mean.sum()
    # What each channel did to the spread, to first order.
    moved = power @ ((tau - centre) ** 2 - variance) / mean.sum() / (2 * variance)
    spread = mean_interval(1 + moved, CONFIDENCE)
    spread = tuple(float(x * np.sqrt(variance) * 1e9) for x in spread)
    reference_ns = profile.rms_delay_spread_s * _scale(profile) * 1e9
    error = np.max(np.abs(draws.tau - tau)) / (reference_ns * 1e-9)
    return [
        at_most(
            GROUP,
            f"{name}: largest error of a delay over the delay spread",
            (error, error, error),
            1e-4,
            note=profile.source,
            scale=1.0,
        ),
        worst(
            GROUP,
            f"{name}: power over that of the table",
            power / profile.power,
            np.ones(len(tau)),
            labels,
            tolerance=2 * common["tolerance"],
            note=profile.source,
        ),
        equal(
            GROUP,
            f"{name}: RMS delay spread",
            spread,  # pyright: ignore[reportArgumentType]
            reference_ns,
            tolerance=common["tolerance"] * reference_ns,
            unit="ns",
            note=f"second moment of {profile.source}",
        ),
        equal(
            GROUP,
            f"{name}: mean power",
            mean_interval(power.sum(1), CONFIDENCE),
            1.0,
            note="by definition",
            **common,
        ),
    ]


def _amplitude_lines(name, profile, draws, size) -> list[Line]:
    """Compare the amplitudes of a tap, and of the sum of all."""
    # Tap of the largest power among those that only fade.
    first = 1 if profile.los_db is not None else 0
    k = first + int(np.argmax(profile.power[first:]))
    x = np.abs(draws.a[:, 0, k, 0]) ** 2 / profile.power[k]
    lines = [
        equal(
            GROUP,
            f"{name}: fourth moment of tap {k + 1}",
            mean_interval(x**2, CONFIDENCE),
            2.0,
            tolerance=8 * size.statistic_tolerance,
            allowance=1.2 / _SINUSOIDS,
            note=f"Rayleigh: 2; of {_SINUSOIDS} sinusoids {2 - 1 / _SINUSOIDS}",
        )
    ]
    limit = float(stats.kstwobign.isf(1 - CONFIDENCE))
    total = np.abs(draws.a[:, 0, :, 0].sum(1))
    if profile.los_db is None:
        law, what = stats.rayleigh(scale=0.5**0.5), "Rayleigh"
    else:
        los = profile.power[0] * profile.k_factor / (1 + profile.k_factor)
        sigma = np.sqrt((1 - los) / 2)
        law, what = stats.rice(np.sqrt(los) / sigma, scale=sigma), "Rice"
        lines.append(_k_factor_line(name, profile, draws, size))
    distance = float(stats.kstest(total, law.cdf).statistic)
    lines.append(
        at_most(
            GROUP,
            f"{name}: distance of |h| from the {what} law (KS)",
            (distance, distance, distance),
            limit / np.sqrt(len(total)),
            note=f"Kolmogorov's limit, {CONFIDENCE:.2%}",
            scale=1.0,
        )
    )
    return lines


def _k_factor_line(name, profile, draws, size) -> Line:
    """Both antennas have the line of sight in common, and nothing else."""
    first = draws.a[:, :, 0, 0]
    common = np.real(first[:, 0] * first[:, 1].conj())
    power = np.mean(np.abs(first) ** 2, axis=1)
    p, s = power.mean(), common.mean()
    k = s / (p - s)
    # d ln K = d s (1 / s + 1 / (p - s)) - d p / (p - s)
    moved = (common - s) * (1 / s + 1 / (p - s)) - (power - p) / (p - s)
    decibels = 10 / np.log(10)
    value = mean_interval(10 * np.log10(k) + decibels * moved, CONFIDENCE)
    return equal(
        GROUP,
        f"{name}: K-factor of the first tap",
        value,
        10 * np.log10(profile.k_factor),
        tolerance=20 * size.statistic_tolerance,
        unit="dB",
        note=profile.source,
    )


def _time_line(name, profile, draws, common) -> Line:
    h = draws.a[:, 0].sum(1)
    product = np.real(h[:, 1:] * h[:, :1].conj())
    direct = profile.power[0] * profile.k_factor / (1 + profile.k_factor)
    reference = (1 - direct) * special.j0(2 * np.pi * _LAGS)
    reference = reference + direct * np.cos(2 * np.pi * _LOS_DOPPLER * _LAGS)
    return worst(
        GROUP,
        f"{name}: correlation over time",
        product,
        reference,
        [f"{lag:g} / f_d" for lag in _LAGS],
        allowance=_LOS_ALLOWANCE * direct,
        note="J0(2 pi f_d t), Clarke 1968; line of sight at 0.7 f_d"
        if direct
        else "J0(2 pi f_d t), Clarke 1968",
        scale=1.0,
        **common,
    )


def _frequency_line(name, profile, draws, common) -> Line:
    product = draws.h[:, 1:] * draws.h[:, :1].conj()
    step_hz = _SUBCARRIER_STEP / DELAY_SPREAD_S
    reference = profile.frequency_correlation(_SUBCARRIERS * step_hz, _scale(profile))
    return worst(
        GROUP,
        f"{name}: correlation over frequency",
        np.concatenate([product.real, product.imag], axis=1),
        np.concatenate([reference.real, reference.imag]),
        [f"{part} at {k}" for part in ("Re", "Im") for k in _SUBCARRIERS],
        note=f"Fourier transform of {profile.source}",
        scale=1.0,
        **common,
    )


def _antenna_line(name, profile, draws, common) -> Line:
    h = draws.a[..., 0].sum(2)
    product = h[:, 0] * h[:, 1].conj()
    direct = profile.power[0] * profile.k_factor / (1 + profile.k_factor)
    return worst(
        GROUP,
        f"{name}: correlation of two antennas",
        np.stack([product.real, product.imag], axis=1),
        [direct, 0.0],
        ["Re", "Im"],
        note="low correlation, TS 38.104 annex G.2.3; line of sight in common"
        if direct
        else "low correlation, TS 38.104 annex G.2.3",
        scale=1.0,
        **common,
    )
