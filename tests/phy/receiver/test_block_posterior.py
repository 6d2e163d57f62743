"""Estimates in blocks, against the mean of independent observations."""

import numpy as np
import pytest

from commgen.phy.receiver import BlockPosterior

NO = 0.5


def slot(complex_normal, h, *, num_streams=1, doubt=0.0):
    """Known symbols of unit power, and what arrives of a constant channel."""
    x = np.exp(1j * np.angle(complex_normal(len(h), num_streams, 14, 24)))
    noise = NO**0.5 * complex_normal(len(h), h.shape[1], 14, 24)
    y = np.einsum("brs,bstf->brtf", h, x) + noise
    return y.astype(np.complex64), x.astype(np.complex64), np.full(x.shape, doubt)


def power_of(y, num_streams, value=1.0):
    return np.full((*y.shape[:2], num_streams, *y.shape[2:]), value)


def test_one_block_averages_all_elements(complex_normal):
    """White prior: N0 / (n + N0) of 336 elements, as measured over 4000 antennas."""
    h = complex_normal(4, 1000, 1)
    y, x, v = slot(complex_normal, h)
    h_hat, err_var = BlockPosterior(block=(14, 24))(y, NO, x, v, power_of(y, 1))
    np.testing.assert_allclose(err_var, NO / (336 + NO), rtol=1e-5)
    error = np.mean(np.abs(h_hat[:, :, 0, 0, 0] - h[..., 0]) ** 2)
    assert error == pytest.approx(NO / (336 + NO), rel=4 / 4000**0.5)
    np.testing.assert_allclose(h_hat, h_hat[..., :1, :1] + 0 * h_hat, rtol=1e-5)


def test_doubt_counts_as_noise(complex_normal):
    h = complex_normal(1, 2, 1)
    y, x, v = slot(complex_normal, h, doubt=0.25)
    _, err_var = BlockPosterior(block=(14, 24))(y, NO, x, v, power_of(y, 1, 2.0))
    noise = NO + 0.25 * 2
    np.testing.assert_allclose(err_var, 1 / (336 / noise + 1 / 2), rtol=1e-5)


def test_streams_are_told_apart_by_their_symbols(complex_normal):
    h = complex_normal(20, 8, 2)
    y, x, v = slot(complex_normal, h, num_streams=2)
    h_hat, err_var = BlockPosterior(block=(14, 24))(y, NO, x, v, power_of(y, 2))
    error = np.mean(np.abs(h_hat[..., 0, 0] - h) ** 2)
    assert error == pytest.approx(err_var.mean(), rel=4 / 320**0.5)
    assert error < 1.2 * NO / 336


def test_a_prior_denoises_all_antennas_of_a_block(complex_normal, gaussian_prior):
    """The mean over a block is observed: R (R + N0 / n)^-1, R the prior's."""
    mixing = complex_normal(4, 4)
    R = mixing @ mixing.conj().T
    h = np.einsum("ij,bj->bi", mixing, complex_normal(3, 4))[..., None]
    y, x, v = slot(complex_normal, h)
    prior = BlockPosterior(gaussian_prior(R, (4,)), block=(14, 24))
    h_hat, err_var = prior(y, NO, x, v, power_of(y, 1))
    no = 1 / (336 / NO + 1e-3)
    seen = np.mean(y * np.conj(x[:, :1][:, 0][:, None]), axis=(2, 3)) * (336 / NO) * no
    W = R @ np.linalg.inv(R + no * np.eye(4))
    np.testing.assert_allclose(h_hat[:, :, 0, 3, 5], seen @ W.T, atol=1e-4)
    left = np.real(np.diag(R - W @ R))
    np.testing.assert_allclose(err_var[0, :, 0, 0, 0], left, rtol=1e-2, atol=1e-6)


def test_lines_join_the_middles_of_blocks(complex_normal):
    """A channel that is linear in time and frequency is met between the middles."""
    t, f = np.arange(14)[:, None], np.arange(24)
    h = (0.1 * t + 0.05j * f).astype(np.complex64)
    x = np.exp(1j * np.angle(complex_normal(1, 1, 14, 24))).astype(np.complex64)
    y = (h * x[:, 0])[:, None]
    blocks = BlockPosterior(block=(7, 8))
    h_hat, _ = blocks(y, 1e-7, x, np.zeros(x.shape), power_of(y, 1))
    np.testing.assert_allclose(h_hat[0, 0, 0, 3:11, 4:20], h[3:11, 4:20], atol=1e-3)
    np.testing.assert_allclose(h_hat[0, 0, 0, 0], h_hat[0, 0, 0, 3], atol=1e-6)


def test_a_block_of_which_nothing_is_known_is_the_prior(complex_normal):
    y = complex_normal(1, 2, 14, 24)
    x = np.zeros((1, 1, 14, 24), np.complex64)
    found = BlockPosterior(block=(7, 12))(y, NO, x, np.ones(x.shape), power_of(y, 1, 3))
    np.testing.assert_allclose(found[0], 0)
    np.testing.assert_allclose(found[1], 3, rtol=1e-5)


def test_refuses_what_is_no_block_and_no_array():
    class Grid:
        event_shape = (2, 1, 12)

        def denoise(self, y, no):
            raise NotImplementedError

    with pytest.raises(ValueError, match=r"block must be at least 1 x 1, got \(0, 3\)"):
        BlockPosterior(block=(0, 3))
    with pytest.raises(ValueError, match=r"prior must have an event_shape of \[num_rx"):
        BlockPosterior(Grid(), block=(7, 12))
