"""Directions as a few paths: the best of all words, and no other length of them."""

from itertools import product

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.inference.parameters import angle_axis
from commgen.phy.feedback import PathCodec, Report


@pytest.fixture(scope="module")
def axis():
    return angle_axis(8, low_deg=-30, high_deg=30)


def _share(h, c):
    inner = np.abs(np.sum(h.conj() * c, axis=-1)) ** 2
    return inner / np.sum(np.abs(c) ** 2, axis=-1) / np.sum(np.abs(h) ** 2, axis=-1)


def test_a_small_codebook_is_searched_as_a_whole(axis):
    codec = PathCodec(axis, 2, 5, 1, 2)
    assert codec.num_bits == 4 + 1 + 3
    words = []
    for bits in product((0, 1), repeat=8):
        try:
            words.append(codec.decode(Report((np.array(bits, np.uint8),))).mean[0])
        except ValueError:  # 10 choices in four bits
            continue
    assert len(words) == 10 * 2 * 8
    h = complex_normal(np.random.default_rng(0), (70, 8))
    report = codec.encode(h)
    assert set(report.num_bits) == {8}
    best = _share(h[:, None], np.array(words)).max(axis=1)
    found = _share(h, codec.decode(report).mean)
    np.testing.assert_allclose(found, best, rtol=1e-5)


def test_the_search_finds_words_again(axis):
    codec = PathCodec(axis, 2, 40, 3, 5)
    assert codec.num_bits == 10 + 1 + 8
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, (300, 19)).astype(np.uint8)
    bits = [b for b in bits if int("".join(map(str, b[:10])), 2) < 780]
    h = codec.decode(Report(tuple(bits))).mean
    share = _share(h, codec.decode(codec.encode(h)).mean)
    assert np.mean(share) > 0.995
    assert np.mean(share > 0.9999) > 0.7


def test_more_bits_get_more(axis):
    h = complex_normal(np.random.default_rng(2), (200, 8))
    shares = [
        _share(h, codec.decode(codec.encode(h)).mean).mean()
        for codec in (
            PathCodec(axis, 1, 8, 0, 0),
            PathCodec(axis, 2, 8, 0, 3),
            PathCodec(axis, 3, 64, 3, 5),
        )
    ]
    assert np.diff(shares).min() > 0.03


def test_bad_reports_and_arguments_are_refused(axis):
    codec = PathCodec(axis, 2, 5, 1, 2, err_var=0.5)
    h = np.ones((1, 8), np.complex64)
    bits = codec.encode(h).bits[0]
    assert codec.decode(Report((bits,))).err_var == pytest.approx(np.full((1, 8), 0.5))
    for wrong in (bits[:-1], np.append(bits, bits[:1]), np.ones(8, np.uint8)):
        with pytest.raises(ValueError, match="bits must be a whole report"):
            codec.decode(Report((wrong,)))
    with pytest.raises(ValueError, match="num_points must be at least 2, got 1"):
        PathCodec(axis, 2, 1, 1, 2)
    with pytest.raises(ValueError, match="err_var must be finite and at least 0"):
        PathCodec(axis, 2, 5, 1, 2, err_var=-1)
