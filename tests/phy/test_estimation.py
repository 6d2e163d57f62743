import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.ofdm import LSChannelEstimator, PilotPattern, ResourceGrid

from commgen.generative import GaussianMixture
from commgen.phy import (
    LSEstimator,
    PerfectCSI,
    PriorEstimator,
    nmse,
    time_orthogonal_pilots,
)
from commgen.phy.estimation.interpolation import SeparableInterpolator, linear_weights

T, F = 6, 8


def grid(num_streams=1, symbols=(1, 4), step=1, **options):
    guards = options.get("num_guard_carriers", (0, 0))
    num_effective = F - sum(guards) - options.get("dc_null", False)
    pilots = time_orthogonal_pilots(
        T, num_effective, symbols, num_streams=num_streams, subcarrier_step=step
    )
    return ResourceGrid(
        T, F, 30e3, num_streams_per_tx=num_streams, pilot_pattern=pilots, **options
    )


def received(rg, h, noise):
    """Return pilots through h [batch, rx, S, F_eff] (constant in time) plus noise."""
    sent = np.zeros(rg.pilot_pattern.mask.shape[1:], np.complex64)
    for s, values in enumerate(np.asarray(rg.pilot_pattern.pilots)[0]):
        sent[s][np.asarray(rg.pilot_pattern.mask)[0, s].astype(bool)] = values
    y = np.zeros(noise.shape, np.complex64)
    index = np.asarray(rg.effective_subcarrier_ind)
    y[..., index] = np.einsum("bask,stk->batk", h, sent)[:, None]
    return y + noise


def covariance(size, decay=0.9):
    i = np.arange(size)
    return decay ** np.abs(i[:, None] - i[None]) * np.exp(0.7j * (i[:, None] - i[None]))


def coloured(complex_normal, R, *shape):
    return (complex_normal(*shape, len(R)) @ np.linalg.cholesky(R).T).astype("c8")


def test_ls_equals_sionna_at_and_between_the_pilots(complex_normal):
    rg = grid(dc_null=True, num_guard_carriers=(1, 0), step=1)
    y = complex_normal(3, 1, 2, T, F)
    h_hat, err_var = LSEstimator(rg)(y, 0.2)
    h_ref, var_ref = LSChannelEstimator(rg, interpolation_type="lin")(y, 0.2)
    between = slice(1, 5)
    np.testing.assert_allclose(
        h_hat[..., between, :], h_ref[..., between, :], atol=1e-5
    )
    at = [1, 4]
    var_ref = np.broadcast_to(var_ref, h_hat.shape)
    var = np.broadcast_to(err_var, h_hat.shape)
    np.testing.assert_allclose(var[..., at, :], var_ref[..., at, :], rtol=1e-5)


def test_ls_takes_sionnas_own_pilots(complex_normal):
    """Sionna's Kronecker pattern boosts the pilots of two streams on a comb."""
    rg = ResourceGrid(
        T,
        F,
        30e3,
        num_streams_per_tx=2,
        pilot_pattern="kronecker",
        pilot_ofdm_symbol_indices=[1, 4],
    )
    y = complex_normal(3, 1, 2, T, F)
    h_hat, err_var = LSEstimator(rg)(y, 0.2)
    h_ref, var_ref = LSChannelEstimator(rg, interpolation_type="lin")(y, 0.2)
    pilots = (slice(None), 0, slice(None), 0, 0, 1, slice(0, F, 2))
    np.testing.assert_allclose(h_hat.numpy()[pilots], h_ref.numpy()[pilots], atol=1e-5)
    var = np.broadcast_to(err_var, h_hat.shape)[pilots]
    np.testing.assert_allclose(var, 0.1, rtol=1e-5)
    np.testing.assert_allclose(
        np.broadcast_to(var_ref, h_hat.shape)[pilots], 0.1, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("interpolation", "factor"), [("linear", 1.0), ("average", 0.5)]
)
def test_ls_error_at_the_pilots_is_the_noise(interpolation, factor, complex_normal):
    rg, n, no = grid(), 4000, 0.3
    h = complex_normal(n, 2, 1, F)
    y = received(rg, h, np.float32(np.sqrt(no)) * complex_normal(n, 1, 2, T, F))
    h_hat, err_var = LSEstimator(rg, time_interpolation=interpolation)(y, no)
    found = nmse(h[:, :, 0], h_hat[:, 0, :, 0, 0, 1])
    # The ratio of two mean powers over m samples deviates by sqrt(2 / m).
    assert found == pytest.approx(factor * no, rel=4 * np.sqrt(2 / h.size))
    promised = np.broadcast_to(err_var, h_hat.shape)[0, 0, 0, 0, 0, 1]
    np.testing.assert_allclose(promised, factor * no, rtol=1e-5)


