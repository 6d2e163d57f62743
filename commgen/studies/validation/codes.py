"""The LDPC decoder against published error rates, Sionna's decoder, and a bound."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from commgen.coding import LDPCDecoder, LDPCEncoder
from commgen.measures.crossing import DrawnCrossing, error_rate_crossing
from commgen.measures.decibel import from_db
from commgen.studies.validation.closed_forms import normal_approximation, snr_at
from commgen.studies.validation.line import (
    CONFIDENCE,
    Line,
    point_seed,
    within,
)
from commgen.studies.validation.size import ValidationSize

GROUP = "LDPC code"

#: Information and coded bits to Eb/N0 [dB], frames and frame errors of the NR code with
#: BPSK under 20 iterations of flooding sum-product, by AFF3CT 4.4
#: (github.com/aff3ct/error_rate_references, LDPC/AWGN/BPSK/BP_FLOODING/SPA,
#: LDPC_N1024_K512_flooding_SPA_i20_5G.txt and LDPC_N12288_K6144_..., June 2026).
PUBLISHED = {
    (512, 1024): (
        (0.75, 152, 114),
        (1.0, 237, 113),
        (1.25, 450, 105),
        (1.5, 1621, 101),
        (1.75, 5916, 100),
        (2.0, 35763, 100),
    ),
    (6144, 12288): (
        (0.9, 158, 126),
        (1.0, 281, 109),
        (1.1, 771, 103),
        (1.2, 4642, 101),
        (1.3, 53130, 100),
    ),
}

#: Loss against sum-product that the decoder is allowed.
DECODER_LOSS_DB = 0.1
#: In as many iterations a layered decoder gets farther than a flooding one, which
#: passes all messages at once.
SCHEDULE_GAIN_DB = 0.2
#: A good code of these lengths loses at most that much against the best one.
_LARGEST_GAP_DB = 1.3

_ITERATIONS = 20
_CHUNK = 250

FrameErrors = Callable[[int, int, ArrayLike, int, int], np.ndarray]


def code_lines(
    size: ValidationSize,
    k: int,
    n: int,
    *,
    seed: int,
    simulate: FrameErrors | None = None,
) -> list[Line]:
    """Compare one code with what others published, and with the normal approximation.

    Parameters
    ----------
    size
        Frames at each point.
    k, n
        Information and coded bits.
    seed
        Of bits and noise.
    simulate
        As :func:`frame_errors`, in whose place it stands.
    """
    simulate = simulate or frame_errors
    seed = point_seed(seed, k, n)
    lines = []
    for target in size.frame_error_rates:
        bound = snr_at(
            lambda ebn0: normal_approximation(k, n, 2 * ebn0 * k / n), target
        )
        published = PUBLISHED.get((k, n))
        centre = published_snr(published, target)[0] if published else bound + 0.75
        step = 0.15 if published else 0.25
        grid = np.round(centre + step * np.arange(-2, 4), 3)
        found = error_rate_crossing(
            grid, simulate(k, n, grid, size.frames, seed), target
        )
        name = f"({n}, {k}): Eb/N0 at FER {target:g}"
        if published:
            lines.append(_published_line(size, name, found, published, target))
        lines.append(
            within(
                GROUP,
                f"{name} over the normal approximation",
                found.interval(CONFIDENCE),
                (bound, bound + _LARGEST_GAP_DB),
                reference=bound,
                tolerance=size.code_tolerance_db,
                unit="dB",
                note=f"Polyanskiy et al. 2010, eq. 291 to 296; 0 to {_LARGEST_GAP_DB} "
                "dB over it",
            )
        )
    return lines


def decoder_lines(
    size: ValidationSize,
    k: int,
    n: int,
    *,
    seed: int,
    simulate: FrameErrors | None = None,
    reference: FrameErrors | None = None,
) -> list[Line]:
    """Compare the decoder with Sionna's sum-product on the same frames and noise.

    Parameters as for :func:`code_lines`; ``reference`` stands for
    :func:`sionna_frame_errors`.
    """
    simulate, reference = simulate or frame_errors, reference or sionna_frame_errors
    target, seed = 0.1, point_seed(seed, k, n, 1)
    centre = published_snr(PUBLISHED[k, n], target)[0]
    grid = np.round(centre + 0.2 * np.array([-1, 0, 1]), 3)
    ours, theirs = (
        error_rate_crossing(grid, run(k, n, grid, size.paired_frames, seed), target)
        for run in (simulate, reference)
    )
    line = within(
        GROUP,
        f"({n}, {k}): Eb/N0 at FER {target:g} less that of Sionna's sum-product",
        ours.minus(theirs, CONFIDENCE),
        (-SCHEDULE_GAIN_DB, DECODER_LOSS_DB),
        reference=0.0,
        tolerance=size.code_tolerance_db,
        unit="dB",
        note=f"LDPC5GDecoder, boxplus-phi, {_ITERATIONS} iterations, same noise; "
        f"{-SCHEDULE_GAIN_DB} to {DECODER_LOSS_DB} dB",
    )
    return [line]


def frame_errors(
    k: int, n: int, ebn0_db: ArrayLike, num_frames: int, seed: int
) -> np.ndarray:
    """Send frames as BPSK, decode them, and tell which were wrong.

    Parameters
    ----------
    k, n
        Information and coded bits.
    ebn0_db : [num_snr], float
        Eb/N0 of each SNR.
    num_frames, seed
        Frames, and the seed of their bits and noise, which all SNRs share.

    Returns
    -------
    [num_snr, num_frames], bool
    """
    encoder = LDPCEncoder(k, n)
    decoder = LDPCDecoder(encoder, num_iterations=_ITERATIONS)
    return _count(encoder, decoder, ebn0_db, num_frames, seed)


def sionna_frame_errors(
    k: int, n: int, ebn0_db: ArrayLike, num_frames: int, seed: int
) -> np.ndarray:
    """Do the same with Sionna's encoder and sum-product decoder; see `frame_errors`."""
    import tensorflow as tf
    from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

    encoder = LDPC5GEncoder(k, n)
    decoder = LDPC5GDecoder(
        encoder, cn_update="boxplus-phi", num_iter=_ITERATIONS, hard_out=True
    )
    run = tf.function(decoder, jit_compile=True, autograph=False)

    def encode(bits):
        return encoder(tf.cast(bits, tf.float32)).numpy()

    def decode(llr):
        missing = _CHUNK - len(llr)  # one shape, one compilation
        llr = np.pad(llr, [(0, missing), (0, 0)], constant_values=1.0)
        return run(tf.constant(llr, tf.float32)).numpy()[: _CHUNK - missing]

    encode.k, encode.n = k, n  # pyright: ignore[reportFunctionMemberAccess]
    return _count(encode, decode, ebn0_db, num_frames, seed)


