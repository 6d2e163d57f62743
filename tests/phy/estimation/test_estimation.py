import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.nr import PUSCHConfig, PUSCHTransmitter
from sionna.phy.ofdm import LSChannelEstimator, PilotPattern, ResourceGrid

from commgen.frame.interpolation import linear_weights
from commgen.generative import GaussianMixture
from commgen.measures import nmse
from commgen.phy import LSEstimator, PerfectCSI, PriorEstimator, time_orthogonal_pilots
from commgen.phy.estimation.interpolation import SeparableInterpolator

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


def dmrs_grid(num_layers):
    """Grid of Sionna's PUSCH: two PRB, ports from 0, comb 2, two symbols, 3 dB more."""
    config = PUSCHConfig()
    config.carrier.n_size_grid = 2
    config.num_layers = config.num_antenna_ports = num_layers
    config.dmrs.additional_position = 1
    config.dmrs.num_cdm_groups_without_data = 2
    config.dmrs.dmrs_port_set = list(range(num_layers))
    return PUSCHTransmitter(config).resource_grid


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("interpolation", ["linear", "average"])
def test_layers_on_shared_pilots_are_told_apart(
    num_layers, interpolation, complex_normal
):
    rg = dmrs_grid(num_layers)
    h = np.repeat(complex_normal(3, 2, num_layers, 1), 24, axis=-1)
    y = received(rg, h, np.zeros((3, 1, 2, 14, 24), np.complex64))
    estimator = LSEstimator(rg, time_interpolation=interpolation)
    h_hat, _ = estimator(y, 0.1)
    assert h_hat.shape == (3, 1, 2, 1, num_layers, 14, 24)
    expected = np.broadcast_to(h[:, None, :, None, :, None], h_hat.shape)
    np.testing.assert_allclose(h_hat, expected, atol=1e-5)


@pytest.mark.parametrize("num_layers", [1, 2])
def test_despread_error_is_its_part_of_the_noise(num_layers, complex_normal):
    """N0 over twice the power of the boosted pilots for two layers, once for one."""
    rg, n, no = dmrs_grid(num_layers), 4000, 0.3
    h = np.repeat(complex_normal(n, 1, num_layers, 1), 24, axis=-1)
    y = received(rg, h, np.float32(np.sqrt(no)) * complex_normal(n, 1, 1, 14, 24))
    h_hat, err_var = LSEstimator(rg)(y, no)
    error = np.abs(h_hat.numpy()[:, 0, 0, 0] - h[:, 0, :, None]) ** 2
    promised = np.broadcast_to(err_var, h_hat.shape)[0, 0, 0, 0]
    np.testing.assert_allclose(error.mean(0), promised, rtol=0.09)
    # At both edges the value is held: the error is that of one observation.
    np.testing.assert_allclose(promised[:, [2, 11], 0], no / (2 * num_layers), 1e-5)


def test_despread_observation_lies_between_the_pilots(complex_normal):
    """A phase that turns over the subcarriers: exact in the middle of each pair."""
    rg = dmrs_grid(2)
    ramp = np.exp(0.02j * np.arange(24))
    h = complex_normal(3, 2, 1, 1) * ramp
    h = np.concatenate([h, 0 * h], axis=2).astype(np.complex64)
    y = received(rg, h, np.zeros((3, 1, 2, 14, 24), np.complex64))
    h_hat = LSEstimator(rg)(y, 0.1)[0].numpy()[:, 0, :, 0, 0, 2]
    # Pairs 0 and 2, 4 and 6, ...: the mean shrinks by cos(0.02) and has no phase error.
    np.testing.assert_allclose(
        h_hat[..., 1::4], np.cos(0.02) * h[:, :, 0, 1::4], atol=1e-5
    )