def test_ls_promise_holds_between_the_pilots(complex_normal):
    """A flat channel: all the error is noise, also where it was interpolated."""
    rg, n, no = grid(step=3), 4000, 0.3
    h = np.repeat(complex_normal(n, 2, 1, 1), F, axis=-1)
    y = received(rg, h, np.float32(np.sqrt(no)) * complex_normal(n, 1, 2, T, F))
    h_hat, err_var = LSEstimator(rg)(y, no)
    error = np.abs(h_hat.numpy()[:, 0, :, 0, 0] - h[:, :, 0, None]) ** 2
    promised = np.broadcast_to(err_var, h_hat.shape)[0, 0, :, 0, 0]
    np.testing.assert_allclose(error.mean((0, 1)), promised[0], rtol=0.08)


def test_lmmse_equals_its_closed_form(complex_normal, gaussian_prior):
    R, no = covariance(4), 0.5
    rg = grid()
    y = complex_normal(5, 1, 4, T, F)
    h_hat, err_var = PriorEstimator(rg, gaussian_prior(R, (4,)))(y, no)
    pilot = np.asarray(rg.pilot_pattern.pilots)[0, 0, 3]
    W = R @ np.linalg.inv(R + no * np.eye(4))
    expected = (y[:, 0, :, 1, 3] / pilot) @ W.T
    np.testing.assert_allclose(h_hat[:, 0, :, 0, 0, 1, 3], expected, atol=1e-5)
    C = np.diag(R - W @ R).real
    np.testing.assert_allclose(err_var[0, 0, :, 0, 0, 1, 3], C, atol=1e-5)


@pytest.mark.parametrize("event", ["array", "grid"])
def test_lmmse_promise_matches_its_error(event, complex_normal, gaussian_prior):
    no, n, num_streams = 0.5, 1500, 2
    rg = grid(num_streams)
    size = 4 if event == "array" else 4 * num_streams * F
    R = covariance(size)
    shape = (4,) if event == "array" else (4, num_streams, F)
    if event == "array":
        h = coloured(complex_normal, R, n, num_streams, F).transpose(0, 3, 1, 2)
    else:
        h = coloured(complex_normal, R, n).reshape(n, *shape)
    y = received(rg, h, np.float32(np.sqrt(no)) * complex_normal(n, 1, 4, T, F))
    estimator = PriorEstimator(
        rg, gaussian_prior(R, shape), event, time_interpolation="average"
    )
    h_hat, err_var = estimator(y, no)
    assert h_hat.shape == err_var.shape == (n, 1, 4, 1, num_streams, T, F)
    error = np.abs(h_hat.numpy()[:, 0, :, 0, :, 0] - h) ** 2
    per_channel = error.mean((1, 2, 3))
    four_se = 4 * per_channel.std() / np.sqrt(n)
    assert abs(per_channel.mean() - np.mean(err_var)) < four_se
    assert per_channel.mean() < 0.6 * no


def test_one_component_mixture_is_the_sample_covariance_lmmse(
    complex_normal, gaussian_prior
):
    h = coloured(complex_normal, covariance(4), 500)
    R = h.T @ h.conj() / len(h)
    y, rg = complex_normal(5, 1, 4, T, F), grid()
    ours = PriorEstimator(rg, GaussianMixture((4,), 1).fit(h, seed=0))(y, 0.4)
    textbook = PriorEstimator(rg, gaussian_prior(R, (4,)))(y, 0.4)
    for a, b in zip(ours, textbook, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4)


def test_noise_may_differ_in_the_batch_and_graph_equals_eager(
    complex_normal, gaussian_prior
):
    y = complex_normal(3, 1, 4, T, F)
    estimator = PriorEstimator(grid(), gaussian_prior(covariance(4), (4,)))
    no = np.array([0.1, 0.5, 2.0], np.float32)
    together = estimator(y, no)[0].numpy()
    for i in range(3):
        alone = estimator(y[i : i + 1], float(no[i]))[0].numpy()
        np.testing.assert_allclose(together[i : i + 1], alone, atol=1e-5)
    np.testing.assert_allclose(estimator(y, no[:, None])[0], together, atol=1e-6)
    traced = tf.function(estimator)(tf.constant(y), tf.constant(no))[0]
    np.testing.assert_allclose(traced, together, atol=1e-5)


def test_no_noise_gives_the_observation(complex_normal):
    rg = grid()
    h = complex_normal(3, 2, 1, F)
    y = received(rg, h, np.zeros((3, 1, 2, T, F), np.complex64))
    h_hat, err_var = LSEstimator(rg)(y, 0.0)
    np.testing.assert_allclose(h_hat[:, 0, :, 0, 0, 0], h[:, :, 0], atol=1e-5)
    assert np.all(np.asarray(err_var) == 0)


