"""Training examples of a denoiser: channels, symmetries of their set, and noise."""

import numpy as np

from commgen._random import complex_normal
from commgen.measures.decibel import noise_variance

# SNR of the noise that the network learns to remove. Three quarters of the training
# examples lie where receivers work, the rest where only the sampler goes.
SNR_RANGE_DB = (-30.0, 40.0)
_RECEIVER_SNR_DB = (-15.0, 25.0)
_RECEIVER_SHARE = 0.75
SYMMETRIES = ("phase", "reversal", "shift")


def augment(rng, h, symmetries):
    """Change channels in ways that leave their distribution as it is.

    Parameters
    ----------
    rng
        NumPy generator.
    h : [n, *event_shape], complex64
        Channels.
    symmetries
        ``"phase"``: turn a channel by a random phase; ``"reversal"``: conjugate and
        reverse every second one along its last axis; ``"shift"``: turn the beams of the
        last axis by up to one of them, which holds nearly where there are many.
    """
    per_channel = (len(h),) + (1,) * (h.ndim - 1)
    if "reversal" in symmetries:
        flip = rng.random(per_channel) < 0.5
        h = np.where(flip, h[..., ::-1].conj(), h)
    if "shift" in symmetries:
        size = h.shape[-1]
        beams = rng.uniform(-1, 1, per_channel)
        turn = np.exp(2j * np.pi * beams * np.arange(size) / size)
        h = h * turn.astype(np.complex64)
    if "phase" in symmetries:
        h = h * np.exp(2j * np.pi * rng.random(per_channel)).astype(np.complex64)
    return h


def noisy_batch(rng, h, share=_RECEIVER_SHARE):
    """Return ({"y", "no"}, h) as real arrays, SNR uniform in dB in two ranges.

    ``share`` is the part of the examples in the range where receivers work.
    """
    n = len(h)
    near = rng.random(n) < share
    snr_db = np.where(
        near, rng.uniform(*_RECEIVER_SNR_DB, n), rng.uniform(*SNR_RANGE_DB, n)
    )
    return _with_noise(rng, h, noise_variance(snr_db))


def flow_batch(rng, h):
    """Return ({"y", "no"}, h) as :func:`noisy_batch`, at the noise of uniform times.

    At time t of the path (1 - t) n + t h the noise variance is ((1 - t) / t)^2, that
    of a channel in noise; beyond ``SNR_RANGE_DB`` there is none.
    """
    first, last = (1 / (1 + 10 ** (-db / 20)) for db in SNR_RANGE_DB)
    t = rng.uniform(first, last, len(h))
    return _with_noise(rng, h, ((1 - t) / t) ** 2)


def _with_noise(rng, h, no):
    no = no.astype(np.float32)
    noise = complex_normal(rng, h.shape)
    y = h + np.sqrt(no).reshape(-1, *(1,) * (h.ndim - 1)) * noise
    return {"y": _real(y), "no": no}, _real(h)


def _real(h):
    return np.stack([h.real, h.imag], axis=-1).astype(np.float32)
