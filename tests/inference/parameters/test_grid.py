import numpy as np
import pytest

from commgen.inference.parameters import (
    SignalModel,
    angle_axis,
    delay_axis,
    doppler_axis,
    draw_observations,
    grid_posterior,
    stochastic_crb,
    to_value_bound,
)
from commgen.inference.parameters.grid import log_likelihood


@pytest.mark.parametrize("snr_db", [-10, 10, 40])
@pytest.mark.parametrize("known", [True, False])
def test_one_path_equals_a_grid_of_brute_force(axis, draw, snr_db, known):
    y, _ = draw(2, snr_db)
    model = SignalModel(1.0, 10 ** (-snr_db / 10)) if known else SignalModel()
    posterior = grid_posterior(y, axis, model)
    for i in range(2):
        centre, half = posterior.mean[i, 0], 12 * posterior.marginals[0].std()[i]
        ends = np.clip([centre - half, centre + half], -60, 60)
        value = np.linspace(*ends, 20_001)
        logs = log_likelihood(y[i : i + 1], axis, model, axis.to_x(value)[None])[0]
        p = np.exp(logs - logs.max())
        p /= p.sum()
        mean = p @ value
        std = np.sqrt(p @ (value - mean) ** 2)
        assert posterior.mean[i, 0] == pytest.approx(mean, abs=2e-3 * std)
        assert posterior.marginals[0].std()[i] == pytest.approx(std, rel=5e-3)
        cdf = np.cumsum(p)
        low, high = posterior.marginals[0].interval(0.9)
        assert low[i] == pytest.approx(
            value[np.searchsorted(cdf, 0.05)], abs=0.01 * std
        )
        assert high[i] == pytest.approx(
            value[np.searchsorted(cdf, 0.95)], abs=0.01 * std
        )


def test_intervals_cover_and_deviations_reach_the_bound(axis, draw):
    y, value = draw(2000, 10.0)
    posterior = grid_posterior(y, axis, SignalModel(1.0, 0.1))
    low, high = posterior.marginals[0].interval(0.9)
    inside = np.mean((low <= value[:, 0]) & (value[:, 0] <= high))
    assert inside == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 2000))
    x = axis.to_x(value[:, 0])
    crb = stochastic_crb(axis, x[:1], 1.0, 0.1, 10)
    bound = np.mean([to_value_bound(axis, at, crb)[0, 0] for at in x])
    measured = np.mean((posterior.mean[:, 0] - value[:, 0]) ** 2)
    assert 0.95 * bound < measured < 1.25 * bound
    promised = np.mean(posterior.covariance)
    assert promised == pytest.approx(measured, rel=0.15)


def test_without_signal_the_prior_is_left(axis, rng):
    y = 1e-6 * rng.normal(size=(1, 1, 8)) + 0j
    posterior = grid_posterior(y, axis, SignalModel(power=1e-9, no=1.0))
    assert posterior.mean[0, 0] == pytest.approx(0, abs=1e-3)
    assert posterior.marginals[0].std() == pytest.approx(120 / np.sqrt(12), rel=1e-3)


def test_two_paths_equal_brute_force(axis, draw):
    y, _ = draw(2, 5.0, num_paths=2)
    model = SignalModel(1.0, 10**-0.5)
    posterior = grid_posterior(y, axis, model, num_paths=2)
    value = np.linspace(-60, 60, 601)
    A = axis.exponentials(axis.to_x(value))
    g = A.conj() @ A.T
    rho = 10**0.5
    for i in range(2):
        z = A.conj() @ y[i].T
        q, cross = np.sum(np.abs(z) ** 2, 1), z.conj() @ z.T
        s = 8 + 1 / rho
        det = s**2 - np.abs(g) ** 2
        quadratic = (s * (q[:, None] + q) - 2 * np.real(cross * g)) / det
        logs = -10 * np.log(rho**2 * det) + quadratic / model.no
        p = np.triu(np.exp(logs - logs.max()))
        p[np.diag_indices(601)] /= 2
        p /= p.sum()
        first, second = p.sum(1), p.sum(0)
        mean = np.array([first @ value, second @ value])
        std = np.sqrt([first @ (value - mean[0]) ** 2, second @ (value - mean[1]) ** 2])
        cross = (value - mean[0]) @ p @ (value - mean[1])
        np.testing.assert_allclose(posterior.mean[i], mean, atol=0.01 * std.max())
        np.testing.assert_allclose(
            np.sqrt(np.diag(posterior.covariance[i])), std, rtol=0.02
        )
        assert posterior.covariance[i, 0, 1] == pytest.approx(
            cross, abs=0.03 * std.prod()
        )
        for marginal, at, spread in zip(posterior.marginals, mean, std, strict=True):
            assert marginal.mean()[i] == pytest.approx(at, abs=0.02 * spread)


def test_two_paths_cover(axis, draw):
    y, value = draw(100, 10.0, num_paths=2)
    posterior = grid_posterior(y, axis, SignalModel(1.0, 0.1), num_paths=2)
    for p in range(2):
        low, high = posterior.marginals[p].interval(0.9)
        inside = np.mean((low <= value[:, p]) & (value[:, p] <= high))
        assert inside == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 100))


@pytest.mark.parametrize("kind", ["delay", "doppler"])
def test_delays_and_shifts_cover_too(kind, rng):
    axis = (
        delay_axis(30e3 * np.arange(48), max_delay_s=5e-6)
        if kind == "delay"
        else doppler_axis(1e-3 * np.arange(14), max_doppler_hz=400)
    )
    y, value = draw_observations(axis, 500, num_snapshots=2, snr_db=5, rng=rng)
    low, high = grid_posterior(y, axis).marginals[0].interval(0.9)
    inside = np.mean((low <= value[:, 0]) & (value[:, 0] <= high))
    assert inside == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 500))


def test_scale_of_the_snapshots_is_no_matter_if_power_is_unknown(axis, draw):
    y, _ = draw(4, 5.0)
    posterior = grid_posterior(y, axis)
    scaled = grid_posterior(1e-6 * y, axis)
    np.testing.assert_allclose(scaled.mean, posterior.mean, rtol=1e-8)


def test_errors(axis, draw):
    y, _ = draw(1, 0.0)
    with pytest.raises(ValueError, match="num_paths must be at most 2, got 3"):
        grid_posterior(y, axis, num_paths=3)
    with pytest.raises(ValueError, match=r"y must be \[n, num_snapshots, 4\]"):
        grid_posterior(y, angle_axis(4))
