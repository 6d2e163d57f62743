"""Directions part by part, with phase and length left free."""

from itertools import product

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.phy.feedback import ProductCodec, Report, learn_codebook


def _share(y, c):
    inner = np.abs(np.sum(y.conj() * c, axis=-1)) ** 2
    return inner / np.sum(np.abs(c) ** 2, axis=-1) / np.sum(np.abs(y) ** 2, axis=-1)


def test_no_pair_of_words_is_much_nearer():
    rng = np.random.default_rng(0)
    book = complex_normal(rng, (16, 2)) / 2
    codec = ProductCodec(book, 2, num_turns=64)
    assert codec.num_bits == 8
    y = complex_normal(rng, (60, 4))
    report = codec.encode(y)
    assert set(report.num_bits) == {8}
    found = codec.decode(report).mean
    np.testing.assert_allclose(np.mean(np.abs(found) ** 2, axis=1), 1, rtol=1e-5)
    words = [np.array(bits, np.uint8) for bits in product((0, 1), repeat=8)]
    every = codec.decode(Report(tuple(words))).mean
    best = _share(y[:, None], every).max(axis=1)
    got = _share(y, found)
    assert (got <= best + 1e-6).all()
    # Turns of 6 degrees and three lengths miss little.
    assert np.mean(best - got) < 0.01


def test_free_phase_saves_bits():
    """With 64 turns words fit better than with one, as nearly 6 bits more would."""
    rng = np.random.default_rng(1)
    y = complex_normal(rng, (6000, 4))
    book = learn_codebook(y, 6, 2, seed=0, num_rounds=8)
    test = complex_normal(rng, (300, 4))
    one, many = (
        _share(test, codec.decode(codec.encode(test)).mean).mean()
        for codec in (ProductCodec(book, 2, num_turns=n) for n in (1, 64))
    )
    assert 1 - many < 0.8 * (1 - one)


def test_learned_words_err_nearly_as_a_lattice():
    """Halves of unit vectors of two entries are uniform on the disk."""
    rng = np.random.default_rng(2)
    y = complex_normal(rng, (8000, 2))
    book = learn_codebook(y, 5, 2, seed=1, num_rounds=10)
    parts = y / np.linalg.norm(y, axis=1, keepdims=True)
    parts = parts.reshape(-1)
    error = np.min(np.abs(parts[:2000, None] - book[:, 0]) ** 2, axis=1).mean()
    random = parts[3000:3032]
    plain = np.min(np.abs(parts[:2000, None] - random) ** 2, axis=1).mean()
    # A square lattice of 32 cells over the unit disk errs by pi / 32 / 6.
    assert error < 1.2 * np.pi / 32 / 6
    assert error < 0.8 * plain


def test_bad_arguments_are_named():
    y = complex_normal(np.random.default_rng(0), (40, 4))
    with pytest.raises(ValueError, match="power of 2 of words, got 3"):
        ProductCodec(y[:3], 2)
    with pytest.raises(ValueError, match="codebook must be \\[num_words, size\\]"):
        ProductCodec(np.ones((4, 2)), 2)
    with pytest.raises(ValueError, match="err_var must be finite"):
        ProductCodec(y[:4], 2, err_var=np.nan)
    with pytest.raises(ValueError, match="with n >= 96, got \\(40, 4\\)"):
        learn_codebook(y, 3, 2, seed=0)
    codec = ProductCodec(y[:4], 1)
    (bits,) = codec.encode(y[:1]).bits
    for wrong in (bits[:-1], np.append(bits, bits[:1])):
        with pytest.raises(ValueError, match="bits must be a whole report"):
            codec.decode(Report((wrong,)))
