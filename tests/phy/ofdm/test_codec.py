import numpy as np
import pytest
import tensorflow as tf
from scipy.special import erfc
from sionna.phy.fec.ldpc import LDPC5GEncoder
from sionna.phy.mapping import Demapper, Mapper

from commgen.frame.codewords import CodewordLayout
from commgen.phy.ofdm.codec import PlainCode, Receiver, Transmitter


@pytest.mark.parametrize(
    ("num_data", "coderate"), [(3000, 0.2), (4000, 0.3), (4500, 0.9), (9, 0.9)]
)
def test_sionnas_encoder_accepts_the_layout(num_data, coderate):
    layout = CodewordLayout.of(num_data, 4, coderate)
    assert LDPC5GEncoder(layout.k, layout.n, num_bits_per_symbol=4).k == layout.k


def test_rates_under_a_fifth_repeat(rng):
    """Half the rate by repetition is 3 dB: no more errors at half the SNR."""
    errors = []
    for num_data, no in ((200, 5.0), (400, 10.0)):
        layout = CodewordLayout.of(num_data, 2, 40 / num_data / 2)
        transmitter = Transmitter(layout, 2, PlainCode(layout, 2))
        receiver = Receiver(transmitter)
        bits = rng.integers(2, size=(2000, 1, 1, 1, layout.k), dtype=np.uint8)
        x = transmitter(bits)
        n = rng.normal(size=(*x.shape, 2)) @ [1, 1j] * np.sqrt(no / 2)
        y = tf.constant(x + n.astype(np.complex64))
        found = receiver(y, tf.fill(y.shape, np.float32(no)))
        errors.append(np.any(found != bits, axis=-1).mean())
    assert layout.k == 40
    assert 0.02 < errors[0] < 0.9
    four_se = 4 * np.sqrt(2 * 0.25 / 2000)
    assert errors[1] == pytest.approx(errors[0], abs=four_se)


def test_bits_return_through_several_codewords_and_filler(rng):
    layout = CodewordLayout(num_codewords=3, k=20, n=40, num_filler_bits=4)
    transmitter = Transmitter(layout, 2, PlainCode(layout, 2))
    receiver = Receiver(transmitter)
    bits = rng.integers(2, size=(4, 1, 2, 3, 20), dtype=np.uint8)
    x = transmitter(bits)
    assert x.shape == (4, 1, 2, 62)
    found = receiver(tf.constant(x), tf.fill(x.shape, 0.01))
    np.testing.assert_array_equal(found, bits)


@pytest.mark.parametrize("num_bits", [2, 4, 6, 8])
def test_symbols_are_those_of_sionna(num_bits, rng):
    """Its encoder, then its mapper; the filler bits are zeros."""
    layout = CodewordLayout(2, k=40, n=24 * num_bits, num_filler_bits=3 * num_bits)
    bits = rng.integers(2, size=(3, 1, 1, 2, 40)).astype(np.float32)
    encoder = LDPC5GEncoder(40, layout.n, num_bits_per_symbol=num_bits)
    c = encoder(tf.constant(bits)).numpy().reshape(3, 1, 1, -1)
    c = np.pad(c, [(0, 0)] * 3 + [(0, 3 * num_bits)])
    expected = Mapper("qam", num_bits)(tf.constant(c))
    found = Transmitter(layout, num_bits, PlainCode(layout, num_bits))(bits)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_uncoded_qpsk_errors_follow_the_q_function(rng):
    """BER over AWGN is Q(sqrt(1 / no)) for QPSK of unit power (Proakis, 4.3)."""
    n, no = 200_000, 0.25
    bits = rng.integers(2, size=(1, 2 * n)).astype(np.float32)
    x = Mapper("qam", 2)(tf.constant(bits)).numpy()
    noise = rng.normal(scale=np.sqrt(no / 2), size=(2, *x.shape))
    y = (x + noise[0] + 1j * noise[1]).astype(np.complex64)
    found = Demapper("app", "qam", 2)(y, tf.fill(y.shape, no)).numpy() > 0
    p = 0.5 * erfc(np.sqrt(1 / no / 2))
    four_se = 4 * np.sqrt(p * (1 - p) / bits.size)
    assert abs(np.mean(found != bits) - p) < four_se
