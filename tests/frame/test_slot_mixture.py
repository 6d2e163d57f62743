from dataclasses import replace

import numpy as np
import pytest

from commgen.frame.slot_files import load_grid_mixture, save_grid_mixture
from commgen.frame.slot_mixture import GridMixture

NUM_COMPONENTS = 8


@pytest.fixture
def mixture(complex_normal):
    """Components over 4 x 6 entries; the first two have a specular path."""
    time = np.linalg.qr(complex_normal(4, 2).astype(complex))[0]
    frequency = np.linalg.qr(complex_normal(6, 3).astype(complex))[0]
    specular = complex_normal(NUM_COMPONENTS, 6) * (np.arange(8) < 2)[:, None]
    roots = 0.5 * complex_normal(NUM_COMPONENTS, 6, 2)
    weights = np.arange(1.0, NUM_COMPONENTS + 1)
    return GridMixture(time, frequency, weights, roots, specular, 1e-3)


def test_samples_have_the_covariance_of_the_components(mixture):
    h = mixture.sample(40_000, seed=1).reshape(40_000, -1)
    B = np.kron(mixture.time, mixture.frequency)
    expected = 1e-3 * np.eye(24, dtype=complex)
    for k, weight in enumerate(mixture.weights):
        M = B @ np.hstack([mixture.roots[k], mixture.specular[k][:, None]])
        expected += weight * M @ M.conj().T
    found = h.T @ h.conj() / len(h)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, atol=0.05 * scale)


def test_files(mixture, tmp_path):
    save_grid_mixture(mixture, tmp_path / "prior.npz")
    loaded = load_grid_mixture(tmp_path / "prior.npz")
    assert np.array_equal(loaded.sample(3, seed=1), mixture.sample(3, seed=1))
    with pytest.raises(ValueError, match=r"path must end in \.npz"):
        save_grid_mixture(mixture, tmp_path / "prior")
    (tmp_path / "other.npz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="path must be a saved grid mixture"):
        load_grid_mixture(tmp_path / "other.npz")
    np.savez(tmp_path / "half.npz", time=mixture.time)
    with pytest.raises(ValueError, match="path must be a saved grid mixture"):
        load_grid_mixture(tmp_path / "half.npz")


def test_errors_of_the_mixture(mixture):
    for change, message in (
        ({"roots": mixture.roots[:, :-1]}, "roots must be"),
        ({"specular": mixture.specular[:-1]}, "specular must be"),
        ({"weights": mixture.weights - 1}, "weights must be above 0"),
        ({"weights": np.full(8, np.nan)}, "weights must be finite"),
        ({"time": 2 * mixture.time}, "time must have orthonormal columns"),
        ({"floor": 0.0}, "floor must be finite and above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(mixture, **change)
    with pytest.raises(ValueError, match=r"weights must be \[8\]"):
        mixture.reweighted([1.0])
    with pytest.raises(ValueError, match="least must be below"):
        mixture.reweighted(np.full(8, 0.125), least=0.5)
