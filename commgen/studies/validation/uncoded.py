"""Uncoded QAM through mapper, equaliser and demapper of the link, against theory."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from sionna.phy.mapping import Mapper

from commgen._random import complex_normal
from commgen.channels import RayleighConfig, build_channel
from commgen.measures.decibel import from_db, noise_variance
from commgen.measures.intervals import mean_interval
from commgen.phy.signal.demapper import demap
from commgen.phy.signal.equalizer import lmmse_equalize
from commgen.studies.validation.closed_forms import qam_bit_error_rate, snr_at
from commgen.studies.validation.line import CONFIDENCE, Line, equal, point_seed
from commgen.studies.validation.size import ValidationSize

GROUP = "uncoded QAM"
NAMES = {2: "QPSK", 4: "16QAM", 6: "64QAM", 8: "256QAM"}

_BATCH = 1 << 17
_FADING_RATE = 1e-2
# The sign of an exact LLR is a better decision than the nearest symbol in deep fades:
# by 0.5 % of the bit error rate at most where that is 1e-2 (see the tests).
_FADING_ALLOWANCE = 0.005

BitErrors = Callable[[int, float, int | None, int, int], np.ndarray]


def uncoded_lines(
    size: ValidationSize,
    num_bits_per_symbol: int,
    *,
    seed: int,
    simulate: BitErrors | None = None,
) -> list[Line]:
    """Compare the bit error rate of a QAM without and with Rayleigh fading.

    Parameters
    ----------
    size
        Errors to count, and where.
    num_bits_per_symbol
        2, 4, 6 or 8.
    seed
        Of bits, noise and fading.
    simulate
        As :func:`bit_errors`, in whose place it stands.
    """
    simulate = simulate or bit_errors
    name = NAMES[num_bits_per_symbol]
    points = [(None, rate) for rate in size.bit_error_rates]
    points += [(n, _FADING_RATE) for n in size.branches]
    lines = []
    for i, (branches, target) in enumerate(points):
        snr_db = snr_at(
            lambda snr, b=branches: qam_bit_error_rate(num_bits_per_symbol, snr, b),
            target,
        )
        snr_db = round(snr_db, 1)
        reference = qam_bit_error_rate(num_bits_per_symbol, from_db(snr_db), branches)
        count = int(np.ceil(size.bit_errors / (target * num_bits_per_symbol)))
        own_seed = point_seed(seed, num_bits_per_symbol, i)
        errors = simulate(num_bits_per_symbol, snr_db, branches, count, own_seed)
        channel = "AWGN" if branches is None else f"Rayleigh, 1x{branches} MRC"
        source = "Cho and Yoon 2002, eq. 14 and 16"
        if branches is not None:
            source += "; Proakis 2001, eq. 14.4-15"
        line = equal(
            GROUP,
            f"{name}, {channel}, Es/N0 {snr_db:g} dB: bit error rate",
            mean_interval(errors / num_bits_per_symbol, CONFIDENCE),
            reference,
            tolerance=size.bit_error_tolerance * reference,
            allowance=0.0 if branches is None else _FADING_ALLOWANCE * reference,
            note=source,
        )
        lines.append(line)
    return lines


def bit_errors(
    num_bits_per_symbol: int,
    snr_db: float,
    num_branches: int | None,
    num_symbols: int,
    seed: int,
) -> np.ndarray:
    """Send symbols and count the wrong bits of each, decided by the sign of their LLR.

    Parameters
    ----------
    num_bits_per_symbol
        2, 4, 6 or 8.
    snr_db
        Es/N0, with fading its mean on an antenna.
    num_branches
        Receive antennas with independent Rayleigh fading, a draw for each symbol;
        ``None`` for one antenna without fading.
    num_symbols
        To be sent.
    seed
        Of bits, noise and fading.

    Returns
    -------
    [num_symbols], int
    """
    no, num_rx_ant = np.float32(noise_variance(snr_db)), num_branches or 1
    mapper = Mapper("qam", num_bits_per_symbol)
    source = None
    if num_branches is not None:
        source = build_channel(RayleighConfig(num_rx_ant=num_rx_ant), seed=seed)

    @tf.function(autograph=False, reduce_retracing=True)
    def receive(bits, h, noise):
        x = mapper(tf.cast(bits, tf.float32))
        y = h[:, :, 0] * x[:, None] + tf.cast(tf.sqrt(no), tf.complex64) * noise
        s = no * tf.ones_like(tf.math.real(y))
        x_hat, no_eff = lmmse_equalize(y, h, s)
        llr = demap(x_hat[:, 0], no_eff[:, 0], num_bits_per_symbol)
        wrong = tf.cast(llr > 0, tf.int32) != tf.cast(bits, tf.int32)
        return tf.reduce_sum(tf.cast(wrong, tf.int32), axis=1)

    rng = np.random.default_rng(seed)
    counts = []
    for first in range(0, num_symbols, _BATCH):
        batch = min(_BATCH, num_symbols - first)
        bits = rng.integers(2, size=(batch, num_bits_per_symbol), dtype=np.int8)
        noise = complex_normal(rng, (batch, num_rx_ant, 1))
        h = np.ones((batch, 1, 1, 1), np.complex64)
        if source is not None:
            h = source(batch, 1, 1.0)[0].numpy().reshape(batch, num_rx_ant, 1, 1)
        counts.append(receive(bits, h, noise).numpy())
    return np.concatenate(counts)
