"""Codebooks of DFT beams, and the words they are written in."""

from itertools import combinations

import numpy as np
import pytest

from commgen.phy.feedback import DftCodec, Report
from commgen.phy.feedback.words import Reader, choice_of, index_of, written


def test_choices_are_numbered_without_gaps():
    chosen = list(combinations(range(7), 3))
    numbers = [index_of(c, 7) for c in chosen]
    assert sorted(numbers) == list(range(35))
    assert [tuple(choice_of(n, 3, 7)) for n in numbers] == chosen


def test_numbers_come_back():
    read = Reader(written([(5, 3), (0, 0), (9, 4)]))
    assert (read.number(3), read.number(0), read.below(10)) == (5, 0, 9)
    read.end()


def test_one_beam_is_told_to_the_last_step():
    n = np.arange(16)
    for beam in (0.0, 3.25, 7.5, 15.75):
        h = np.exp(2j * np.pi * n * beam / 16 + 0.375j * np.pi)[None]
        codec = DftCodec(16, 1)
        found = codec.decode(codec.encode(h.astype(np.complex64))).mean
        ratio = found / h  # 12 dB over n antennas: in steps of 1.5 dB
        np.testing.assert_allclose(np.abs(ratio), 1, atol=0.1)
        np.testing.assert_allclose(np.angle(ratio), 0, atol=1e-6)


def test_coefficients_lie_within_half_a_step():
    rng = np.random.default_rng(0)
    h = rng.standard_normal((50, 8, 2)) @ [1, 1j] / np.sqrt(2)
    codec = DftCodec(8, 8)
    report = codec.encode(h.astype(np.complex64))
    assert set(report.num_bits) == {codec.num_bits} == {2 + 0 + 3 + 9 + 7 * 7}
    found = codec.decode(report).mean
    groups = [int("".join(map(str, bits[:2])), 2) for bits in report.bits]
    for g, told, true in zip(groups, found, h, strict=True):
        turn = np.exp(-2j * np.pi * np.arange(8) * g / 32)
        c, c_hat = (np.fft.fft(x * turn) for x in (true, told))
        large = np.abs(c) > 0.15 * np.abs(c).max()
        apart = np.angle(c_hat / c)[large]
        assert np.abs(apart).max() <= np.pi / 16 + 1e-5
        steps = 20 * np.log10(np.abs(c_hat / c))[large]
        assert np.abs(steps).max() <= 1.51 + 0.76


def test_bad_reports_are_refused():
    codec = DftCodec(8, 2)
    bits = codec.encode(np.ones((1, 8), np.complex64)).bits[0]
    for wrong in (bits[:-1], np.concatenate([bits, bits[:1]])):
        with pytest.raises(ValueError, match="bits must be a whole report"):
            codec.decode(Report((wrong,)))
    no_choice = bits.copy()
    no_choice[2:7] = 1  # 31 of 28
    with pytest.raises(ValueError, match="got number 31 of 28"):
        codec.decode(Report((no_choice,)))
    with pytest.raises(ValueError, match="zeros and ones"):
        codec.decode(Report((bits.astype(int),)))
    with pytest.raises(ValueError, match="num_beams must be"):
        DftCodec(8, 9)
    with pytest.raises(ValueError, match="err_var must be"):
        DftCodec(8, 1, -1.0)