def test_perfect_csi_drops_the_nulled_subcarriers(complex_normal):
    rg = grid(dc_null=True, num_guard_carriers=(1, 0))
    h = complex_normal(2, 1, 3, 1, 1, T, F)
    h_hat, err_var = PerfectCSI(rg)(h, 0.1)
    np.testing.assert_array_equal(h_hat, h[..., [1, 2, 3, 5, 6, 7]])
    assert err_var.numpy().max() == 0


def test_shrinkage_is_common_to_neighbours_and_noise_is_not():
    """Half-way between two equal errors: noise halves in power, shrinkage stays."""
    weights = np.full((1, 2, 1), 0.5, np.float32)
    interpolate = SeparableInterpolator(weights, np.ones((1, 1, 1), np.float32))
    h, var = tf.ones((1, 1, 1, 1, 1, 2), tf.complex64), tf.fill((1, 1, 1, 1, 1, 2), 0.8)
    for share, expected in [(1.0, 0.4), (0.0, 0.8), (0.5, 0.6)]:
        _, err_var = interpolate(h, var, tf.fill(var.shape, share))
        assert float(err_var[0, 0, 0, 0, 0, 0]) == pytest.approx(expected)


def test_linear_weights_reproduce_lines_and_hold_outside():
    points, targets = [1, 4, 5], np.arange(8)
    weights = linear_weights(points, targets)
    line = 2.0 * np.array(points) - 1
    expected = 2.0 * np.clip(targets, 1, 5) - 1
    np.testing.assert_allclose(line @ weights, expected, rtol=1e-6)


def test_refuses_wrong_grids_and_inputs(complex_normal, gaussian_prior):
    rg = grid()
    estimator = LSEstimator(rg)
    with pytest.raises(ValueError, match=r"end in \(6, 8\), as the grid, got"):
        estimator(complex_normal(3, 1, 2, T, F + 1), 0.1)
    with pytest.raises(ValueError, match="no must be a scalar"):
        estimator(complex_normal(3, 1, 2, T, F), np.ones((3, 1, 2), np.float32))
    with pytest.raises(TypeError, match="resource_grid must be a ResourceGrid"):
        LSEstimator("grid")
    with pytest.raises(ValueError, match="num_tx = 1, got 2"):
        LSEstimator(ResourceGrid(T, F, 30e3, num_tx=2))
    with pytest.raises(ValueError, match="must have pilots"):
        LSEstimator(ResourceGrid(T, F, 30e3))
    with pytest.raises(ValueError, match="time_interpolation must be"):
        LSEstimator(rg, time_interpolation="cubic")
    prior = PriorEstimator(rg, gaussian_prior(np.eye(4), (4,)))
    with pytest.raises(ValueError, match="the 4 receive antennas of the prior"):
        prior(complex_normal(3, 1, 2, T, F), 0.1)


def test_refuses_uneven_pilots():
    mask = np.zeros((1, 1, T, F), bool)
    mask[0, 0, 1, :3] = True
    uneven = PilotPattern(mask, np.array([[[1, 2, 1]]], np.complex64))
    with pytest.raises(ValueError, match="must have one power"):
        LSEstimator(ResourceGrid(T, F, 30e3, pilot_pattern=uneven))
    mask[0, 0, 2, 3] = True
    holes = PilotPattern(mask, np.ones((1, 1, 4), np.complex64))
    with pytest.raises(ValueError, match=r"must fill \(OFDM symbols\) x"):
        LSEstimator(ResourceGrid(T, F, 30e3, pilot_pattern=holes))


def test_refuses_priors_of_another_event(gaussian_prior):
    array, flat = gaussian_prior(np.eye(4), (4,)), gaussian_prior(np.eye(4), (2, 2))
    with pytest.raises(ValueError, match="event must be 'array' or 'grid', got 'x'"):
        PriorEstimator(grid(), array, "x")
    with pytest.raises(ValueError, match=r"event_shape of 1 axes, got \(2, 2\)"):
        PriorEstimator(grid(), flat)
    cube = gaussian_prior(np.eye(4 * F), (4, 1, F))
    with pytest.raises(ValueError, match="needs pilots on all subcarriers"):
        PriorEstimator(grid(), cube, "grid")
    with pytest.raises(ValueError, match="needs pilots on all subcarriers"):
        PriorEstimator(grid(step=2), cube, "grid", time_interpolation="average")
    with pytest.raises(ValueError, match=r"end in \(2, 8\), got \(4, 1, 8\)"):
        PriorEstimator(grid(2), cube, "grid", time_interpolation="average")


@pytest.mark.parametrize(
    ("symbols", "num_streams", "message"),
    [
        ([], 1, "at least one"),
        ([1, 1], 1, "distinct"),
        ([6], 1, r"must lie in 0\.\.5, got \[6\]"),
        ([1, 2, 3], 2, "evenly among num_streams = 2"),
    ],
)
def test_pilots_refuse(symbols, num_streams, message):
    with pytest.raises(ValueError, match=message):
        time_orthogonal_pilots(T, F, symbols, num_streams=num_streams)
