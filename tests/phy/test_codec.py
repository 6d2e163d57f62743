import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erfc
from sionna.phy.fec.ldpc import LDPC5GEncoder
from sionna.phy.mapping import Demapper, Mapper

from commgen.phy.codec import MAX_CODERATE, CodewordLayout, Receiver, Transmitter


@settings(max_examples=200, deadline=None)
@given(
    num_data=st.integers(1, 60_000),
    num_bits=st.sampled_from([2, 4, 6, 8]),
    coderate=st.floats(0.2, MAX_CODERATE),
)
def test_layout_always_suits_the_code(num_data, num_bits, coderate):
    if num_data * num_bits * coderate <= 11:
        with pytest.raises(ValueError, match="at least 12 information bits"):
            CodewordLayout.of(num_data, num_bits, coderate)
        return
    layout = CodewordLayout.of(num_data, num_bits, coderate)
    used = layout.num_codewords * layout.n
    assert used + layout.num_filler_bits == num_data * num_bits
    assert layout.n % num_bits == 0
    assert 12 <= layout.k <= (8448 if coderate >= 1 / 3 else 3824)
    assert 0.2 <= layout.k / layout.n <= 0.95
    assert layout.k / layout.n == pytest.approx(coderate, abs=1 / layout.n + 0.01)


@pytest.mark.parametrize(
    ("num_data", "coderate"), [(3000, 0.2), (4000, 0.3), (4500, 0.9), (9, 0.9)]
)
def test_sionnas_encoder_accepts_the_layout(num_data, coderate):
    layout = CodewordLayout.of(num_data, 4, coderate)
    assert LDPC5GEncoder(layout.k, layout.n, num_bits_per_symbol=4).k == layout.k


@pytest.mark.parametrize("coderate", [0.19, 0.93, np.nan])
def test_layout_refuses_rates_without_a_code(coderate):
    with pytest.raises(ValueError, match=r"coderate must be in 0\.2\.\.0\.9258"):
        CodewordLayout.of(100, 2, coderate)


def test_bits_return_through_several_codewords_and_filler(rng):
    layout = CodewordLayout(num_codewords=3, k=20, n=40, num_filler_bits=4)
    transmitter = Transmitter(layout, 2)
    receiver = Receiver(transmitter, 2, 5)
    bits = rng.integers(2, size=(4, 1, 2, 3, 20)).astype(np.float32)
    x = transmitter(tf.constant(bits))
    assert x.shape == (4, 1, 2, 62)
    found = receiver(x, tf.fill(x.shape, 0.01))
    np.testing.assert_array_equal(found, bits)


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
