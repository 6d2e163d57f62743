"""The autoregressive model against closed forms, Clarke's fading among them."""

import keras
import numpy as np
import pytest
from scipy.linalg import toeplitz
from scipy.special import j0

from commgen.generative import GaussianMixture, TrainingConfig, load_model
from commgen.generative.autoregressive.lattice import predictor, predictors
from commgen.generative.autoregressive.model import Autoregressive, lags_of
from commgen.generative.autoregressive.recurrent import draw_mixture
from commgen.generative.autoregressive.steps import StepSequence

EVENT = (2, 6)
SHORT = TrainingConfig(num_epochs=2, batch_size=64)


def shaken(event_shape, axis=-1, over_time=False, num_mixtures=3, spread=0.1):
    """A model with random weights, which no training has made tame."""
    keras.utils.set_random_seed(3)
    model = Autoregressive(event_shape, axis, over_time, num_mixtures, 8)
    rng = np.random.default_rng(3)
    last = model.predictor.network if model.stationary else model.predictor
    for weight in last.leave.weights:
        weight.assign(spread * rng.normal(size=weight.shape))
    return model


def no_condition(n):
    return np.zeros((n, 0), np.float32)


def clarke(rng, doppler, num_steps, num_paths=32):
    """Fading by waves from all around; ``doppler`` is f_d T, [n] -> [n, num_steps]."""
    shape = (len(doppler), num_paths, 1)
    shift = doppler[:, None, None] * np.cos(rng.uniform(0, 2 * np.pi, shape))
    phase = 2 * np.pi * shift * np.arange(num_steps) + rng.uniform(0, 2 * np.pi, shape)
    return (np.exp(1j * phase).sum(axis=1) / num_paths**0.5).astype(np.complex64)


@pytest.mark.parametrize(
    ("shape", "axis", "over_time"),
    [((16,), 0, False), (EVENT, 1, False), (EVENT, 0, False), ((3, 5, 2), 1, True)],
)
def test_steps_have_unit_power_and_lead_back(shape, axis, over_time, normal):
    steps = StepSequence(shape, axis, over_time)
    h = normal(200, *shape) * np.arange(1, 1 + shape[-1])
    steps.adapt(h)
    x = steps.encode(h)
    assert x.shape == (200, np.prod(shape), 2)
    np.testing.assert_allclose(steps.decode(x), h, atol=1e-4)
    power = np.sum(x**2, axis=-1).mean(axis=0).reshape(shape[axis], -1)
    axes = 0 if over_time else ()
    np.testing.assert_allclose(power.mean(axis=axes), 1, rtol=1e-4)


def test_time_is_not_transformed(normal):
    h = normal(1, 4, 3)
    x = StepSequence((4, 3), 0, True).encode(h)[..., 0].reshape(4, 3)
    np.testing.assert_allclose(x, np.fft.fft(h[0], norm="ortho").real, atol=1e-5)


def test_beams_begin_in_the_gap(normal):
    """Strong coefficients around zero stay together."""
    spectrum = normal(100, 32) * np.where(
        np.minimum(range(32), range(32, 0, -1)) < 5, 1, 0.01
    )
    steps = StepSequence((32,), 0, False)
    steps.adapt(np.fft.ifft(spectrum, norm="ortho"))
    strong = np.flatnonzero(steps.scale[:, 0] > 0.5)
    assert len(strong) == 9
    assert 8 <= strong[0] < strong[-1] <= 24
    assert strong[-1] - strong[0] == 8


def test_lags():
    assert lags_of(1, False) == ([1, 2, 3, 4], [])
    assert lags_of(1, True) == ([], list(range(1, 25)))
    assert lags_of(2, False) == ([1, 2, 3, 4, 6, 8], [])
    free, time = lags_of(5, True)
    assert free == [1, 2, 3, 4, 6]
    assert time == list(range(5, 121, 5))


def test_reflection_predicts_as_the_normal_equations(rng):
    """A sequence of known autocorrelation, against a solver of its equations."""
    r = np.mean(np.exp(1j * np.outer(range(6), rng.uniform(-2, 2, 50))), axis=1)
    r[0] = 1.01
    a, v, expected = np.zeros(0, complex), r[0], []
    for i in range(1, 6):  # Levinson's k from the autocorrelation
        k = (r[i] - a @ r[i - 1 : 0 : -1]) / v
        a = np.append(a - k * a[::-1].conj(), k)
        v *= 1 - np.abs(k) ** 2
        expected.append(k)
    size = np.abs(expected)
    z = np.array(expected) * np.arctanh(size) / size
    raw = np.stack([z.real, z.imag], axis=-1)[None].astype("f4")
    a, log_vars = predictors(raw)
    for order in range(6):
        R = toeplitz(r[:order].conj(), r[:order])
        best = np.linalg.solve(R.T, r[1 : order + 1])
        left = r[0] - np.sum(best * r[1 : order + 1].conj())
        one, log_var = predictor(raw, np.array([order]))
        for multipliers, log_v in (
            (a[0, order], log_vars[0, order]),
            (one[0], log_var),
        ):
            ours = np.asarray(multipliers) @ [1, 1j]
            np.testing.assert_allclose(ours[:order], best, rtol=1e-2, atol=1e-3)
            np.testing.assert_allclose(ours[order:], 0, atol=1e-6)
            np.testing.assert_allclose(np.exp(log_v), left.real / r[0].real, rtol=1e-2)


