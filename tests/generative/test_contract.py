"""What every family does, and refuses, in the same way."""

import numpy as np
import pytest
import tensorflow as tf

from commgen.generative import check_channels, load_model
from commgen.generative.observation import check_observation

EVENT = (2, 6)


@pytest.fixture
def y(channels, normal):
    return (channels[:10] + 0.3 * normal(10, *EVENT)).astype(np.complex64)


def test_samples_have_shape_and_type(model):
    h = model.sample(5, seed=1)
    assert h.shape == (5, *EVENT)
    assert h.dtype == np.complex64
    assert np.isfinite(h).all()


def test_one_seed_is_one_draw(model):
    h = model.sample(5, seed=1)
    np.testing.assert_array_equal(h, model.sample(5, seed=1))
    assert not np.allclose(h, model.sample(5, seed=2))


def test_sampling_leaves_the_global_generators_alone(model):
    np.random.seed(1)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    model.sample(2, seed=9)
    np.testing.assert_array_equal(np.random.random(3), expected)  # noqa: NPY002


def test_samples_have_about_the_power_of_the_data(model, channels):
    h = model.sample(300, seed=4)
    ratio = np.mean(np.abs(h) ** 2) / np.mean(np.abs(channels) ** 2)
    assert 0.7 < ratio < 1.4


def test_saved_and_loaded_is_the_same(model, tmp_path):
    model.save(tmp_path / "m", card={"seed": 5})
    loaded = load_model(tmp_path / "m")
    assert type(loaded) is type(model)
    # Equal up to rounding, which follows the place of arrays in memory.
    ours, theirs = (m.sample(4, seed=1) for m in (model, loaded))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_saved_and_loaded_infers_the_same(prior, y, tmp_path):
    prior.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    for left, right in zip(prior.denoise(y, 0.1), loaded.denoise(y, 0.1), strict=True):
        np.testing.assert_array_equal(left, right)
    A = np.eye(12)[::2]
    ours, theirs = (
        m.posterior(y.reshape(10, 12)[:, ::2], A, 0.1) for m in (prior, loaded)
    )
    np.testing.assert_array_equal(ours.mean, theirs.mean)
    np.testing.assert_array_equal(ours.err_var, theirs.err_var)


def test_posterior_does_not_depend_on_what_was_asked_before(prior, y, tmp_path):
    """Graphs are made once: of which batch must not be seen in a later answer."""
    prior.save(tmp_path / "m")
    A, seen = np.eye(12)[::2], y.reshape(10, 12)[:, ::2]
    fresh, asked = load_model(tmp_path / "m"), load_model(tmp_path / "m")
    asked.posterior(seen[:3], A, 0.1, num_samples=2)
    ours, theirs = (m.posterior(seen, A, 0.1) for m in (fresh, asked))
    np.testing.assert_array_equal(ours.mean, theirs.mean)


@pytest.mark.parametrize("name", ["full", "low-rank", "coupling", "autoregressive"])
def test_channels_are_likelier_than_white_ones(fitted, channels, name):
    model = fitted(name)
    rng = np.random.default_rng(3)
    white = rng.normal(size=(*channels.shape, 2)) @ [1, 1j] / 2**0.5
    own, other = (model.log_prob(h[:100]) for h in (channels, white))
    assert own.shape == (100,)
    assert own.mean() > other.mean()


def test_denoise_runs_in_a_graph_for_any_batch(prior, y):
    signature = [
        tf.TensorSpec((None, *EVENT), tf.complex64),
        tf.TensorSpec((), tf.float32),
    ]
    graph = tf.function(prior.denoise, input_signature=signature)
    for n in (1, 10):
        h_hat, err_var = graph(y[:n], 0.1)
        assert h_hat.shape == err_var.shape == (n, *EVENT)
        assert (h_hat.dtype, err_var.dtype) == (tf.complex64, tf.float32)
        eager = prior.denoise(y[:n], 0.1)
        np.testing.assert_allclose(h_hat, eager[0], atol=1e-5)
        np.testing.assert_allclose(err_var, eager[1], atol=1e-5)