def test_prior_works_on_despread_pilots(complex_normal, gaussian_prior):
    rg, R = dmrs_grid(2), covariance(2)
    y = complex_normal(3, 1, 2, 14, 24)
    estimator = PriorEstimator(rg, gaussian_prior(R, (2,)))
    h_hat, err_var = estimator(y, 0.4)
    observed, no = LSEstimator(rg).observe(y, 0.4)
    assert float(no) == pytest.approx(0.1)
    W = R @ np.linalg.inv(R + 0.1 * np.eye(2))
    expected = np.einsum("ij,bj->bi", W, observed[:, 0, :, 1, 0, 0])
    np.testing.assert_allclose(h_hat[:, 0, :, 0, 1, 2, 0], expected, atol=1e-5)
    C = np.diag(R - W @ R).real
    np.testing.assert_allclose(err_var[0, 0, :, 0, 1, 2, 0], C, atol=1e-5)
    grid_prior = gaussian_prior(np.eye(2 * 2 * 24), (2, 2, 24))
    with pytest.raises(ValueError, match="needs pilots on all subcarriers"):
        PriorEstimator(rg, grid_prior, "grid", time_interpolation="average")


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


def test_many_points_are_gathered_to_the_same_numbers(complex_normal, rng):
    """The sparse way against the product with all weights, two streams, both axes."""
    shape = (2, 1, 2, 2, 60, 70)
    points = [[np.arange(n) * 3 + s for s in range(2)] for n in (70, 60)]
    frequency, time = (
        np.stack([linear_weights(p, np.arange(200)) for p in axis]) for axis in points
    )
    h, share = complex_normal(*shape), rng.uniform(size=shape).astype(np.float32)
    var = rng.uniform(0.1, 1, shape).astype(np.float32)
    h_hat, err_var = SeparableInterpolator(frequency, time)(h, var, share)
    dense = "brasqp,spf,sqt->brastf"
    np.testing.assert_allclose(
        h_hat, np.einsum(dense, h, frequency, time, optimize=True), atol=1e-5
    )
    noise = np.einsum(dense, var * share, frequency**2, time**2, optimize=True)
    bias = np.sqrt(var * (1 - share))
    bias = np.einsum(dense, bias, frequency, time, optimize=True)
    np.testing.assert_allclose(err_var, noise + bias**2, atol=1e-5)


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
    for no in (np.nan, 1e30, -0.1):
        with pytest.raises(ValueError, match=r"no must be .*, got"):
            estimator(complex_normal(3, 1, 2, T, F), np.float32(no))
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


def test_refuses_shared_pilots_that_tell_nothing_apart():
    def shared(first, second, masks=None):
        mask = np.zeros((1, 2, T, F), bool)
        mask[0, :, 1, : len(first)] = True
        pilots = np.array([[first, second]], np.complex64)
        pattern = PilotPattern(mask if masks is None else masks(mask), pilots)
        return ResourceGrid(T, F, 30e3, num_streams_per_tx=2, pilot_pattern=pattern)

    assert LSEstimator(shared([1, 1, 1, 1], [1, -1, 1j, -1j])) is not None
    with pytest.raises(ValueError, match=r"streams 0 and 1, which share .* orthogonal"):
        LSEstimator(shared([1, 1, 1, 1], [1, 1, 1, -1]))
    with pytest.raises(ValueError, match="fill the pilot subcarriers evenly"):
        LSEstimator(shared([1, 1, 1], [1, -1, 1]))
    with pytest.raises(ValueError, match="share all resource elements or none"):
        LSEstimator(shared([1, 1, 1, 0], [0, 1, -1, 1]))


def test_refuses_priors_of_another_event(gaussian_prior):
    array, flat = gaussian_prior(np.eye(4), (4,)), gaussian_prior(np.eye(4), (2, 2))
    with pytest.raises(ValueError, match="event must be 'array' or 'grid', got 'x'"):
        PriorEstimator(grid(), array, "x")
    with pytest.raises(TypeError, match=r"prior must be a .*Prior, .* got object"):
        PriorEstimator(grid(), object())
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
        ([1, 1], 1, "distinct"),
        ([6], 1, r"must lie in 0\.\.5, got \[6\]"),
        ([1, 2, 3], 2, "evenly among num_streams = 2"),
    ],
)
def test_pilots_refuse(symbols, num_streams, message):
    with pytest.raises(ValueError, match=message):
        time_orthogonal_pilots(T, F, symbols, num_streams=num_streams)
