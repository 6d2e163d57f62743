"""Shaped codes: data through matcher, code and noise, and back."""

import numpy as np
import pytest

from commgen.coding.composition import CompositionMatcher
from commgen.coding.decoder import LDPCDecoder
from commgen.coding.encoder import LDPCEncoder
from commgen.coding.sphere_shaping import SphereShaper
from commgen.frame.constellation import Constellation
from commgen.frame.shaped import ShapedCode

RNG = np.random.default_rng(8)
SHAPER = SphereShaper.of_bits(4, 256, 402)


def demap(constellation, y, no):
    score = np.log(constellation.probabilities)
    score = score - np.abs(y[..., None] - constellation.points) ** 2 / no
    llr = [
        np.logaddexp.reduce(score[..., bit == 1], axis=-1)
        - np.logaddexp.reduce(score[..., bit == 0], axis=-1)
        for bit in constellation.bits.T
    ]
    return np.stack(llr, axis=-1)


def transmit(code, snr_db, n):
    bits = RNG.integers(2, size=(n, code.num_data_bits), dtype=np.uint8)
    x = code.constellation.points[code.encode(bits)]
    no = 10 ** (-snr_db / 10)
    noise = RNG.normal(size=(*x.shape, 2)) @ [1, 1j] * (no / 2) ** 0.5
    return bits, x, code.decode(demap(code.constellation, x + noise, no))


@pytest.mark.parametrize(
    ("num_bits", "matcher", "num_symbols", "rate"),
    [
        (6, SHAPER, 128, 4.0),
        (6, SHAPER, 384, 4.0),
        (6, CompositionMatcher.of_probabilities([0.5, 0.3, 0.15, 0.05], 256), 256, 4.0),
        (4, SphereShaper.of_bits(2, 200, 150), 300, 2.6),
        (8, SphereShaper.of_bits(8, 128, 330), 128, 6.0),
    ],
)
def test_without_noise_all_comes_back(num_bits, matcher, num_symbols, rate):
    code = ShapedCode(num_bits, matcher, num_symbols, rate)
    bits, x, (found, ok) = transmit(code, 60.0, 20)
    assert ok.all()
    np.testing.assert_array_equal(found, bits)
    assert code.num_data_bits / num_symbols == pytest.approx(rate, abs=1 / num_symbols)
    # Symbols are as likely as promised, so their power is one.
    assert np.mean(np.abs(x) ** 2) == pytest.approx(1, abs=0.04)


def test_a_wrong_block_is_told():
    code = ShapedCode(6, SHAPER, 128, 4.0)
    bits, _, (found, ok) = transmit(code, 8.0, 20)
    wrong = (found != bits).any(axis=1)
    assert wrong.all()
    assert not ok[wrong].any()


def test_it_beats_uniform_qam_with_the_same_code():
    snr_db, n = 12.9, 40
    shaped = ShapedCode(6, SHAPER, 384, 4.0)
    bits, _, (found, ok) = transmit(shaped, snr_db, n)
    np.testing.assert_array_equal(found[ok], bits[ok])
    encoder = LDPCEncoder(4 * 384, 6 * 384)
    qam, no = Constellation.qam(6), 10 ** (-snr_db / 10)
    bits = RNG.integers(2, size=(n, encoder.k), dtype=np.uint8)
    sent = encoder(bits).reshape(n, 384, 6) @ (2 ** np.arange(6)[::-1])
    noise = RNG.normal(size=(n, 384, 2)) @ [1, 1j] * (no / 2) ** 0.5
    llr = demap(qam, qam.points[sent] + noise, no).reshape(n, -1)
    uniform = (LDPCDecoder(encoder)(llr) == bits).all(axis=1)
    assert uniform.mean() < 0.3 < 0.6 < ok.mean()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4, SHAPER, 128, 3.0), "matcher must have the 2 amplitudes"),
        ((2, SHAPER, 128, 3.0), "matcher must have the 1 amplitudes"),
        ((6, SHAPER, 100, 4.0), "num_symbols must be a multiple of 256 / 2"),
        ((6, SHAPER, 128, 3.0), "rate must be at least the 402 bits"),
        ((6, SHAPER, 128, 3.2), "rate must leave .* which the NR code never sends"),
        ((6, SHAPER, 128, 5.5), "rate 5.5 asks for a code that is not there"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ShapedCode(*arguments)


def test_llr_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"llr must be \[n, 128, 6\]"):
        ShapedCode(6, SHAPER, 128, 4.0).decode(np.zeros((1, 128, 4)))
