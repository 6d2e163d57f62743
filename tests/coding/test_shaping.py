"""Matchers of bits to amplitudes, beside enumeration by hand and published counts."""

from itertools import product
from math import factorial

import numpy as np
import pytest

from commgen.coding.composition import CompositionMatcher
from commgen.coding.limbs import bits_to_limbs, limbs_to_bits, to_limbs
from commgen.coding.matching import matcher_of
from commgen.coding.sphere_shaping import SphereShaper

RNG = np.random.default_rng(4)


def all_bits(k):
    return (np.arange(2**k)[:, None] >> np.arange(k)[::-1] & 1).astype(np.uint8)


def in_sphere(num_levels, length, energy):
    """All sequences of at most this energy, in lexicographic order."""
    return [
        levels
        for levels in product(range(num_levels), repeat=length)
        if sum((2 * i + 1) ** 2 for i in levels) <= energy
    ]


@pytest.mark.parametrize(("num_levels", "length", "energy"), [(4, 4, 60), (3, 6, 50)])
def test_sphere_sequences_are_those_of_enumeration(num_levels, length, energy):
    shaper = SphereShaper(num_levels, length, energy)
    expected = in_sphere(num_levels, length, energy)
    k = int(np.log2(len(expected)))
    assert shaper.num_bits == k
    bits = all_bits(k)
    levels = shaper.encode(bits)
    np.testing.assert_array_equal(levels, expected[: 2**k])
    found, ok = shaper.decode(levels)
    np.testing.assert_array_equal(found, bits)
    assert ok.all()
    shares = np.bincount(levels.ravel(), minlength=num_levels) / levels.size
    np.testing.assert_allclose(shaper.probabilities, shares, rtol=1e-12)


def test_the_published_count_of_96_amplitudes():
    # 8-ASK, energy 1,120: 1.75 bits an amplitude, as other implementations count.
    assert SphereShaper(4, 96, 1120).num_bits == 168


def test_what_is_no_codeword_is_told():
    shaper = SphereShaper(4, 4, 60)
    k = shaper.num_bits
    expected = in_sphere(4, 4, 60)
    bits, ok = shaper.decode(np.array([[3, 3, 3, 3], expected[2**k], expected[-1]]))
    assert not ok.any()
    assert not bits.any()


@pytest.mark.parametrize(("num_levels", "length", "num_bits"), [(3, 7, 5), (2, 12, 6)])
def test_the_histogram_of_bits_has_little_energy(num_levels, length, num_bits):
    """Beside all that carry as much: at most one amplitude is a level too high."""
    found = CompositionMatcher.of_bits(num_levels, length, num_bits)
    assert found.num_bits == num_bits
    energy = (2 * np.arange(num_levels) + 1) ** 2
    enough = [
        counts @ energy
        for counts in map(np.array, product(range(length + 1), repeat=num_levels))
        if counts.sum() == length and sequences(counts) >= 2**num_bits
    ]
    assert found.counts @ energy <= min(enough) + np.diff(energy).max()
    bits = all_bits(num_bits)
    again, ok = found.decode(found.encode(bits))
    np.testing.assert_array_equal(again, bits)
    assert ok.all()


def sequences(counts):
    return factorial(int(counts.sum())) // np.prod([factorial(int(c)) for c in counts])


def test_more_bits_than_a_histogram_has_are_refused():
    with pytest.raises(ValueError, match="num_bits must be at most 6 for 8 amplitudes"):
        CompositionMatcher.of_bits(2, 8, 7)
    with pytest.raises(ValueError, match="kind must be one of sphere, composition"):
        matcher_of("ball", 4, 96, 168)


def test_energy_is_the_least_that_carries_the_bits():
    shaper = SphereShaper.of_bits(4, 30, 45)
    less = SphereShaper(4, 30, shaper.max_energy - 8)
    assert less.num_bits < 45 == shaper.num_bits
    levels = shaper.encode(RNG.integers(2, size=(300, 45), dtype=np.uint8))
    energy = np.sum((2.0 * levels + 1) ** 2, axis=1)
    assert energy.max() <= shaper.max_energy
    p = shaper.probabilities
    assert p.sum() == pytest.approx(1)
    mean = p @ (2.0 * np.arange(4) + 1) ** 2 * 30
    assert energy.mean() == pytest.approx(mean, abs=4 * energy.std() / 300**0.5)


