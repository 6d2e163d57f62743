"""Users of a few paths each: channels, pilots, and what is known without a codec."""

from functools import cache
from typing import Any

import numpy as np

from commgen._random import complex_normal
from commgen.inference.parameters import angle_axis
from commgen.measures.decibel import noise_variance

NUM_ANT, NUM_PILOTS, NUM_USERS = 64, 8, 2
#: Noise variance at the power of a pilot, which is that of the downlink.
NO = float(noise_variance(10.0))
AXIS = angle_axis(NUM_ANT, low_deg=-30.0, high_deg=30.0)


def draw_users(num: int, num_paths: int, *, seed: int) -> np.ndarray:
    """Draw channels of paths of the same mean power, within 30 degrees.

    Returns
    -------
    [num, NUM_ANT], complex64
        Rows, of unit mean power.
    """
    rng = np.random.default_rng(seed)
    x = AXIS.to_x(rng.uniform(AXIS.low, AXIS.high, (num, num_paths)))
    gains = complex_normal(rng, (num, num_paths)) / np.sqrt(num_paths)
    h = np.zeros((num, NUM_ANT), np.complex64)
    for p in range(num_paths):  # path by path, to keep what is held small
        h += gains[:, p, None] * AXIS.exponentials(x[:, p])
    return h


def observed(h: np.ndarray, pilots: np.ndarray, *, seed: int) -> np.ndarray:
    """Return what users hear of pilots [NUM_ANT, num], [n, num], complex64."""
    noise = complex_normal(np.random.default_rng(seed), (len(h), pilots.shape[1]))
    return (h @ pilots + np.sqrt(NO) * noise).astype(np.complex64)


def matching_pursuit(
    y: np.ndarray, pilots: np.ndarray, num_paths: int, num_points: int = 256
) -> np.ndarray:
    """Return orthogonal matching pursuit's channels over a grid of sines, [n, NUM_ANT].

    Tropp and Gilbert (IEEE Trans. Inf. Theory 53, 2007, Algorithm 3), with the number
    of paths known.
    """
    x = np.linspace(AXIS.to_x(AXIS.low), AXIS.to_x(AXIS.high), num_points)
    a = AXIS.exponentials(x)
    d = a @ pilots
    unit = d / np.linalg.norm(d, axis=1, keepdims=True)
    h_hat = []
    for row in y:
        chosen: list[int] = []
        left, gains = row, np.empty(0)
        for _ in range(num_paths):
            chosen.append(int(np.abs(unit.conj() @ left).argmax()))
            gains = np.linalg.lstsq(d[chosen].T, row, rcond=None)[0]
            left = row - gains @ d[chosen]
        h_hat.append(gains @ a[chosen])
    return np.array(h_hat, np.complex64)


def pair_rates(h: np.ndarray, h_hat: np.ndarray) -> np.ndarray:
    """Return sum rates of pairs with zero forcing on what is believed, [n / 2].

    Parameters
    ----------
    h, h_hat : [n, NUM_ANT], complex
        True and believed; two rows are a pair.
    """
    from commgen.phy.beams import ZF

    return _rates(h, ZF()(in_pairs(h_hat), NO))


def pair_rates_sampled(h: np.ndarray, samples: Any, num_steps: int) -> np.ndarray:
    """Return sum rates of pairs with sampled WMMSE, [n / 2].

    Parameters
    ----------
    h : [n, NUM_ANT], complex
        True.
    samples : [num_samples, n, NUM_ANT], complex
        What they may be.
    num_steps
        Of WMMSE.
    """
    from commgen.phy.beams import Belief

    drawn = samples.reshape(len(samples), -1, NUM_USERS, 1, NUM_ANT)
    return _rates(h, _wmmse(num_steps)(Belief.of(None, None, drawn), NO))


@cache
def _wmmse(num_steps) -> Any:
    """Return the precoder, whose graph is traced once."""
    from commgen.phy.beams import WMMSE

    return WMMSE(num_steps=num_steps, of="samples")


def pair_rates_as_published(h: np.ndarray) -> np.ndarray:
    """Return sum rates of zero forcing, channels known, all users heard alike."""
    H = in_pairs(h)
    W = np.linalg.pinv(H[:, :, 0].astype(np.complex128))  # [n / 2, NUM_ANT, users]
    W /= np.linalg.norm(W, axis=(1, 2), keepdims=True)
    return _rates(h, W.transpose(0, 2, 1)[..., None].astype(np.complex64))


def in_pairs(h: np.ndarray) -> np.ndarray:
    """Return channels [n, NUM_ANT] as [n / 2, NUM_USERS, 1, NUM_ANT]."""
    return h.reshape(-1, NUM_USERS, 1, NUM_ANT)


def _rates(h, w: Any) -> np.ndarray:
    from commgen.phy.beams import sum_rate

    return sum_rate(in_pairs(h), w, NO).numpy()
