"""Convolutional codes: the standard's shift register, and maximum likelihood."""

import itertools

import numpy as np
import pytest

from commgen.sdr.recordings.convolutional import ConvolutionalCode

WIFI = ConvolutionalCode((0o133, 0o171))
LTE = ConvolutionalCode((0o133, 0o171, 0o165))


def register(bits, generators, state):
    """Figure 17-8 of IEEE 802.11-2020: a register, its newest bit in front."""
    line, out = list(state), []
    for bit in bits:
        line = [bit, *line[:6]]
        taps = [[int(t) for t in f"{g:07b}"] for g in generators]
        out.append([sum(a & b for a, b in zip(line, t, strict=True)) % 2 for t in taps])
    return np.array(out)


@pytest.mark.parametrize("code", [WIFI, LTE])
def test_encoder_is_the_register(code, rng):
    bits = rng.integers(2, size=50)
    plain = register(bits, code.generators, [0] * 7)
    np.testing.assert_array_equal(code.encode(bits), plain)
    round_ = register(bits, code.generators, bits[:-8:-1])
    np.testing.assert_array_equal(code.encode(bits, tail_biting=True), round_)


@pytest.mark.parametrize("code", [WIFI, LTE])
def test_errors_within_half_the_free_distance_are_mended(code, rng):
    """The free distance is 10 at rate 1/2 and 15 at rate 1/3 (Proakis, table 8.2-1)."""
    most = 4 if code is WIFI else 7
    for _ in range(20):
        bits = np.append(rng.integers(2, size=60), [0] * 6).astype(np.uint8)
        x = code.encode(bits).ravel()
        x[rng.choice(x.size, most, replace=False)] ^= 1
        llr = (2.0 * x - 1).reshape(-1, len(code.generators))
        np.testing.assert_array_equal(code.decode(llr), bits)
        bits = rng.integers(2, size=40).astype(np.uint8)
        x = code.encode(bits, tail_biting=True)
        llr = 2.0 * x - 1
        llr[7], llr[8, 0] = 0, 0  # what is not known
        np.testing.assert_array_equal(code.decode_tail_biting(llr), bits)


def test_decisions_are_the_most_likely_of_all_words(rng):
    every = np.array(list(itertools.product([0, 1], repeat=9)), np.uint8)
    ended = np.pad(every, ((0, 0), (0, 6)))
    words = np.array([WIFI.encode(b) for b in ended])
    open_ = np.array([WIFI.encode(b) for b in every])
    round_ = np.array([LTE.encode(b, tail_biting=True) for b in every])
    for _ in range(30):
        llr = rng.normal(size=(15, 2))
        best = np.argmax(np.sum(words * llr, axis=(1, 2)))
        np.testing.assert_array_equal(WIFI.decode(llr), ended[best])
        best = np.argmax(np.sum(open_ * llr[:9], axis=(1, 2)))
        found = WIFI.decode(llr[:9], terminated=False)
        np.testing.assert_array_equal(found, every[best])
        llr = rng.normal(size=(9, 3))
        best = np.argmax(np.sum(round_ * llr, axis=(1, 2)))
        np.testing.assert_array_equal(LTE.decode_tail_biting(llr), every[best])