def test_long_sequences_come_back():
    shaper = SphereShaper.of_bits(4, 256, 400)
    bits = RNG.integers(2, size=(20, 400), dtype=np.uint8)
    bits[0], bits[1] = 0, 1
    found, ok = shaper.decode(shaper.encode(bits))
    np.testing.assert_array_equal(found, bits)
    assert ok.all()
    # Few bits are lost by so long a sequence.
    assert 0 < shaper.rate_loss < 0.02


@pytest.mark.parametrize("counts", [[2, 1, 2], [4, 0, 3], [1, 1, 1, 1]])
def test_compositions_are_those_of_enumeration(counts):
    symbols = np.repeat(np.arange(len(counts)), counts)
    expected = sorted(
        s
        for s in product(range(len(counts)), repeat=len(symbols))
        if sorted(s) == symbols.tolist()
    )
    total = factorial(len(symbols))
    for count in counts:
        total //= factorial(count)
    assert len(expected) == total
    matcher = CompositionMatcher(counts)
    bits = all_bits(matcher.num_bits)
    levels = matcher.encode(bits)
    np.testing.assert_array_equal(levels, expected[: len(bits)])
    found, ok = matcher.decode(levels)
    np.testing.assert_array_equal(found, bits)
    assert ok.all()
    beyond, wrong = np.array([expected[-1]]), np.zeros((1, len(symbols)), int)
    assert matcher.decode(beyond)[1][0] == (total == len(bits))
    assert not matcher.decode(wrong)[1][0]


def test_long_compositions_come_back_with_their_histogram():
    matcher = CompositionMatcher.of_probabilities([0.45, 0.3, 0.17, 0.08], 256)
    assert matcher.counts.sum() == 256
    bits = RNG.integers(2, size=(10, matcher.num_bits), dtype=np.uint8)
    levels = matcher.encode(bits)
    for row in levels:
        np.testing.assert_array_equal(np.bincount(row, minlength=4), matcher.counts)
    np.testing.assert_array_equal(matcher.decode(levels)[0], bits)


def test_a_sphere_loses_fewer_bits_than_a_composition():
    sphere = SphereShaper.of_bits(4, 96, 160)
    composition = CompositionMatcher.of_probabilities(sphere.probabilities, 96)
    assert sphere.rate_loss < composition.rate_loss


def test_limbs_hold_whole_numbers():
    bits = RNG.integers(2, size=(5, 131), dtype=np.uint8)
    limbs = bits_to_limbs(bits, 3)
    for row, number in zip(bits, limbs, strict=True):
        value = int("".join(map(str, row)), 2)
        np.testing.assert_array_equal(number, to_limbs(value, 3))
    np.testing.assert_array_equal(limbs_to_bits(limbs, 131), bits)
    with pytest.raises(OverflowError):
        to_limbs(1 << 64, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SphereShaper(1, 4, 9), "num_levels must be"),
        (lambda: SphereShaper(4, 4, 3), "max_energy must be"),
        (lambda: SphereShaper(4, 4, 8), "max_energy must allow two sequences"),
        (lambda: SphereShaper.of_bits(4, 4, 9), r"num_bits must be in 1\.\.8"),
        (lambda: CompositionMatcher([4]), "counts must allow two sequences"),
        (lambda: CompositionMatcher([4, -1]), "counts must be"),
        (lambda: CompositionMatcher.of_probabilities([0.4], 8), "must sum to 1"),
        (lambda: SphereShaper(4, 4, 60).encode(np.zeros((1, 2), int)), "bits must be"),
        (lambda: SphereShaper(4, 4, 60).encode(np.full((1, 6), 2)), "bits must be 0"),
        (lambda: SphereShaper(4, 4, 60).decode(np.full((1, 4), 4)), r"in 0\.\.3"),
        (lambda: SphereShaper(4, 4, 60).decode(np.zeros((1, 3), int)), "levels must"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