def test_without_a_past_it_is_a_circulant_gaussian(channels):
    """With multipliers and logarithms of zero the coefficients are CN(0, 1)."""
    model = Autoregressive(EVENT, width=8)
    for weight in model.predictor.leave.weights:
        weight.assign(np.zeros(weight.shape))
    model.steps.adapt(channels)
    theirs = GaussianMixture(EVENT, 1, "circulant").fit(channels, seed=1, strength=0)
    np.testing.assert_allclose(
        model.log_prob(channels), theirs.log_prob(channels), rtol=1e-4, atol=1e-3
    )


def test_nothing_depends_on_the_future(normal):
    model = shaken((8,))
    x = normal(5, 8)
    changed = x.copy()
    changed[:, 5:] = normal(5, 3)
    first, second = (
        model.predictor(
            (
                np.stack([part.real, part.imag], -1).astype("f4"),
                model._positions(8),
                no_condition(5),
            )
        )
        for part in (x, changed)
    )
    np.testing.assert_allclose(first[:, :5], second[:, :5], rtol=1e-5)
    assert not np.allclose(first[:, 5:], second[:, 5:], rtol=1e-2)


def test_density_of_one_number_integrates_to_one():
    model = shaken((1,), spread=0.5)
    radius = np.geomspace(1e-4, 30, 5000, dtype=np.float32)
    x = np.stack([radius, 0 * radius], axis=-1)[:, None]
    p = np.exp(model.call({"x": x, "condition": no_condition(5000)}))
    assert np.trapezoid(2 * np.pi * radius * p, radius) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("shape", "axis", "over_time", "num_mixtures"),
    [
        ((4,), 0, False, 3),
        ((2, 2), 1, False, 3),
        ((2, 2), 0, True, 3),
        ((2, 2), 0, True, 1),
    ],
)
def test_samples_follow_the_density(shape, axis, over_time, num_mixtures):
    """The mean of q(h) / p(h) over samples of p is one, for any density q."""
    model = shaken(shape, axis, over_time, num_mixtures)
    h = model.sample(4000, seed=2).reshape(4000, 4)
    # A narrower Gaussian, so that the ratio has a variance.
    log_q = 4 * np.log(2 / np.pi) - 2 * np.sum(np.abs(h) ** 2, axis=1)
    ratio = np.exp(log_q - model.log_prob(h.reshape(-1, *shape)))
    assert ratio.std() < 3
    assert ratio.mean() == pytest.approx(1, abs=4 * ratio.std() / np.sqrt(4000))


def test_density_does_not_depend_on_the_phase(channels):
    model = shaken(EVENT)
    turned = model.log_prob(np.exp(1.2j) * channels)
    np.testing.assert_allclose(turned, model.log_prob(channels), rtol=1e-3, atol=1e-2)


@pytest.fixture(scope="module")
def fading():
    """A model of Clarke's fading, f_d T in [0, 0.12] but for (0.04, 0.06)."""
    rng = np.random.default_rng(5)
    doppler = rng.uniform(0, 0.12, 3000)
    doppler = doppler[np.abs(doppler - 0.05) > 0.01]
    keras.utils.set_random_seed(1)
    model = Autoregressive((24,), 0, True, 1, 32, 1)
    training = TrainingConfig(num_epochs=20, batch_size=64, learning_rate=5e-3)
    h = clarke(rng, doppler, 24)
    return model.fit(h, doppler[:, None], seed=1, training=training)


@pytest.mark.slow
@pytest.mark.parametrize("doppler", [0.02, 0.05, 0.1])
def test_fading_has_the_autocorrelation_of_clarke(fading, doppler):
    """J0(2 pi f_d tau), Clarke 1968, for longer than was seen and where none was."""
    h = fading.sample_sequence(1000, 48, [doppler], seed=2)
    power = np.mean(np.abs(h) ** 2)
    assert power == pytest.approx(1, abs=0.05)
    lags = np.arange(20)
    found = [np.mean(h[:, lag:] * h[:, : 48 - lag].conj()).real / power for lag in lags]
    error = found - j0(2 * np.pi * doppler * lags)
    assert np.sqrt(np.mean(error**2)) < 0.08


@pytest.mark.slow
def test_sequences_begin_alike(fading):
    """A sequence of the trained length has the law of sample; one seed is one draw."""
    first = fading.sample_sequence(300, 24, [0.05], seed=2)
    np.testing.assert_array_equal(first, fading.sample(300, [0.05], seed=2))
    assert fading.sample_sequence(3, 1, seed=2).shape == (3, 1)
    assert not np.allclose(first, fading.sample_sequence(300, 24, [0.05], seed=3))


