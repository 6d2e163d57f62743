"""Capacities: fading channels against closed forms, and codes under their bound."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike
from sionna.phy.mapping import Mapper

from commgen._random import complex_normal
from commgen.channels import RayleighConfig, TdlConfig, build_channel
from commgen.coding import LDPCDecoder, LDPCEncoder
from commgen.frame.qam import pam_labels
from commgen.measures.decibel import from_db, noise_variance
from commgen.measures.intervals import mean_interval
from commgen.phy.signal.demapper import demap
from commgen.studies.validation.closed_forms import (
    bicm_capacity,
    rayleigh_capacity,
    snr_at,
)
from commgen.studies.validation.line import CONFIDENCE, Line, equal, point_seed, within
from commgen.studies.validation.size import ValidationSize
from commgen.studies.validation.uncoded import NAMES

GROUP = "capacity"

#: Bits per symbol and information bits to 3840 coded bits.
CODED = ((2, 1280), (4, 1920), (6, 2560), (8, 2880))

_N = 3840
#: What a code of that length reaches of the capacity, at the best SNR.
_LEAST_SHARE = 0.75
_FADING = (("Rayleigh", 1), ("Rayleigh", 4), ("TDL-A", 1), ("TDL-C300", 2))
_SNR_DB = (0.0, 10.0, 20.0)

FrameErrors = Callable[[int, int, ArrayLike, int, int], np.ndarray]


def ergodic_lines(
    size: ValidationSize, *, seed: int, make_source: Callable[..., Any] | None = None
) -> list[Line]:
    """Compare the mean capacity of fading sources with that of Rayleigh fading.

    Parameters
    ----------
    size
        How many draws.
    seed
        Of the draws.
    make_source
        Makes a source of a channel configuration and a seed, in place of
        :func:`~commgen.channels.build_channel`.
    """
    make_source = make_source or build_channel
    lines = []
    for i, (name, num_rx_ant) in enumerate(_FADING):
        source = make_source(_config(name, num_rx_ant), seed=point_seed(seed, i))
        h = source.frequency_response(size.channels, 1, 1.0, 1, 15e3).numpy()
        gain = np.sum(np.abs(h) ** 2, axis=(1, 2, 3, 4, 5, 6))
        for snr_db in _SNR_DB:
            snr = from_db(snr_db)
            reference = rayleigh_capacity(snr, num_rx_ant)
            lines.append(
                equal(
                    GROUP,
                    f"{name}, 1x{num_rx_ant}, {snr_db:g} dB: ergodic capacity",
                    mean_interval(np.log2(1 + snr * gain), CONFIDENCE),
                    reference,
                    tolerance=size.statistic_tolerance * max(reference, 1),
                    unit="bit",
                    note="Alouini and Goldsmith 1999",
                )
            )
    return lines


def coded_lines(
    size: ValidationSize,
    num_bits_per_symbol: int,
    k: int,
    *,
    seed: int,
    simulate: FrameErrors | None = None,
) -> list[Line]:
    """Say whether coded QAM stays under the capacity of its bits at every SNR.

    Parameters
    ----------
    size
        Frames at each SNR.
    num_bits_per_symbol, k
        Modulation, and information bits of 3840.
    seed
        Of bits and noise.
    simulate
        As :func:`frame_errors`, in whose place it stands.
    """
    simulate = simulate or frame_errors
    positive, labels = pam_labels(num_bits_per_symbol)
    sign = np.repeat([0, 1], len(positive))[:, None]
    amplitudes = np.concatenate([positive, -positive])
    labels = np.concatenate([sign, np.tile(labels, (2, 1))], axis=1)
    rate = k / _N * num_bits_per_symbol
    limit_db = snr_at(lambda snr: -bicm_capacity(amplitudes, labels, snr), -rate)
    grid = np.round(limit_db + np.arange(-1, 2.6, 0.25), 2)
    seed = point_seed(seed, num_bits_per_symbol)
    right = ~simulate(num_bits_per_symbol, k, grid, size.slots, seed)
    capacity = [bicm_capacity(amplitudes, labels, from_db(s)) for s in grid]
    share = rate * right.mean(1) / capacity
    best = int(np.argmax(share))
    measured = mean_interval(rate * right[best] / capacity[best], CONFIDENCE)
    name = f"{NAMES[num_bits_per_symbol]} {k}/{_N}"
    return [
        within(
            GROUP,
            f"{name}: throughput over capacity, largest at {grid[best]:g} dB",
            measured,
            (_LEAST_SHARE, 1.0),
            reference=1.0,
            note="bit-interleaved capacity, Caire et al. 1998, eq. 15; "
            f"{_LEAST_SHARE} to 1",
        ),
        within(
            GROUP,
            f"{name}: frames that arrive 0.5 dB beyond capacity",
            mean_interval(right[grid < limit_db - 0.4].ravel(), CONFIDENCE),
            (0.0, 1 - CONFIDENCE),
            reference=0.0,
            note="none do but by chance",
        ),
    ]


def frame_errors(
    num_bits_per_symbol: int,
    k: int,
    snr_db: ArrayLike,
    num_frames: int,
    seed: int,
) -> np.ndarray:
    """Send coded QAM over AWGN, and tell which frames were decoded wrongly.

    Parameters
    ----------
    num_bits_per_symbol, k
        Modulation, and information bits of 3840.
    snr_db : [num_snr], float
        Es/N0.
    num_frames, seed
        Frames, and the seed of their bits and noise, which all SNRs share.

    Returns
    -------
    [num_snr, num_frames], bool
    """
    encoder = LDPCEncoder(k, _N, num_bits_per_symbol=num_bits_per_symbol)
    decoder = LDPCDecoder(encoder)
    mapper = Mapper("qam", num_bits_per_symbol)
    rng = np.random.default_rng(seed)
    bits = rng.integers(2, size=(num_frames, k), dtype=np.uint8)
    x = mapper(tf.constant(encoder(bits), tf.float32)).numpy()
    noise = complex_normal(rng, x.shape)
    wrong = []
    for snr in np.asarray(snr_db):
        no = np.float32(noise_variance(snr))
        llr = demap(x + np.sqrt(no) * noise, no, num_bits_per_symbol).numpy()
        wrong.append(np.any(decoder(llr) != bits, axis=1))
    return np.stack(wrong)


def _config(name: str, num_rx_ant: int) -> Any:
    if name == "Rayleigh":
        return RayleighConfig(num_rx_ant=num_rx_ant)
    model = name.removeprefix("TDL-")
    return TdlConfig.model_validate({"model": model, "num_rx_ant": num_rx_ant})
