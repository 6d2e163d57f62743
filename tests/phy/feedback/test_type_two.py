"""The enhanced Type II codebook against the formulas and tables of TS 38.214."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from commgen.phy.feedback import EnhancedTypeTwoCodec, Report
from commgen.phy.feedback.type_two import AMPLITUDES, REFERENCES


def directions(seed, n, num_subbands, ports):
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((n, num_subbands, ports, 2)) @ [1, 1j]
    return (w / np.linalg.norm(w, axis=-1, keepdims=True)).astype(np.complex64)


def similarity(w, w_hat):
    return np.abs(np.sum(w_hat.conj() * w, axis=-1)).mean(axis=-1)


def test_amplitudes_are_those_of_the_tables():
    # Tables 5.2.2.2.5-2 and -3, as they are printed.
    printed = [1 / 128**0.5, (1 / 8192) ** 0.25, 1 / 8, (1 / 2048) ** 0.25]
    printed += [1 / (2 * 8**0.5), (1 / 512) ** 0.25, 1 / 4, (1 / 128) ** 0.25]
    printed += [1 / 8**0.5, (1 / 32) ** 0.25, 1 / 2, (1 / 8) ** 0.25]
    printed += [1 / 2**0.5, (1 / 2) ** 0.25, 1]
    np.testing.assert_allclose(REFERENCES[1:], printed)
    printed = [1 / (8 * 2**0.5), 1 / 8, 1 / (4 * 2**0.5), 1 / 4]
    printed += [1 / (2 * 2**0.5), 1 / 2, 1 / 2**0.5, 1]
    np.testing.assert_allclose(AMPLITUDES, printed)


@pytest.mark.parametrize(
    ("combination", "L", "M", "K0"),
    [
        *((1, 2, 4, 4), (2, 2, 4, 8), (3, 4, 4, 8), (4, 4, 4, 16)),
        *((5, 4, 4, 24), (6, 4, 7, 28), (7, 6, 4, 24), (8, 6, 4, 36)),
    ],
)
def test_bits_are_those_of_i1_and_i2(combination, L, M, K0):
    """Of 32 ports and 13 subbands, added up by hand from 5.2.2.2.5."""
    codec = EnhancedTypeTwoCodec(13, 8, 2, combination)
    assert (codec.num_beams, codec.num_taps, codec.most_coefficients) == (L, M, K0)
    up = lambda n: int(np.ceil(np.log2(n)))  # noqa: E731
    i1 = 2 + 2 + up(comb(16, L)) + up(comb(12, M - 1)) + 2 * L * M + up(K0)
    i2 = 4 + 3 * (K0 - 1) + 4 * (K0 - 1)
    assert codec.most_bits == up(K0) + i1 + i2
    report = codec.encode(directions(0, 3, 13, 32))
    assert set(report.num_bits) == {codec.most_bits}


def test_a_precoder_of_the_codebook_is_found():
    """Of the standard's formula, written out with numbers of its fields."""
    N1, N2, N3, L, t = 4, 2, 8, 2, np.arange(8)
    q1, q2, pairs, tap = 3, 1, [(1, 0), (2, 1)], 5
    v = []
    for n1, n2 in pairs:
        m1, m2 = 4 * n1 + q1, 4 * n2 + q2
        u = np.exp(2j * np.pi * m2 * np.arange(N2) / (4 * N2))
        v += [np.kron(np.exp(2j * np.pi * m1 * np.arange(N1) / (4 * N1)), u)]
    y = np.ones(N3), np.exp(2j * np.pi * t * tap / N3)
    # [polarisation][beam][tap]: strongest first, weaker by (1/8)^(1/4).
    c = np.zeros((2, L, 2), complex)
    c[0, 0, 0], c[0, 1, 1] = 1, np.exp(2j * np.pi * 3 / 16) / 2
    c[1, 0, 0] = (1 / 8) ** 0.25 * np.exp(2j * np.pi * 9 / 16)
    c[1, 1, 0] = (1 / 8) ** 0.25 / 8**0.5 * np.exp(2j * np.pi * 14 / 16)
    w = np.concatenate(
        [sum(np.outer(y[f], c[p, i, f] * v[i]) for i in (0, 1) for f in (0, 1))
         for p in (0, 1)], axis=1,
    )  # fmt: skip
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    codec = EnhancedTypeTwoCodec(N3, N1, N2, 2, num_rounds=1)
    report = codec.encode(w[None].astype(np.complex64))
    np.testing.assert_allclose(codec.decode(report).mean[0], w, atol=1e-6)
    # K_NZ - 1 = 3 of K_0 = 4; q1, q2; i_{1,2} = C(7-1,2) + C(7-6,1), n = N1 n2 + n1.
    found = "".join(map(str, report.bits[0]))
    i12 = comb(8 - 1 - 1, 2) + comb(8 - 1 - 6, 1)
    assert found[:11] == f"{3:02b}{q1:02b}{q2:02b}{i12:05b}"
    # i_{1,6} = C(7 - 5, 1), bitmap tap by tap, strongest, k^(1) = 12.
    assert found[11:28] == f"{comb(7 - tap, 1):03b}" + "1011" + "0100" + "00" + "1100"


