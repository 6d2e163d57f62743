"""The coupling flow against closed forms, and its parts against their definitions."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from commgen.generative import GaussianMixture, TrainingConfig, load_model
from commgen.generative.flow.coupling import CouplingFlow, coarse_to_fine
from commgen.generative.flow.radial import nearest
from commgen.generative.flow.spline import num_spline_parameters, spline

EVENT = (2, 6)
SHORT = TrainingConfig(num_epochs=2, batch_size=64)


def shaken(event_shape, num_blocks=4, num_conditions=0, seed=3, spread=0.1):
    """A flow with random weights, which no training has made tame."""
    keras.utils.set_random_seed(seed)
    model = CouplingFlow(event_shape, num_blocks, 8, num_conditions)
    rng = np.random.default_rng(seed)
    last = [block.network.leave for block in model.blocks[1:]]
    for weight in (w for layer in last for w in layer.weights):
        weight.assign(spread * rng.normal(size=weight.shape))
    weight = model.blocks[0].shape_of.kernel
    weight.assign(rng.normal(size=weight.shape))
    return model


def real(h):
    return np.stack([h.real, h.imag], axis=-1).reshape(len(h), -1, 2).astype("f4")


def no_condition(x):
    return {"x": x, "condition": np.zeros((len(x), 0), np.float32)}


@pytest.fixture
def parameters(rng):
    return rng.normal(size=(400, num_spline_parameters(6))).astype(np.float32)


def test_spline_of_zeros_is_the_identity():
    x = np.linspace(-5, 5, 50, dtype=np.float32)
    zeros = np.zeros((50, num_spline_parameters(6)), np.float32)
    y, log_slope = spline(x, zeros, (-3.0, 2.0))
    np.testing.assert_allclose(y, x, atol=1e-5)
    np.testing.assert_allclose(log_slope, 0, atol=1e-5)


def test_spline_rises_and_its_slope_is_the_derivative(parameters):
    x = np.linspace(-3.5, 2.5, 400, dtype=np.float32)
    same = np.broadcast_to(parameters[:1], parameters.shape)
    y, log_slope = (np.asarray(part) for part in spline(x, same, (-3.0, 2.0)))
    assert (np.diff(y) > 0).all()
    assert (y[x < -3] == x[x < -3]).all()
    assert (y[x > 2] == x[x > 2]).all()
    integral = np.concatenate(
        [[0], np.cumsum((np.exp(log_slope)[1:] + np.exp(log_slope)[:-1]) / 2)]
    ) * (x[1] - x[0])
    np.testing.assert_allclose(y - y[0], integral, atol=0.02)


def test_spline_has_an_inverse(parameters, rng):
    x = rng.uniform(-4, 3, 400).astype(np.float32)
    y, log_slope = spline(x, parameters, (-3.0, 2.0))
    back, fall = spline(y, parameters, (-3.0, 2.0), inverse=True)
    np.testing.assert_allclose(back, x, atol=1e-4)
    np.testing.assert_allclose(fall, -log_slope, atol=5e-3)


@pytest.mark.parametrize("size", [1, 2, 7, 12, 64])
@pytest.mark.parametrize("num_groups", [1, 3, 8, 100])
def test_groups_hold_every_number_once(size, num_groups):
    groups = coarse_to_fine(size, num_groups)
    assert len(groups) <= min(num_groups, size)
    assert sorted(np.concatenate(groups)) == list(range(size))


def test_groups_lie_between_those_before():
    groups = coarse_to_fine(64, 8)
    assert [len(group) for group in groups] == [1, 1, 2, 4, 8, 16, 16, 16]
    for i in range(1, 6):
        apart = np.diff(np.sort(np.concatenate(groups[: i + 1])))
        assert (apart == apart[0]).all()


def test_nearest_are_those_beside_on_a_circle():
    passive = np.arange(1, 12, 2)
    found = passive[nearest((12,), np.array([0, 6]), passive)]
    assert sorted(found[0]) == [1, 3, 9, 11]
    assert sorted(found[1]) == [3, 5, 7, 9]


def test_before_training_it_is_a_circulant_gaussian(channels):
    """Independent Fourier coefficients of the training channels' powers."""
    ours = CouplingFlow(EVENT, 4, 8)
    ours.scale.adapt(channels)
    theirs = GaussianMixture(EVENT, 1, "circulant").fit(channels, seed=1, strength=0)
    np.testing.assert_allclose(
        ours.log_prob(channels), theirs.log_prob(channels), rtol=1e-4, atol=1e-3
    )


@pytest.mark.parametrize("event_shape", [(16,), (7,), EVENT, (3, 1), (1,)])
def test_invertible(event_shape, normal):
    model = shaken(event_shape)
    x = real(normal(50, *event_shape))
    c = np.zeros((50, 0), np.float32)

    def forward(z):
        for block in model.blocks:
            z, _ = block((z, c))
        return z

    z = forward(x)
    assert not np.allclose(z, x, atol=0.1)
    back = np.asarray(model._invert(z, c))
    # Where a spline is flat its inverse is steep, and the rounding of z alone moves x:
    # what single precision holds at each entry is that back is sent to z.
    np.testing.assert_allclose(forward(back), z, atol=1e-5)
    assert np.linalg.norm(back - x) < 1e-5 * np.linalg.norm(x)


