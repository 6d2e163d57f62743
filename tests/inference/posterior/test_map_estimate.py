"""Likeliest channels, against Gaussians in closed form and against differences."""

import numpy as np
import pytest

from commgen.generative import CouplingFlow
from commgen.inference.posterior.map_estimate import map_estimate

OPTIONS = {"num_steps": 200, "step_size": 0.1}


@pytest.mark.parametrize("case", ["all", "linear", "coloured"])
def test_of_a_gaussian_the_mode_is_the_mean(fitted, case, channels, normal, covariance):
    model, no = fitted("one"), 0.3
    A = None if case == "all" else normal(5, 12) / 2
    y = channels[:3] if case == "all" else normal(3, 5)
    noise = covariance(5, 0.7) if case == "coloured" else no
    exact = model.posterior(y, A, noise)
    found = map_estimate(model, y, A, noise, laplace=True, **OPTIONS)
    np.testing.assert_allclose(found.h_map, exact.mean, atol=5e-3)
    np.testing.assert_allclose(found.err_var, exact.err_var, rtol=2e-3)
    assert found.converged.all()


@pytest.mark.parametrize("name", ["full", "low-rank", "coupling", "autoregressive"])
def test_no_channel_nearby_is_likelier(fitted, name, channels, normal):
    """The model's own log_prob, in NumPy for mixtures, is no higher around."""
    model, no = fitted(name), 0.1
    y = (channels[:4] + np.sqrt(no) * normal(4, 2, 6)).astype(np.complex64)
    found = map_estimate(model, y, None, no, **OPTIONS)

    def objective(h):
        error = np.sum(np.abs(y - h).reshape(4, -1) ** 2, axis=1)
        return model.log_prob(h.astype(np.complex64)) - error / no

    at_mode = objective(found.h_map)
    np.testing.assert_allclose(at_mode, found.log_joint, atol=5e-3)
    assert (at_mode >= objective(y) - 1e-3).all()
    for _ in range(5):
        assert (objective(found.h_map + 0.03 * normal(4, 2, 6)) < at_mode + 5e-3).all()


def test_an_untrained_flow_is_a_gaussian(channels, normal):
    """Identity blocks leave CN(0, scale^2) in the Fourier domain."""
    model, no = CouplingFlow((4,), 1, 2), 0.2
    h = channels.reshape(-1, 4)
    model.adapt_sums(model.sums(h))
    y = h[:3] + np.sqrt(no) * normal(3, 4)
    F = np.fft.fft(np.eye(4), norm="ortho")
    s = np.asarray(model.scale.scale, np.float64).reshape(-1) ** 2
    R = (F.conj().T * s) @ F
    W = R @ np.linalg.inv(R + no * np.eye(4))
    found = map_estimate(model, y, None, no, laplace=True, **OPTIONS)
    np.testing.assert_allclose(found.h_map, y @ W.T, atol=5e-3)
    expected = np.broadcast_to(no * np.diag(W).real, (3, 4))
    np.testing.assert_allclose(found.err_var, expected, rtol=5e-3)


def test_few_steps_do_not_claim_to_have_converged(fitted, channels):
    found = map_estimate(
        fitted("full"), channels[:2], None, 0.1, num_steps=10, step_size=1e-3
    )
    assert not found.converged.any()
    assert found.err_var is None


def test_a_start_is_taken(fitted, channels):
    model, y = fitted("full"), channels[:3]
    start = model.posterior(y, None, 0.1).mean
    found = map_estimate(model, y, None, 0.1, start=start, **OPTIONS)
    error = np.sum(np.abs(y - start).reshape(3, -1) ** 2, axis=1)
    assert (found.log_joint >= model.log_prob(start) - error / 0.1 - 1e-2).all()


def test_arguments_are_checked(fitted, channels, families):
    y = channels[:2]
    with pytest.raises(TypeError, match=r"model must be a GaussianMixture or .* Diff"):
        map_estimate(fitted("diffusion"), y)
    model = fitted("one")
    with pytest.raises(ValueError, match="num_steps must be at least 10, got 5"):
        map_estimate(model, y, num_steps=5)
    with pytest.raises(ValueError, match="step_size must be finite and above 0"):
        map_estimate(model, y, step_size=0.0)
    with pytest.raises(ValueError, match=r"start must be \[2, 2, 6\] and finite"):
        map_estimate(model, y, start=y[:1])
    told = CouplingFlow((4,), 2, 4, num_conditions=1)
    with pytest.raises(ValueError, match="model must be without conditions, got 1"):
        map_estimate(told, np.ones((1, 4)))