@pytest.mark.slow
def test_fading_is_likeliest_at_its_own_speed(fading, rng):
    h = clarke(rng, np.full(200, 0.05), 24)
    speeds = (0.01, 0.05, 0.1)
    density = [fading.log_prob(h, [doppler]).mean() for doppler in speeds]
    assert np.argmax(density) == 1


@pytest.mark.parametrize("num_mixtures", [1, 2])
def test_sequences_have_the_other_axes_of_the_event(num_mixtures):
    model = shaken((3, 5, 2), 1, True, num_mixtures)
    assert model.sample_sequence(4, 9, seed=1).shape == (4, 3, 9, 2)


def test_stationary_sequences_have_unit_power_at_every_step():
    model = shaken((6, 2), 0, True, 1, spread=1.0)
    power = np.mean(np.abs(model.sample_sequence(4000, 60, seed=1)) ** 2, axis=0)
    # The power of a complex Gaussian deviates by 1 / sqrt(n).
    np.testing.assert_allclose(power, 1, atol=5 / np.sqrt(4000))


def test_learns_the_entropy_of_a_correlated_gaussian():
    """No density has a higher expected logarithm than the true one."""
    rng = np.random.default_rng(6)
    root = np.linalg.cholesky(0.8 ** np.abs(np.subtract.outer(range(6), range(6))))
    z = rng.normal(size=(2, 3000, 6)) / np.sqrt(2)
    x = (z[0] + 1j * z[1]) @ root.T
    h = np.fft.ifft(x, norm="ortho").astype(np.complex64)
    keras.utils.set_random_seed(1)
    training = TrainingConfig(num_epochs=8, batch_size=64, learning_rate=1e-2)
    model = Autoregressive((6,), num_mixtures=2, width=16)
    model.fit(h[:2500], seed=1, training=training)
    log_det = 2 * np.log(np.diag(root)).sum()
    exact = -6 * np.log(np.pi) - log_det - np.sum(np.abs(z[0] + 1j * z[1]) ** 2, axis=1)
    gap = np.mean(exact[2500:] - model.log_prob(h[2500:]))
    # Independent coefficients would lose all of the log-determinant, 5.1 nats.
    assert -0.02 < gap < 0.5


def test_condition_decides_the_power(normal, rng):
    c = rng.integers(2, size=(800, 1)).astype(np.float32)
    h = (normal(800, 4) * np.where(c == 1, 1.3, 0.3)).astype(np.complex64)
    keras.utils.set_random_seed(1)
    training = TrainingConfig(num_epochs=8, batch_size=64, learning_rate=2e-2)
    model = Autoregressive((4,), num_mixtures=2, width=16, num_conditions=1)
    model.fit(h, c, seed=1, training=training)
    for value, power in ((0, 0.09), (1, 1.69)):
        drawn = model.sample(1000, [value], seed=2)
        assert np.mean(np.abs(drawn) ** 2) == pytest.approx(power, rel=0.15)


@pytest.mark.slow
def test_goes_on_where_it_was_cut_off_and_loads_with_the_same_density(
    channels, cut_off, tmp_path
):
    def train(folder):
        keras.utils.set_random_seed(1)
        model = Autoregressive(EVENT, width=8)
        return model.fit(channels, seed=1, training=SHORT, folder=folder)

    model, folder = cut_off(train, after=1)
    resumed = train(folder)
    for ours, theirs in zip(resumed.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    np.testing.assert_array_equal(model.log_prob(channels), loaded.log_prob(channels))
    np.testing.assert_array_equal(model.sample(3, seed=1), loaded.sample(3, seed=1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_mixtures": 0}, "num_mixtures must be at least 1, got 0"),
        ({"width": 0}, "width must be at least 1, got 0"),
        ({"axis": 2}, "axis must be at most 1, got 2"),
        ({"axis": -3}, "axis must be at least -2, got -3"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Autoregressive(EVENT, **arguments)


def test_sequence_arguments_are_checked():
    with pytest.raises(ValueError, match=r"over_time must be True .* got False"):
        shaken((4,)).sample_sequence(3, 5, seed=1)
    model = shaken((4,), over_time=True)
    with pytest.raises(ValueError, match="num_steps must be at least 1, got 0"):
        model.sample_sequence(3, 0, seed=1)
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        model.sample_sequence(0, 3, seed=1)
    with pytest.raises(ValueError, match="condition must be None"):
        model.sample_sequence(3, 3, [1.0], seed=1)


def test_an_outlier_stays_finite():
    """Whatever the network says, a drawn number has a modulus of at most 30."""
    ones = np.ones((4, 1), np.float32)
    means = np.array([[[0.0, 0.0]], [[1e10, 0.0]], [[0.0, 0.0]], [[3.0, 4.0]]])
    log_vars = np.array([[0.0], [0.0], [500.0], [-20.0]], np.float32)
    noise = np.ones((4, 2), np.float32)
    x = draw_mixture(
        ones[:, 0] * 0, noise, 0 * ones, means.astype(np.float32), log_vars
    )
    modulus = np.linalg.norm(x, axis=1)
    np.testing.assert_allclose(modulus, [2**0.5, 30, 30, 5], rtol=1e-3)
