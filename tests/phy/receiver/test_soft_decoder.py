"""What the LDPC decoder says of coded bits, beside Sionna's decoder and the code."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

from commgen.coding import (
    LDPCDecoder,
    LDPCEncoder,
    TransportBlock,
    extrinsic_llr,
)


def noisy(rng, sent, scale):
    """LLRs of BPSK in noise whose LLR has the mean ``scale``."""
    llr = scale * (2.0 * sent - 1) + (2 * scale) ** 0.5 * rng.normal(size=sent.shape)
    return llr.astype(np.float32)


@pytest.mark.parametrize(("k", "n"), [(100, 200), (100, 700), (300, 400)])
def test_soft_output_changes_no_decision_and_holds_the_codeword(rng, k, n):
    encoder = LDPCEncoder(k, n)
    decoder = LDPCDecoder(encoder)
    bits = rng.integers(2, size=(6, 5, k))
    llr = noisy(rng, encoder(bits), 6.0)
    hard, soft = decoder.decode(llr), decoder.decode(llr, soft=True)
    np.testing.assert_array_equal(hard.bits, soft.bits)
    assert hard.llr is None
    assert soft.llr.shape == llr.shape
    assert soft.parity_ok.any()
    decided = encoder(soft.bits)[soft.parity_ok]
    np.testing.assert_array_equal(soft.llr[soft.parity_ok] > 0, decided == 1)


def test_soft_output_is_like_that_of_sionna(rng):
    """Min-sum with a flooding schedule there; where frames fail the two still agree."""
    theirs = LDPC5GEncoder(100, 200)
    decoder = LDPC5GDecoder(
        theirs,
        cn_update="offset-minsum",
        hard_out=False,
        return_infobits=False,
        num_iter=40,
    )
    ours = LDPCDecoder(LDPCEncoder(100, 200), num_iterations=20)
    sent = ours.encoder(rng.integers(2, size=(200, 100)))
    llr = noisy(rng, sent, 2.2)
    found = ours.decode(llr, soft=True)
    other = decoder(tf.constant(llr)).numpy()
    assert np.mean((found.llr > 0) == (other > 0)) > 0.97
    known = np.abs(other) < 15  # theirs stop at 20
    assert np.corrcoef(found.llr[known], other[known])[0, 1] > 0.9


def test_extrinsic_is_what_was_not_known_before():
    found = extrinsic_llr(np.array([70.0, -3.0]), np.array([100.0, 1.0]))
    np.testing.assert_allclose(found, [6.0, -4.0])


def test_a_transport_block_tells_of_its_coded_bits(rng):
    block = TransportBlock(400, 2000, num_bits_per_symbol=2, coderate=193 / 1024)
    bits = rng.integers(2, size=(3, 400)).astype(np.uint8)
    sent = block.encode(bits, rv=2)
    buffer = block.combine(block.new_buffer(3), noisy(rng, sent, 4.0), rv=2)
    before = buffer.copy()
    bits_hat, crc_ok, llr = block.decode_soft(buffer)
    hard, hard_ok = block.decode(buffer)
    np.testing.assert_array_equal(bits_hat, hard)
    np.testing.assert_array_equal(crc_ok, hard_ok)
    assert crc_ok.all()
    np.testing.assert_array_equal(block.coded(llr, rv=2) > 0, sent == 1)
    np.testing.assert_array_equal(buffer, before)
    with pytest.raises(ValueError, match="buffer must be float32"):
        block.coded(llr[0])
