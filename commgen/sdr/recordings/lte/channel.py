"""The channel of a cell from its reference signals: LMMSE over time and frequency."""

from dataclasses import dataclass

import numpy as np

from commgen.sdr.recordings.lte.clock import SAMPLE_RATE_HZ
from commgen.sdr.recordings.lte.grid import (
    CARRIERS,
    NUM_CARRIERS,
    has_reference,
    reference,
    spectra,
    symbol_start,
)
from commgen.sdr.recordings.lte.sequences import FFT_SIZE

# Delays, in samples, that twelve carriers six apart tell apart: every 128 / 72.
_DELAYS = np.arange(-4, 8) * FFT_SIZE / NUM_CARRIERS
# Of these the weakest five are taken for noise alone, and so is what stands out of it
# by less than four standard deviations of its mean.
_NUM_EMPTY, _CLEAR = 5, 4.0
# A path lies anywhere between them: parts of the distance that its power is spread to.
_SPREAD = np.arange(-1, 2) / 3 * FFT_SIZE / NUM_CARRIERS
_COHERENCE_S = (0.3e-3, 0.6e-3, 1e-3, 2e-3, 4e-3, 8e-3, 16e-3)
# Lags, in symbols, at which a port has the same carriers again.
_LAGS = (7, 14, 28, 42)


@dataclass(frozen=True)
class Observed:
    """Least squares at the reference signals of a port.

    Parameters
    ----------
    h : [num_frames, num_symbols, 12], complex
        Channel, noise on top.
    symbols : [num_symbols], int
        Of the frame.
    carriers : [num_symbols, 12], int
        Of the 72.
    """

    h: np.ndarray
    symbols: np.ndarray
    carriers: np.ndarray

    @property
    def taps(self) -> np.ndarray:
        """Amplitudes of the delays in each symbol, [num_frames, num_symbols, 12]."""
        turn = _turn(self.carriers, _DELAYS).conj()
        return np.einsum("fsk,skd->fsd", self.h, turn) / len(_DELAYS)

    @property
    def same_carriers(self) -> list[tuple[int, int, int]]:
        """Pairs of symbols with the same carriers: first, second, lag."""
        place = {int(s): i for i, s in enumerate(self.symbols)}
        return [
            (i, place[s + lag], lag)
            for s, i in place.items()
            for lag in _LAGS
            if s + lag in place
            and (self.carriers[i] == self.carriers[place[s + lag]]).all()
        ]


@dataclass(frozen=True)
class Statistics:
    """What the frames of a recording say of a port's channel together.

    Parameters
    ----------
    power : [12], float
        Of each delay.
    no
        Noise and interference of a subcarrier.
    coherence_s
        Standard deviation of the Gaussian that its autocorrelation is taken for.
    """

    power: np.ndarray
    no: float
    coherence_s: float


def observe(y, starts, cell: int, port: int, subframes) -> Observed:
    """Return least squares at a port's reference signals in subframes around 0."""
    every = np.add.outer(14 * np.asarray(subframes), np.arange(14)).ravel()
    symbols = np.array([s for s in every if has_reference(port, int(s))])
    signals = [reference(cell, port, int(s)) for s in symbols]
    carriers = np.array([signal.carriers for signal in signals])
    seen = np.take_along_axis(spectra(y, starts, symbols), carriers[None], axis=2)
    return Observed(
        seen * np.conj([signal.values for signal in signals]), symbols, carriers
    )


def residual_cfo(observed: list[Observed]) -> float:
    """Return the CFO [Hz] by which reference signals turn in half a millisecond."""
    total = 0j
    for port in observed:
        for i, j, lag in port.same_carriers:
            if lag == _LAGS[0]:
                total += np.vdot(port.h[:, i], port.h[:, j])
    seconds = (symbol_start(_LAGS[0]) - symbol_start(0)) / SAMPLE_RATE_HZ
    return float(np.angle(total) / (2 * np.pi * seconds))


def learn(observed: Observed) -> Statistics:
    """Return the statistics of a port, from all frames that are there."""
    taps = observed.taps
    power = np.mean(np.abs(taps) ** 2, axis=(0, 1))
    floor = float(np.mean(np.sort(power)[:_NUM_EMPTY]))
    # An average of independent powers, whose deviation is their mean.
    deviation = floor / np.sqrt(taps.shape[0] * taps.shape[1])
    power = np.where(power - floor > _CLEAR * deviation, power - floor, 0)
    seconds = _coherence(taps[..., power > 0], observed.same_carriers)
    return Statistics(power, max(len(_DELAYS) * floor, 1e-20), seconds)


def _coherence(taps, pairs) -> float:
    """Return the coherence time whose autocorrelation fits the taps' best."""
    if not pairs or not taps.shape[-1]:
        return _COHERENCE_S[-2]
    lags = np.array(_LAGS)
    seen = np.zeros(len(lags))
    for place, lag in enumerate(lags):
        own = [np.vdot(taps[:, i], taps[:, j]).real for i, j, d in pairs if d == lag]
        seen[place] = np.mean(own) if own else np.nan
    there = np.isfinite(seen)
    t, seen = symbol_start(lags[there]) / SAMPLE_RATE_HZ, seen[there]
    errors = []
    for coherence in _COHERENCE_S:
        rho = _autocorrelation(t, coherence)
        scale = max(float(seen @ rho / (rho @ rho)), 0)
        errors.append(float(np.sum((seen - scale * rho) ** 2)))
    return _COHERENCE_S[int(np.argmin(errors))]


def interpolate(observed: Observed, known: Statistics, symbols, carriers) -> np.ndarray:
    r"""Return the LMMSE estimate at elements of each frame, [num_frames, num].

    .. math:: \hat h = R_{tp} (R_{pp} + N_0 I)^{-1} \hat h_{LS}

    with the profile of the delays over frequency and a Gaussian over time.

    Parameters
    ----------
    observed, known
        Of the port.
    symbols, carriers : [num], int
        The elements.
    """
    at = np.repeat(observed.symbols, observed.carriers.shape[1])
    R = _covariance(at, observed.carriers.ravel(), at, observed.carriers.ravel(), known)
    R_t = _covariance(symbols, carriers, at, observed.carriers.ravel(), known)
    W = np.linalg.solve(R + known.no * np.eye(len(R)), R_t.conj().T)
    return observed.h.reshape(len(observed.h), -1) @ np.conj(W)


def _covariance(s_a, k_a, s_b, k_b, known: Statistics) -> np.ndarray:
    """E[h_a conj(h_b)]."""
    used = known.power > 0
    delays = np.add.outer(_DELAYS[used], _SPREAD).ravel()
    power = np.repeat(known.power[used], len(_SPREAD)) / len(_SPREAD)
    a, b = (_turn(k, delays) for k in (k_a, k_b))
    t_a, t_b = (symbol_start(np.asarray(s)) / SAMPLE_RATE_HZ for s in (s_a, s_b))
    rho = _autocorrelation(np.subtract.outer(t_a, t_b), known.coherence_s)
    return (a * power) @ b.conj().T * rho


def _autocorrelation(seconds, coherence_s: float) -> np.ndarray:
    return np.exp(-0.5 * (seconds / coherence_s) ** 2)


def _turn(carriers, delays) -> np.ndarray:
    """Return e^{-j 2 pi k d / 128}, [..., num_delays]."""
    return np.exp(
        -2j * np.pi / FFT_SIZE * np.multiply.outer(CARRIERS[carriers], delays)
    )
