import numpy as np
import pytest

from commgen.generative import GaussianPreconditioner
from commgen.generative.networks.subnets import real_matrix


def to_real(h):
    return np.stack([h.real, h.imag], axis=-1).reshape(len(h), -1).astype(np.float32)


def to_complex(x):
    x = np.asarray(x).reshape(len(x), -1, 2)
    return x[..., 0] + 1j * x[..., 1]


@pytest.fixture
def fitted(covariance, normal):
    """A preconditioner and the sample covariance that it was given."""
    h = normal(500, 6) @ np.linalg.cholesky(covariance(6, 0.4)).T
    layer = GaussianPreconditioner(6)
    layer.adapt(h.astype(np.complex64))
    return layer, h.T @ h.conj() / 500


def test_real_matrix_is_the_complex_one(normal):
    M, h = normal(4, 3), normal(5, 4)
    np.testing.assert_allclose(
        to_complex(to_real(h) @ real_matrix(M)), h @ M, atol=1e-5
    )


@pytest.mark.parametrize("no", [1e-3, 0.1, 10.0])
def test_error_variance_is_that_of_the_lmmse_estimate(fitted, no):
    layer, R = fitted
    W = R @ np.linalg.inv(R + no * np.eye(6))
    expected = np.tile(np.diag(R - W @ R).real, (7, 1))
    err_var = layer.err_var(np.full(7, no, np.float32))
    np.testing.assert_allclose(err_var, expected, rtol=1e-3)


def test_input_of_the_network_is_white(fitted, normal):
    """x = (R + no I)^(-1/2) y."""
    layer, R = fitted
    s, U = np.linalg.eigh(R + 0.3 * np.eye(6))
    y = normal(7, 6)
    x = layer.scale_in(to_real(y), np.full(7, 0.3, np.float32))
    root = (U / np.sqrt(s)) @ U.conj().T
    np.testing.assert_allclose(to_complex(x), y @ root.T, atol=1e-4)


def test_correction_has_the_scale_of_the_error(fitted, normal):
    """f of unit variance moves the estimate by the LMMSE error's covariance."""
    layer, R = fitted
    f, level = normal(7, 6), np.full(7, 0.3, np.float32)
    moved = layer.scale_out(to_real(f), level)
    C = R - R @ np.linalg.inv(R + 0.3 * np.eye(6)) @ R
    s, U = np.linalg.eigh(C)
    root = (U * np.sqrt(s)) @ U.conj().T
    np.testing.assert_allclose(to_complex(moved), f @ root.T, atol=1e-4)


def test_basis_is_unitary_and_shares_sum_to_one(fitted):
    layer, _ = fitted
    B = np.asarray(layer._basis)
    np.testing.assert_allclose(B @ B.T, np.eye(12), atol=1e-5)
    np.testing.assert_allclose(np.sum(layer._share, axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(np.sum(layer._share, axis=1), 1, atol=1e-5)


def test_channels_without_full_rank_keep_a_floor(normal):
    layer = GaussianPreconditioner(6)
    h = np.zeros((50, 6), np.complex64)
    h[:, 2] = normal(50)
    layer.adapt(h)
    s = np.asarray(layer._eigenvalues)
    np.testing.assert_allclose(s[:5], 1e-6 * s[5], rtol=1e-4)
    assert np.isfinite(layer.err_var(np.ones(1, np.float32))).all()


def test_before_adapt_channels_are_white_and_of_unit_power(normal):
    layer, y = GaussianPreconditioner(3), normal(2, 3)
    level = np.full(2, 0.25, np.float32)
    np.testing.assert_allclose(
        to_complex(layer.scale_in(to_real(y), level)), y / np.sqrt(1.25), atol=1e-6
    )
    np.testing.assert_allclose(
        to_complex(layer.scale_out(to_real(y), level)), y * np.sqrt(0.2), atol=1e-6
    )
    np.testing.assert_allclose(layer.err_var(level), 0.2, atol=1e-6)
