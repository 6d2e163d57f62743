"""The SNR that each modulation and coding scheme needs, found by decoding blocks."""

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.measures.crossing import invert
from commgen.measures.decibel import noise_variance, to_db
from commgen.phy.downlink.blocks import BlockCodec

# Steps [dB], and the most of them.
_STEP_DB, _MAX_STEPS = 0.5, 40


def decoding_thresholds(
    codec: BlockCodec, *, seed: int, num_blocks: int = 200, target_bler: float = 0.1
) -> np.ndarray:
    """Find at which SNR a share of the blocks is lost in white Gaussian noise.

    Each scheme climbs in steps of 0.5 dB from Shannon's limit, where half of the blocks
    or more are lost, until few enough are; in between the logarithm of the share is
    taken as linear. All steps see the same bits and noise.

    Parameters
    ----------
    codec
        Makes and decodes the blocks.
    seed
        Of bits and noise.
    num_blocks
        At each step.
    target_bler
        Share that is lost.

    Returns
    -------
    [num_schemes], float
        In dB, not falling from one scheme to the next: a scheme that needs more than a
        later one takes that one's place in the order.
    """
    num = check_int("num_blocks", num_blocks, low=10)
    rng = np.random.default_rng(check_int("seed", seed, low=0))
    bits = rng.integers(0, 2, (num, codec.sizes.max()), dtype=np.uint8)
    noise = complex_normal(rng, (num, codec.num_symbols))
    found = [
        _threshold(codec, m, bits, noise, target_bler)
        for m in range(len(codec.schemes))
    ]
    return np.maximum.accumulate(found)


def _threshold(codec, m, bits, noise, target_bler) -> float:
    mcs = np.full(len(bits), m)
    x = codec.modulate(mcs, bits)
    limit = 2 ** (codec.sizes[m] / codec.num_symbols) - 1
    at, lost = [], []
    while len(at) < _MAX_STEPS and (not lost or lost[-1] > target_bler):
        snr_db = to_db(limit) + _STEP_DB * len(at)
        no = noise_variance(snr_db)
        received = x + np.float32(np.sqrt(no)) * noise
        accepted = codec.accept(mcs, received, np.float32(no))
        at.append(snr_db)
        lost.append(max(1 - accepted.mean(), 0.5 / len(bits)))
    return invert(np.array(at), np.log(lost), np.log(target_bler), falling=True).x
