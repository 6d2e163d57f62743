"""What radio engineers ask of a channel: one number for each channel of a set."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import special, stats

from commgen.datasets.events import check_layout, to_array
from commgen.measures.decibel import from_db

# Bounds of ratios in dB, for channels without scatter or without a path.
_K_LIMIT_DB = 30.0
_CONDITION_LIMIT_DB = 120.0
_TINY = 1e-30
_SORTED_BINS = 64


def channel_statistics(
    h: Any, layout: Sequence[str], *, snr_db: float = 10.0
) -> dict[str, np.ndarray]:
    r"""Physical statistics of each channel.

    Statistics that a layout does not have are left out. Beams, delays and Doppler
    shifts are the bins of a DFT over antennas, subcarriers and time steps.

    =======================  ===========================================================
    ``power_db``             mean of \|h\|^2 over the entries [dB]
    ``effective_rank``       exponential of the entropy of shares of power (Roy and
                             Vetterli, EUSIPCO 2007). With one axis: of the bins of its
                             DFT. With rx and tx: of the squared singular values of the
                             rx x tx matrix, mean over time and subcarriers. Else: of
                             the matrix of antennas against time and subcarriers, or of
                             time against subcarriers
    ``peak_beam``            share of the power in the strongest beam, over rx, or tx
                             where rx is one
    ``peak_beam_index``      which beam that is, 0 .. N - 1
    ``angular_spread``       rms of the direction cosine around its mean, for half a
                             wavelength between antennas: at most 1
    ``delay_spread``         rms of the delay around its mean, in taps of
                             1 / (N spacing): at most N / 2
    ``doppler_spread``       rms of the Doppler shift around its mean, in bins of
                             1 / (N time step): at most N / 2
    ``k_factor_db``          Rician factor by the moments of \|h\|^2 over the entries of
                             a channel (Greenstein et al., IEEE Commun. Lett. 3, 1999,
                             eq. (9)), within -30 .. 30 dB; not for a single entry
    ``condition_number_db``  20 log10 of the ratio of extreme singular values of the
                             rx x tx matrix, at most 120, mean over time and subcarriers
    ``capacity``             log2 det(I + SNR / num_tx H H^H), mean over time and
                             subcarriers [bit/s/Hz]
    =======================  ===========================================================

    Angle, delay and Doppler are circular: the mean is that of the first circular
    moment, and deviations are wrapped around it. An off-grid path leaks into other
    bins, which widens spreads of truth and candidate alike.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels of unit mean power. An all-zero channel has power -300 dB, rank one,
        and no spread.
    layout
        Axes of an event, of "rx", "tx", "time", "subcarrier".
    snr_db
        SNR of the capacity [dB].

    Returns
    -------
    dict
        Name to values, [n], float64.

    Raises
    ------
    ValueError
        If ``layout`` does not name each axis of an event.
    """
    h = np.asarray(h)
    check_layout(layout, h.shape[1:])
    array = to_array(h.astype(np.complex128), layout)
    n, num_rx, num_tx, num_time, num_subcarriers = array.shape
    power = np.abs(array.reshape(n, -1)) ** 2
    found = {
        "power_db": 10 * np.log10(np.maximum(power.mean(axis=1), _TINY)),
        "effective_rank": _effective_rank(array),
    }
    if max(num_rx, num_tx) > 1:
        beams = spectrum(array, 1 if num_rx > 1 else 2)
        total = np.maximum(beams.sum(axis=1), _TINY)
        found["peak_beam"] = beams.max(axis=1) / total
        found["peak_beam_index"] = beams.argmax(axis=1).astype(float)
        found["angular_spread"] = _circular_spread(beams) * 2 / beams.shape[1]
    if num_subcarriers > 1:
        found["delay_spread"] = _circular_spread(spectrum(array, 4))
    if num_time > 1:
        found["doppler_spread"] = _circular_spread(spectrum(array, 3))
    if power.shape[1] > 1:
        found["k_factor_db"] = _k_factor_db(power)
    if min(num_rx, num_tx) > 1:
        s = np.maximum(_singular_values(array), _TINY)
        ratio_db = 20 * np.log10(s[..., 0] / s[..., -1])
        ratio_db = np.minimum(ratio_db, _CONDITION_LIMIT_DB)
        found["condition_number_db"] = ratio_db.mean(axis=1)
    found["capacity"] = _capacity(array, from_db(snr_db))
    return found


def autocorrelation(h: Any, layout: Sequence[str]) -> np.ndarray:
    r"""Autocorrelation over time of a whole set, normalised to one at lag 0.

    .. math:: \rho_k = \frac{\sum h_{t+k} h_t^* / (N - k)}{\sum |h_t|^2 / N}

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels.
    layout
        Axes of an event, "time" among them.

    Returns
    -------
    rho : [num_time_steps], complex128
        Jakes' spectrum gives J_0(2 pi f_D k time_step).

    Raises
    ------
    ValueError
        If ``layout`` has no "time", or does not name each axis of an event.
    """
    h = np.asarray(h)
    if "time" not in check_layout(layout, h.shape[1:]):
        raise ValueError(f'layout must have "time", got {tuple(layout)}.')
    x = np.moveaxis(to_array(h.astype(np.complex128), layout), 3, 0)
    x = x.reshape(len(x), -1)
    products = x @ x.conj().T
    lags = [np.mean(np.diagonal(products, -k)) for k in range(len(x))]
    power = lags[0].real
    return np.array(lags) / (power if power > 0 else 1.0)


def ks(truth: dict[str, np.ndarray], candidate: dict[str, np.ndarray]) -> dict:
    """Kolmogorov-Smirnov distance of each statistic: 0 is best, 1 is disjoint.

    Parameters
    ----------
    truth, candidate
        Of :func:`channel_statistics`, or any samples by name.

    Returns
    -------
    dict
        Name to the largest difference of the two distribution functions.

    Raises
    ------
    ValueError
        If the names differ.
    """
    if set(truth) != set(candidate):
        raise ValueError(
            f"truth and candidate must have the same statistics, got {sorted(truth)} "
            f"and {sorted(candidate)}."
        )
    # The p-value, which is not used, would be exact at a cost for small sets.
    found = {}
    for name, x in truth.items():
        result: Any = stats.ks_2samp(x, candidate[name], method="asymp")
        found[name] = float(result.statistic)
    return found


def invariant_features(h: Any, layout: Sequence[str]) -> np.ndarray:
    """Return what a classifier may see: nothing that the phase would change.

    Logarithms of the power in beams, delays and Doppler shifts (of each axis, over all
    others), of the 64 strongest bins of the DFT over all axes, sorted, both relative
    to the power of the channel; and :func:`channel_statistics`.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels.
    layout
        Axes of an event.

    Returns
    -------
    features : [n, num_features], float64
    """
    h = np.asarray(h)
    known = channel_statistics(h, layout)
    array = to_array(h.astype(np.complex128), layout)
    bins = np.abs(np.fft.fftn(array, axes=(1, 2, 3, 4), norm="ortho")) ** 2
    total = np.maximum(bins.sum(axis=(1, 2, 3, 4), keepdims=True), _TINY)
    shares = bins / total
    axes = [axis for axis in range(1, 5) if array.shape[axis] > 1]
    parts = [shares.sum(axis=tuple({1, 2, 3, 4} - {axis})) for axis in axes]
    strongest = -np.sort(-shares.reshape(len(h), -1), axis=1)[:, :_SORTED_BINS]
    logs = np.log(np.concatenate([*parts, strongest], axis=1) + 1e-9)
    return np.concatenate([logs, np.stack(list(known.values()), axis=1)], axis=1)


def spectrum(array: np.ndarray, axis: int) -> np.ndarray:
    """Power in the bins of a DFT along one axis of a channel array, over all others.

    Parameters
    ----------
    array : [n, rx, tx, time, subcarrier], complex
        Channels. Delays take the inverse DFT, as in
        :func:`~commgen.channels.to_angle_delay`.
    axis
        1 to 4.

    Returns
    -------
    power : [n, size of the axis], float
    """
    transform = np.fft.ifft if axis == 4 else np.fft.fft
    bins = np.abs(transform(array, axis=axis, norm="ortho")) ** 2
    return bins.sum(axis=tuple({1, 2, 3, 4} - {axis}))


def _circular_spread(power: np.ndarray) -> np.ndarray:
    """Rms deviation from the circular mean, in bins, for power : [n, num_bins]."""
    size = power.shape[1]
    share = power / np.maximum(power.sum(axis=1, keepdims=True), _TINY)
    phase = 2 * np.pi * np.arange(size) / size
    mean = np.angle(share @ np.exp(1j * phase))
    deviation = np.angle(np.exp(1j * (phase - mean[:, None])))
    rms = np.sqrt(np.sum(share * deviation**2, axis=1))
    return rms * size / (2 * np.pi)


def _effective_rank(array: np.ndarray) -> np.ndarray:
    n, num_rx, num_tx, num_time, _ = array.shape
    axes = [axis for axis in range(1, 5) if array.shape[axis] > 1]
    if len(axes) < 2:
        return _entropy_rank(spectrum(array, axes[0] if axes else 4))
    if min(num_rx, num_tx) > 1:
        return _entropy_rank(_singular_values(array) ** 2).mean(axis=1)
    rows = num_rx * num_tx if num_rx * num_tx > 1 else num_time
    matrix = array.reshape(n, rows, -1)
    return _entropy_rank(np.linalg.svd(matrix, compute_uv=False) ** 2)


def _entropy_rank(power: np.ndarray) -> np.ndarray:
    """Exponential of the entropy over the last axis; 1 where there is no power."""
    total = power.sum(axis=-1, keepdims=True)
    share = power / np.maximum(total, _TINY)
    rank = np.exp(special.entr(share).sum(axis=-1))
    return np.where(total[..., 0] > 0, rank, 1.0)


def _singular_values(array: np.ndarray) -> np.ndarray:
    """Of the rx x tx matrix at each time and subcarrier, [n, points, min(rx, tx)]."""
    n, num_rx, num_tx = array.shape[:3]
    matrix = array.reshape(n, num_rx, num_tx, -1).transpose(0, 3, 1, 2)
    if min(num_rx, num_tx) == 1:
        return np.linalg.norm(matrix, axis=(2, 3))[..., None]
    return np.linalg.svd(matrix, compute_uv=False)


def _k_factor_db(power: np.ndarray) -> np.ndarray:
    """K = r / (1 - r) with r^2 = 1 - var(|h|^2) / mean(|h|^2)^2."""
    mean = np.maximum(power.mean(axis=1), _TINY)
    r = np.sqrt(np.clip(1 - power.var(axis=1) / mean**2, 0, 1))
    limit = from_db(_K_LIMIT_DB)
    k = np.clip(r / np.maximum(1 - r, _TINY), 1 / limit, limit)
    return 10 * np.log10(k)


def _capacity(array: np.ndarray, snr: float) -> np.ndarray:
    num_tx = array.shape[2]
    s = _singular_values(array)
    return np.log2(1 + snr / num_tx * s**2).sum(axis=-1).mean(axis=1)