@pytest.mark.parametrize("event_shape", [(2, 2), (3,), (1,)])
def test_density_has_the_determinant_of_the_map(event_shape, normal):
    model = shaken(event_shape)
    x = tf.constant(real(normal(20, *event_shape)))
    c = np.zeros((20, 0), np.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = x
        for block in model.blocks:
            z, _ = block((z, c))
    size = 2 * np.prod(event_shape)
    jacobian = np.reshape(tape.batch_jacobian(z, x), (20, size, size))
    base = -np.sum(np.square(z), axis=(1, 2)) - size / 2 * np.log(np.pi)
    expected = base + np.linalg.slogdet(jacobian.astype(np.float64))[1]
    np.testing.assert_allclose(
        model.call(no_condition(x)), expected, rtol=1e-3, atol=2e-3
    )


def test_density_of_one_number_integrates_to_one():
    model = shaken((1,))
    radius = np.geomspace(1e-5, 60, 20_000)
    x = real(radius[:, None].astype(complex))
    p = np.exp(np.asarray(model.call(no_condition(x)), np.float64))
    assert np.trapezoid(2 * np.pi * radius * p, radius) == pytest.approx(1, abs=2e-3)


def test_samples_follow_the_density(normal):
    """The mean of q(h) / p(h) over samples of p is one, for any density q."""
    model = shaken((4,), spread=0.05)
    h = model.sample(4000, seed=2)
    # A narrower Gaussian, so that the ratio has a variance.
    log_q = 4 * np.log(2 / np.pi) - 2 * np.sum(np.abs(h) ** 2, axis=1)
    ratio = np.exp(log_q - model.log_prob(h))
    assert ratio.mean() == pytest.approx(1, abs=4 * ratio.std() / np.sqrt(4000))


def test_phase_turns_samples_and_leaves_the_density(channels, normal):
    model = shaken(EVENT)
    turned = np.exp(1.2j) * channels
    np.testing.assert_allclose(
        model.log_prob(turned), model.log_prob(channels), rtol=1e-3, atol=1e-2
    )
    z, c = normal(5, *EVENT), np.zeros((5, 0), np.float32)
    plain, after = model._invert(real(z), c), model._invert(real(1j * z), c)
    np.testing.assert_allclose(after[..., 0], -plain[..., 1], atol=1e-3)
    np.testing.assert_allclose(after[..., 1], plain[..., 0], atol=1e-3)


@pytest.fixture(scope="module")
def gaussian():
    """Channels (4,) with a covariance that is not circulant, and its Cholesky root."""
    rng = np.random.default_rng(4)
    A = rng.normal(size=(2, 4, 4))
    R = (A[0] + 1j * A[1]) @ (A[0] + 1j * A[1]).conj().T + 0.5 * np.eye(4)
    root = np.linalg.cholesky(4 * R / np.trace(R).real)
    z = rng.normal(size=(2, 5000, 4)) / np.sqrt(2)
    return ((z[0] + 1j * z[1]) @ root.T).astype(np.complex64), root


@pytest.mark.slow
def test_learns_the_entropy_of_a_gaussian(gaussian):
    """No density has a higher expected logarithm than the true one."""
    h, root = gaussian
    keras.utils.set_random_seed(1)
    training = TrainingConfig(num_epochs=6, batch_size=128, learning_rate=1e-2)
    model = CouplingFlow((4,), 4, 8).fit(h[:4000], seed=1, training=training)
    log_det = 2 * np.log(np.diag(root).real).sum()
    white = np.linalg.solve(root, h[4000:].T)
    exact = -4 * np.log(np.pi) - log_det - np.sum(np.abs(white) ** 2, axis=0)
    gap = np.mean(exact - model.log_prob(h[4000:]))
    diagonal = CouplingFlow((4,), 1, 8)
    diagonal.scale.adapt(h[:4000])
    first_gap = np.mean(exact - diagonal.log_prob(h[4000:]))
    assert -0.02 < gap < 0.25 * first_gap


@pytest.mark.slow
def test_condition_decides_the_power(normal, rng):
    c = rng.integers(2, size=(800, 1)).astype(np.float32)
    h = (normal(800, 4) * np.where(c == 1, 1.3, 0.3)).astype(np.complex64)
    keras.utils.set_random_seed(1)
    training = TrainingConfig(num_epochs=8, batch_size=64, learning_rate=2e-2)
    model = CouplingFlow((4,), 2, 8, 1).fit(h, c, seed=1, training=training)
    for value, power in ((0, 0.09), (1, 1.69)):
        drawn = model.sample(1000, [value], seed=2)
        assert np.mean(np.abs(drawn) ** 2) == pytest.approx(power, rel=0.15)
    right, wrong = (model.log_prob(h, value).mean() for value in (c, 1 - c))
    assert right > wrong + 1


@pytest.mark.slow
def test_goes_on_where_it_was_cut_off_and_loads_with_the_same_density(
    channels, cut_off, tmp_path
):
    def train(folder):
        keras.utils.set_random_seed(1)
        model = CouplingFlow(EVENT, 1, 8)
        return model.fit(channels, seed=1, training=SHORT, folder=folder)

    model, folder = cut_off(train, after=1)
    resumed = train(folder)
    for ours, theirs in zip(resumed.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    np.testing.assert_array_equal(model.log_prob(channels), loaded.log_prob(channels))
    np.testing.assert_array_equal(model.sample(3, seed=1), loaded.sample(3, seed=1))


@pytest.mark.parametrize("name", ["num_blocks", "width"])
def test_arguments_are_checked(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        CouplingFlow((4,), **{name: 0})


def test_log_prob_refuses_what_is_no_channel_or_condition(channels):
    plain, conditional = CouplingFlow(EVENT, 2, 8), CouplingFlow(EVENT, 2, 8, 1)
    with pytest.raises(ValueError, match=r"h must be \[n, 2, 6\] with n >= 1, got"):
        plain.log_prob(channels[:, 0])
    with pytest.raises(ValueError, match="unconditional, condition must be None"):
        plain.log_prob(channels, np.zeros((300, 1)))
    with pytest.raises(ValueError, match=r"condition must be \[300, 1\] .* got None"):
        conditional.log_prob(channels)
