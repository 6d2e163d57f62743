"""Cells of the federated study, and how far they lie apart."""

import numpy as np
import pytest

from commgen.studies.federated.cells import (
    Cell,
    cell_configs,
    gaussian_divergence,
    heterogeneity,
)


def test_cells_are_all_different():
    configs = cell_configs(48)
    assert len({config.model_dump_json() for config in configs.values()}) == 48
    assert list(cell_configs(8)) == list(configs)[:8]
    widths = {c.azimuth_max_deg - c.azimuth_min_deg for c in configs.values()}
    assert widths == {15.0}
    kinds = {(c.scenario, c.los) for c in cell_configs(20).values()}
    assert kinds == {(s, los) for s in ("umi", "uma") for los in (True, False, None)}


def test_divergence_is_that_of_diagonal_covariances():
    a, b = np.array([1.0, 2.0, 0.5]), np.array([2.0, 1.0, 0.5])
    expected = np.mean(a / b - 1 - np.log(a / b))
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))[0]
    R, S = (Q @ np.diag(x) @ Q.conj().T for x in (a, b))
    assert gaussian_divergence(R, S) == pytest.approx(expected, rel=1e-9)
    assert gaussian_divergence(R, R) == pytest.approx(0, abs=1e-12)


def test_cells_that_differ_lie_farther_apart_than_parts_at_random():
    rng = np.random.default_rng(1)
    white = rng.normal(size=(2, 400, 4)) + 1j * rng.normal(size=(2, 400, 4))
    power = np.array([[2.0, 1.5, 0.5, 0.1], [0.1, 0.5, 1.5, 2.0]])
    h = (white * np.sqrt(power[:, None] / 2)).astype(np.complex64)
    cells = [Cell(f"c{i}", part, part[:1], part[:1]) for i, part in enumerate(h)]
    rows = heterogeneity(cells, seed=0)
    pooled = power.mean(axis=0) + 0.1
    for row, own in zip(rows, power + 0.1, strict=True):
        expected = np.mean(own / pooled - 1 - np.log(own / pooled))
        assert row["kl_nats"] == pytest.approx(expected, rel=0.15)
        assert row["iid_kl_nats"] < 0.05 * row["kl_nats"]


def test_few_channels_are_the_first_ones():
    h = np.arange(12, dtype=np.complex64).reshape(6, 2)
    few = Cell("c", h, h, h).few(2)
    np.testing.assert_array_equal(few.train, h[:2])
    assert len(few.test) == 6
