"""What a terminal holds and does: counted by hand, and what eight bits cost."""

import numpy as np
import pytest

from commgen.phy.feedback import SteeredMixture, TrellisCodec
from commgen.phy.feedback.encoder_cost import encoder_cost
from commgen.phy.feedback.trellis_tables import class_of, gaussian_tables

N = 8


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    spectra = rng.gamma(0.3, size=(3, 2 * N))
    weights = np.full(spectra.shape, -np.log(spectra.size))
    return SteeredMixture(spectra / spectra.sum(1, keepdims=True) * N, weights, 1e-3)


def test_numbers_are_those_counted_by_hand():
    tables = gaussian_tables(4)
    # Two shapes of four antennas: three and one complex numbers are sent.
    variances = np.array([[4, 4, 2, 2, 1, 1, 0.1, 0.1], [4, 4, 0, 0, 0, 0, 0, 0]])
    which = class_of(variances)
    cost = encoder_cost(which, tables, num_candidates=5)
    assert cost.spectra == 2 * 2 * 8
    assert cost.transform == (3 + 1) * 4  # half of four complex entries
    rows = np.unique(2 * which[0, :6])
    levels = sum(int(tables.ends[row + union]) + 1 for row in rows for union in (0, 1))
    assert cost.tables == 2 * levels + 4
    fourier = 4 * 4 * 3  # complex products of eight points
    assert cost.matching == 2 * fourier + 2 * 8 + 2 * (4 * 8 + fourier)
    assert cost.transforms == 5 * (4 * 4 + 3 * 4 * 4)
    assert cost.search == 5 * 6 * (2 * 7 + 2 * 4)
    assert cost.parameters == cost.spectra + cost.transform + cost.tables
    assert cost.multiply_adds == cost.matching + cost.transforms + cost.search


def test_half_of_a_vector_tells_the_rest(model):
    _, vectors = model.eigen
    for U in vectors:
        mirrored = U[::-1].conj()
        inner = np.abs(np.sum(mirrored.conj() * U, axis=0))
        np.testing.assert_allclose(inner, 1, atol=1e-6)


def test_lower_prices_cost_more_and_eight_bits_little(model):
    rng = np.random.default_rng(1)
    variances, vectors = model.eigen
    shape = rng.integers(3, size=200)
    c = rng.standard_normal((200, N, 2)) @ [1, 1j] * np.sqrt(variances[shape] / 2)
    h = np.einsum("nij,nj->ni", vectors[shape], c).astype(np.complex64)
    tables = gaussian_tables(8)
    few, many = (TrellisCodec(model, tables, price).cost for price in (0.5, 0.01))
    assert few.parameters < many.parameters
    assert few.multiply_adds < many.multiply_adds
    errors = []
    for integer in (False, True):
        codec = TrellisCodec(model, tables, 0.01, integer=integer)
        report = codec.encode(h)
        error = np.mean(np.abs(codec.decode(report).mean - h) ** 2)
        errors.append(10 * np.log10(error) + 6 / 16 * report.num_bits.mean())
    # Rounding costs something, and at 20 dB no more than a fifth of one.
    assert 0 < np.abs(np.diff(errors))[0] < 0.2


def test_spectra_find_the_components_that_likelihood_finds(model):
    rng = np.random.default_rng(2)
    variances, vectors = model.eigen
    c = rng.standard_normal((300, N, 2)) @ [1, 1j] * np.sqrt(variances[0] / 2)
    h = model.steered(c @ vectors[0].T, np.full(300, 5), 1)
    joint = model.log_joint(h, 0.05).reshape(300, -1)
    found = model.likeliest(h, 0.05, 16)
    best = np.take_along_axis(joint, found, axis=1).max(axis=1)
    assert np.mean(joint.max(axis=1) - best) < 0.3
    chance = np.sort(joint, axis=1)[:, -16:].min(axis=1)
    assert np.mean(best > chance) > 0.95
