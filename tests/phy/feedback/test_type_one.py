"""The Type I codebook: the standard's formula, and the best of all its words."""

from itertools import product

import numpy as np
import pytest

from commgen.phy.feedback import Report, TypeOneCodec


def directions(seed, n, num_subbands, ports):
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((n, num_subbands, ports, 2)) @ [1, 1j]
    return (w / np.linalg.norm(w, axis=-1, keepdims=True)).astype(np.complex64)


def precoder(N1, N2, l, m, n):
    """v_{l,m} and its turned copy, as 5.2.2.2.1 writes them for N2 > 1, O = 4."""
    u = np.exp(2j * np.pi * m * np.arange(N2) / (4 * N2))
    v = np.kron(np.exp(2j * np.pi * l * np.arange(N1) / (4 * N1)), u)
    return np.concatenate([v, np.exp(0.5j * np.pi * n) * v]) / np.sqrt(2 * N1 * N2)


def test_each_word_is_the_standards_precoder():
    codec = TypeOneCodec(2, 4, 2)
    assert codec.num_bits == 4 + 3 + 2 * 2
    for l, m, n in ((0, 0, 0), (13, 6, 1), (5, 3, 3)):
        w = np.array([precoder(4, 2, l, m, n), precoder(4, 2, l, m, 2)])
        report = codec.encode(w[None].astype(np.complex64))
        told = "".join(map(str, report.bits[0]))
        assert told == f"{l:04b}{m:03b}{n:02b}10"
        np.testing.assert_allclose(codec.decode(report).mean[0], w, atol=1e-6)


def test_no_word_is_better():
    w = directions(0, 6, 2, 8)
    codec = TypeOneCodec(2, 2, 2)
    w_hat = codec.decode(codec.encode(w)).mean
    found = np.abs(np.sum(w_hat.conj() * w, axis=-1)).sum(axis=-1)
    best = np.zeros(len(w))
    for l, m in product(range(8), range(8)):
        words = np.array([precoder(2, 2, l, m, n) for n in range(4)])
        best = np.maximum(best, np.abs(w @ words.conj().T).max(axis=-1).sum(axis=-1))
    np.testing.assert_allclose(found, best, rtol=1e-5)


def test_bad_input_is_named():
    codec = TypeOneCodec(3, 2, 1)
    bits = codec.encode(directions(1, 1, 3, 4)).bits[0]
    for wrong in (bits[:-1], np.concatenate([bits, bits[:1]])):
        with pytest.raises(ValueError, match="bits must be a whole report"):
            codec.decode(Report((wrong,)))
    with pytest.raises(ValueError, match="h must have no subband of zeros"):
        codec.encode(np.ones((1, 3, 4), np.complex64) * [[1], [0], [1]])
    with pytest.raises(ValueError, match="n1 must be"):
        TypeOneCodec(3, 1, 2)