def test_coefficients_hold_as_much_power_as_any():
    w = directions(1, 5, 5, 8)
    codec = EnhancedTypeTwoCodec(5, 4, 1, 2)  # two of four beams, two of five taps
    for each in w:
        choice = codec._searched(each.astype(np.complex128))
        most = 0.0
        for q in range(4):
            m = 4 * np.arange(4) + q
            v = np.exp(2j * np.pi * np.outer(np.arange(4), m) / 16) / 2
            c = np.abs(np.fft.fft(each.reshape(5, 2, 4) @ v.conj(), axis=0) / 5) ** 2
            for pair in combinations(range(4), 2):
                for taps in combinations(range(5), 2):
                    kept = np.sort(c[list(taps)][..., list(pair)], axis=None)[-4:]
                    most = max(most, kept.sum())
        held = np.sum(np.abs(choice.coefficients) ** 2)
        assert 0.9 * most < held <= most * (1 + 1e-6)


def test_no_report_of_the_codebook_is_much_better():
    """Against all amplitudes and phases of all coefficients of a small codebook."""
    w = directions(2, 20, 1, 4)
    codec = EnhancedTypeTwoCodec(1, 2, 1, 2)  # both beams, one tap, two coefficients
    found = similarity(w, codec.decode(codec.encode(w)).mean)
    best = np.zeros(len(w))
    phases = np.exp(2j * np.pi * np.arange(16) / 16)
    sizes = np.unique(np.round(np.outer(REFERENCES[1:], AMPLITUDES), 9))
    for q in range(4):
        m = 4 * np.arange(2) + q
        v = np.exp(2j * np.pi * np.outer(np.arange(2), m) / 8) / 2**0.5
        c = np.einsum("npa,ai->npi", w.reshape(-1, 2, 2), v.conj()).reshape(-1, 4)
        for i, j in combinations(range(4), 2):
            for ratio in (sizes[:, None] * phases).ravel():
                for one, other in ((i, j), (j, i)):
                    inner = np.abs(c[:, one] + c[:, other] * np.conj(ratio))
                    best = np.maximum(best, inner / np.sqrt(1 + np.abs(ratio) ** 2))
    assert (found <= best + 1e-6).all()
    assert (found > 0.97 * best).all()
    assert found.mean() > 0.995 * best.mean()


def test_turned_subbands_cost_nothing():
    """Phases of subbands are free, and a search that turns them is never worse."""
    w = directions(3, 20, 13, 16)
    once, thrice = (
        similarity(w, codec.decode(codec.encode(w)).mean)
        for codec in (EnhancedTypeTwoCodec(13, 8, 1, 4, num_rounds=n) for n in (1, 3))
    )
    assert (thrice >= once - 1e-6).all()
    assert thrice.mean() > once.mean() + 0.01


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="num_subbands must be"):
        EnhancedTypeTwoCodec(20, 8, 2, 1)
    with pytest.raises(ValueError, match="combination must be"):
        EnhancedTypeTwoCodec(13, 8, 2, 9)
    with pytest.raises(ValueError, match="combination must have at most 4 beams"):
        EnhancedTypeTwoCodec(13, 4, 1, 7)
    codec = EnhancedTypeTwoCodec(5, 4, 1, 2)
    w = directions(4, 1, 5, 8)
    with pytest.raises(ValueError, match="h must have no subband of zeros"):
        codec.encode(w * np.array([0, 1, 1, 1, 1])[:, None])
    bits = codec.encode(w).bits[0]
    for wrong in (bits[:-1], np.concatenate([bits, bits[:1]])):
        with pytest.raises(ValueError, match="bits must be a whole report"):
            codec.decode(Report((wrong,)))