def test_denoise_takes_one_noise_variance_for_each(prior, y):
    no = np.geomspace(0.01, 10, len(y)).astype(np.float32)
    h_hat, err_var = prior.denoise(y, no)
    for i in (0, 4, 9):
        alone = prior.denoise(y[i : i + 1], no[i])
        np.testing.assert_allclose(h_hat[i], alone[0][0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(err_var[i], alone[1][0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("no", [1e-3, 0.1, 10.0])
def test_posterior_of_all_entries_is_denoise(prior, y, no):
    posterior = prior.posterior(y, None, no)
    h_hat, err_var = prior.denoise(y, no)
    np.testing.assert_allclose(posterior.mean, h_hat, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(posterior.err_var, err_var, rtol=2e-3, atol=1e-6)
    assert posterior.samples is None


def test_posterior_of_a_scaled_observation_is_denoise(prior, y, normal):
    """2 Q y with Q unitary and four times the noise tells the same."""
    Q = np.linalg.qr(normal(12, 12))[0]
    scaled = prior.posterior(2 * y.reshape(10, 12) @ Q.T, 2 * Q, 0.4)
    h_hat, err_var = prior.denoise(y, 0.1)
    np.testing.assert_allclose(scaled.mean, h_hat, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(scaled.err_var, err_var, rtol=2e-3, atol=1e-5)


def test_posterior_of_some_entries_has_shape_and_spread(prior, y, normal):
    A = normal(7, 12)
    posterior = prior.posterior(normal(3, 7), A, np.array([0.1, 0.2, 0.1]))
    assert posterior.mean.shape == posterior.err_var.shape == (3, *EVENT)
    assert posterior.mean.dtype == np.complex64
    assert (posterior.err_var > 0).all()
    if posterior.samples is not None:
        assert posterior.samples.shape == (16, 3, *EVENT)
        np.testing.assert_allclose(
            posterior.samples.mean(axis=0), posterior.mean, atol=1e-6
        )


def test_coloured_noise_that_is_white_is_white_noise(prior, y, channels):
    A = np.eye(12)[:5]
    seen = y.reshape(10, 12)[:, :5]
    white = prior.posterior(seen, A, 0.1)
    matrix = prior.posterior(seen, A, 0.1 * np.eye(5))
    np.testing.assert_allclose(white.mean, matrix.mean, atol=1e-3)
    np.testing.assert_allclose(white.err_var, matrix.err_var, rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize("no", [1e-4, 1e-2, 1.0, 100.0])
def test_error_variance_is_positive_and_below_the_prior(prior, y, no):
    _, err_var = prior.denoise(y, no)
    assert (np.asarray(err_var) > 0).all()
    assert np.mean(err_var) < 1.5 * min(no, 1)


def test_no_noise_gives_back_the_observation(prior, channels):
    h_hat, err_var = prior.denoise(channels[:20], 1e-4)
    assert np.mean(np.abs(h_hat - channels[:20]) ** 2) < 2e-4
    assert np.mean(err_var) < 2e-4


def test_estimate_is_better_than_the_observation(prior, two_clusters, rng, normal):
    h = two_clusters(rng, 200)
    h_hat, _ = prior.denoise((h + normal(200, *EVENT)).astype(np.complex64), 1.0)
    assert np.mean(np.abs(h_hat - h) ** 2) < 0.6


def test_fit_refuses_what_is_no_channel(families, channels):
    bad = channels.copy()
    bad[3, 1, 2] = np.nan
    cases = [
        (channels[:, 0], r"data must be \[n, 2, 6\] with n >= 1, got \(300, 6\)"),
        (channels[:0], r"data must be \[n, 2, 6\] with n >= 1, got \(0, 2, 6\)"),
        (bad, r"data must be finite, got 1 NaN .* first at index \(3, 1, 2\)"),
        (1e-6 * channels, r"data must have a mean power .* near 1 .* normalise it"),
        (1e6 * channels, r"data must have a mean power .* near 1"),
        (channels.astype(str), r"data must be complex numbers, got dtype <U"),
    ]
    for build in families.values():
        model = build()
        for data, message in cases:
            with pytest.raises(ValueError, match=message):
                model.fit(data, seed=1)


def test_fit_refuses_copies_of_one_channel(families, channels):
    for build in families.values():
        with pytest.raises(ValueError, match="different channels, got 300 copies"):
            build().fit(np.repeat(channels[:1], 300, axis=0), seed=1)


def test_fit_is_unconditional(families, channels):
    for build in families.values():
        with pytest.raises(ValueError, match="condition must be None"):
            build().fit(channels, np.zeros((300, 1)), seed=1)


def test_sample_is_unconditional(model):
    with pytest.raises(ValueError, match="condition must be None"):
        model.sample(3, [1.0], seed=1)


def test_posterior_is_unconditional(prior, y):
    with pytest.raises(ValueError, match="unconditional, condition must be None"):
        prior.posterior(y, None, 0.1, condition=[1.0])


def test_fit_asks_for_enough_channels(families, networks, channels):
    for name, build in families.items():
        few = 10 if name in networks else 2
        if name != "one":
            rule = rf"data must hold at least \d+ channels, .*, got {few}\."
            with pytest.raises(ValueError, match=rule):
                build().fit(channels[:few], seed=1)


def test_networks_refuse_a_symmetry_and_validation_that_they_do_not_know(
    networks, channels
):
    for build in networks.values():
        model = build()
        with pytest.raises(ValueError, match=r"symmetries must be of .*'mirror'"):
            model.fit(channels, seed=1, symmetries=("mirror",))
        with pytest.raises(ValueError, match=r"validation must be \[n, 2, 6\]"):
            model.fit(channels, seed=1, validation=channels[:, 0])


def test_noisy_data_are_for_those_who_can(networks, channels):
    for name, build in networks.items():
        model = build()
        if model.learns_from_noise:
            assert name in ("vae", "gm-vae")
            with pytest.raises(ValueError, match="no must be finite and above 0"):
                model.fit(channels, seed=1, no=0.0)
        else:
            with pytest.raises(ValueError, match="no must be None, since"):
                model.fit(channels, seed=1, no=0.1)


def test_sample_asks_for_a_number(model):
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        model.sample(0, seed=1)
    with pytest.raises(TypeError, match=r"n must be a whole number, got 2\.5"):
        model.sample(2.5, seed=1)


def test_event_shape_is_checked(families):
    with pytest.raises(ValueError, match="event_shape must have at least one axis"):
        type(families["one"]())((), 1)
    with pytest.raises(ValueError, match="event_shape must be at least 1, got 0"):
        type(families["one"]())((4, 0), 1)
    with pytest.raises(TypeError, match="event_shape must be a whole number"):
        type(families["diffusion"]())(("a",))


SKEW = np.array([[1, 1j], [1j, 1]])


@pytest.mark.parametrize(
    ("y", "A", "noise", "message"),
    [
        (np.ones((3, 6)), None, 1.0, r"y must be \[batch, 2, 6\], got \(3, 6\)"),
        (np.ones((0, 2, 6)), None, 1.0, r"y must be \[batch, 2, 6\], got \(0,"),
        (np.full((3, 2, 6), np.inf), None, 1.0, "y must be finite, got 36"),
        (np.ones((3, 2)), np.ones((2, 5)), 1.0, r"A must be \[num_obs, 12\], got"),
        (np.ones((3, 2)), np.ones(12), 1.0, r"A must be \[num_obs, 12\], got \(12,"),
        (np.ones((3, 2)), np.ones((0, 12)), 1.0, r"A must be \[num_obs, 12\]"),
        (np.ones((3, 2)), np.full((2, 12), np.nan), 1.0, "A must be finite"),
        (np.ones((3, 3)), np.ones((2, 12)), 1.0, r"y must be \[batch, 2\] as A"),
        (np.ones(2), np.ones((2, 12)), 1.0, r"y must be \[batch, 2\] as A, got \(2,"),
        (np.ones((3, 2, 6)), None, -0.1, r"noise_cov must be .* above 0, got -0\.1"),
        (np.ones((3, 2, 6)), None, 0.0, r"noise_cov must be .* above 0, got 0"),
        (np.ones((3, 2, 6)), None, np.nan, "noise_cov must be finite"),
        (np.ones((3, 2, 6)), None, [1.0, 2.0], r"noise_cov must be \[3\] as y"),
        (np.ones((3, 2, 6)), None, [1, 0, 2], "noise_cov must be finite and above 0"),
        (np.ones((3, 2, 6)), None, [1, 1, np.inf], "noise_cov must be finite"),
        (np.ones((3, 2)), np.ones((2, 12)), np.eye(3), r"or \[2, 2\], got \(3, 3\)"),
        (np.ones((3, 2)), np.ones((2, 12)), SKEW, "noise_cov must be Hermitian"),
        (
            np.ones((3, 2)),
            np.ones((2, 12)),
            np.diag([1.0, -1.0]),
            "noise_cov must be positive definite, its least eigenvalue is -1",
        ),
    ],
)
def test_posterior_refuses_what_is_no_observation(prior, y, A, noise, message):
    with pytest.raises(ValueError, match=message):
        prior.posterior(y, A, noise)


def test_noise_variance_is_a_number():
    with pytest.raises(TypeError, match="noise_cov must be a number, got '1'"):
        check_observation(np.ones((1, 2)), None, "1", (2,))


def test_observation_is_flattened_in_c_order():
    y = np.arange(12.0).reshape(1, 3, 4)
    flat, A, no, cov = check_observation(y, None, 0.5, (3, 4))
    np.testing.assert_array_equal(flat, np.arange(12.0)[None])
    assert flat.dtype == np.complex128
    assert (A, no.tolist(), cov) == (None, [0.5], None)


def test_real_channels_are_complex_ones_without_imaginary_part():
    h = check_channels("h", np.ones((2, 3)), (3,))
    assert h.dtype == np.complex64