def published_snr(
    points: Sequence[tuple[float, int, int]], target: float
) -> tuple[float, float]:
    """Interpolate a published curve, the logarithm of the error rate linear.

    Parameters
    ----------
    points
        Eb/N0 [dB], frames, frame errors.
    target
        Frame error rate.

    Returns
    -------
    snr_db, half_width_db : float
        Eb/N0 at the target, and what the few errors of the neighbouring points make it
        uncertain by.
    """
    snr_db, frames, errors = np.array(points, float).T
    value = -np.log(errors / frames)
    level = -np.log(target)
    k = int(np.flatnonzero(value >= level)[0])
    slope = (value[k] - value[k - 1]) / (snr_db[k] - snr_db[k - 1])
    place = snr_db[k - 1] + (level - value[k - 1]) / slope
    z = stats.norm.ppf((1 + CONFIDENCE) / 2)
    return float(place), float(z / np.sqrt(errors[k]) / slope)


def _published_line(
    size: ValidationSize, name: str, found: DrawnCrossing, points, target: float
) -> Line:
    reference, uncertain = published_snr(points, target)
    window = (
        reference - SCHEDULE_GAIN_DB - uncertain,
        reference + DECODER_LOSS_DB + uncertain,
    )
    return within(
        GROUP,
        name,
        found.interval(CONFIDENCE),
        window,
        reference=reference,
        tolerance=size.code_tolerance_db,
        unit="dB",
        note="AFF3CT error_rate_references, sum-product, 20 iterations; "
        f"{window[0]:.2f} to {window[1]:.2f} dB",
    )


def _count(encoder, decoder, ebn0_db, num_frames: int, seed: int) -> np.ndarray:
    """Run frames through an encoder with ``k`` and ``n`` and a decoder of LLRs."""
    k, n = encoder.k, encoder.n
    rng = np.random.default_rng(seed)
    wrong = []
    for first in range(0, num_frames, _CHUNK):
        num = min(_CHUNK, num_frames - first)
        bits = rng.integers(2, size=(num, k), dtype=np.uint8)
        noise = rng.standard_normal((num, n), dtype=np.float32)
        sent = 2 * np.asarray(encoder(bits), np.float32) - 1
        rows = []
        for snr_db in np.asarray(ebn0_db):
            sigma = np.float32((2 * k / n * from_db(snr_db)) ** -0.5)
            llr = 2 * (sent + sigma * noise) / sigma**2
            rows.append(np.any(np.asarray(decoder(llr)) != bits, axis=-1))
        wrong.append(rows)
    return np.concatenate(wrong, axis=-1)
