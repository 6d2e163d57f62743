"""Constellations of any points, and their files."""

import numpy as np
import pytest

from commgen.frame.constellation import Constellation
from commgen.frame.qam import qam_points

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=16) + 1j * RNG.normal(size=16)
SHARES = RNG.dirichlet(np.ones(16))


def test_points_are_scaled_to_unit_power_under_their_probabilities():
    made = Constellation.of(5 * POINTS, None, SHARES)
    np.testing.assert_allclose(SHARES @ np.abs(made.points) ** 2, 1)
    np.testing.assert_allclose(made.points / made.points[0], POINTS / POINTS[0])
    assert made.is_shaped
    assert not Constellation.of(POINTS).is_shaped


def test_points_are_sorted_by_label():
    labels = RNG.permutation(16)
    made = Constellation.of(POINTS, labels, SHARES)
    for i in range(16):
        where = np.flatnonzero(labels == i)[0]
        assert made.probabilities[i] == pytest.approx(SHARES[where])
        np.testing.assert_allclose(
            made.points[i] / made.points[labels[0]], POINTS[where] / POINTS[0]
        )


def test_bits_have_the_most_significant_one_first():
    assert Constellation.of(POINTS).bits[6].tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("num_bits", [2, 4, 6, 8])
def test_qam_is_that_of_the_standard(num_bits):
    qam = Constellation.qam(num_bits)
    np.testing.assert_allclose(qam.points, qam_points(num_bits), rtol=1e-6)
    assert qam.num_bits_per_symbol == num_bits
    assert qam.entropy == pytest.approx(num_bits)


def test_measures_of_16_qam():
    qam = Constellation.qam(4)
    assert qam.least_distance == pytest.approx(2 / 10**0.5)
    assert qam.peak_to_average_db == pytest.approx(10 * np.log10(1.8))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2, 3],), r"points must be \[2\*\*num_bits_per_symbol\], 2 to 4096 .*3,"),
        (([1],), r"points must be \[2\*\*num_bits_per_symbol\]"),
        (([0, 0],), "points must have power, got a mean of 0"),
        (([1, np.nan],), "points"),
        ((["a", "b"],), "points must be numbers"),
        (([1, -1], [0, 0]), "labels must be a permutation of 0..1"),
        (([1, -1], [1, 2]), "labels must be a permutation of 0..1"),
        (([1, -1], [0.0, 1.0]), "labels must be a permutation"),
        (([1, -1], None, [0.5, 0.4]), "probabilities must sum to 1, got 0.9"),
        (([1, -1], None, [1.0, 0.0]), "probabilities must be above 0, got 0"),
        (([1, -1], None, [1.0]), r"probabilities must be \[2\] real numbers"),
    ],
)
def test_what_is_no_constellation_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Constellation.of(*arguments)


def test_a_file_keeps_all(tmp_path):
    made = Constellation.of(POINTS, None, SHARES, card={"seed": 3})
    made.save(tmp_path / "c.npz")
    read = Constellation.load(tmp_path / "c.npz")
    np.testing.assert_allclose(read.points, made.points, rtol=1e-12)
    np.testing.assert_allclose(read.probabilities, made.probabilities, rtol=1e-12)
    assert read.card == {"seed": 3}


def test_an_archive_of_others_is_read(tmp_path):
    np.savez(tmp_path / "o.npz", points=[1j, -1j], labels=[1, 0])
    assert Constellation.load(tmp_path / "o.npz").points.tolist() == [-1j, 1j]


@pytest.mark.parametrize(
    "arrays",
    [{"x": [1, -1]}, {"points": [1, -1], "card": "[]"}, {"points": [[1, -1]]}],
)
def test_a_file_of_something_else_is_named(tmp_path, arrays):
    np.savez(tmp_path / "o.npz", **arrays)
    with pytest.raises(ValueError, match=r"o\.npz must be a constellation: "):
        Constellation.load(tmp_path / "o.npz")


def test_a_name_without_npz_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.npz"):
        Constellation.qam(2).save(tmp_path / "c.mat")
