"""The autoencoder against channels whose law is known, from clean and noisy data."""

import keras
import numpy as np
import pytest

from commgen.generative import TrainingConfig, VariationalAutoencoder
from commgen.generative.autoencoder.latent import LatentPrior, log_normal
from commgen.generative.networks.decoder import (
    SpectrumDecoder,
    draw_coefficients,
    spectrum_loss,
)
from commgen.generative.networks.fourier import (
    FourierScale,
    fourier_pairs,
    from_fourier,
    to_fourier,
)

TRAINING = TrainingConfig(num_epochs=20, batch_size=64, learning_rate=4e-3)


BEAMS = (1, 5, 9, 13)
# Where there are fewer channels.
LONG = TrainingConfig(num_epochs=60, batch_size=32, learning_rate=4e-3)


def white(rng, shape):
    return (rng.normal(size=(*shape, 2)) @ [1, 1j] / 2**0.5).astype(np.complex64)


def draw_beams(rng, n, beams=BEAMS):
    """One of few Fourier beams each, and 1 % of white power, over 16 antennas."""
    beam = np.fft.ifft(np.eye(16), norm="ortho")[rng.choice(beams, size=n)]
    h = np.sqrt(0.99 * 16) * white(rng, (n, 1)) * beam + 0.1 * white(rng, (n, 16))
    return h.astype(np.complex64)


def build(**options):
    keras.utils.set_random_seed(1)
    options = {"num_components": 4, **options}
    return VariationalAutoencoder((16,), 4, width=64, depth=1, **options)


@pytest.fixture(scope="module")
def beams():
    return draw_beams(np.random.default_rng(2), 4000)


@pytest.fixture(scope="module")
def trained(beams):
    return build().fit(beams, seed=3, training=TRAINING)


def share_of_strongest(h):
    power = np.abs(np.fft.fft(h, axis=1)) ** 2
    return np.median(power.max(axis=1) / power.sum(axis=1))


def test_samples_are_sparse_and_of_the_power(trained):
    """Gaussians of the same covariance hold half in their strongest beam."""
    h = trained.sample(500, seed=1)
    assert 0.7 < np.mean(np.abs(h) ** 2) < 1.3
    assert share_of_strongest(h) > 0.7


def lmmse_error(no):
    """Error of the linear estimate that knows the covariance, for an entry."""
    power = np.full(16, 0.01)
    power[list(BEAMS)] += 0.99 * 4
    return np.mean(power * no / (power + no))


@pytest.mark.parametrize(("snr_db", "gain_db"), [(0, 0.3), (10, 1.2), (20, 0.3)])
def test_estimate_beats_lmmse_on_sparse_channels(trained, snr_db, gain_db):
    rng, no = np.random.default_rng(8), 10 ** (-snr_db / 10)
    h = draw_beams(rng, 1000)
    y = (h + np.sqrt(no) * white(rng, h.shape)).astype(np.complex64)
    h_hat, err_var = trained.denoise(y, no)
    error = np.mean(np.abs(h_hat - h) ** 2)
    assert 10 * np.log10(lmmse_error(no) / error) > gain_db
    assert abs(10 * np.log10(np.mean(err_var) / error)) < 1


def test_it_learns_channels_from_noisy_pilots_alone(beams):
    """What it draws is sparser than what it was given, and without the noise."""
    rng, no = np.random.default_rng(4), 0.2
    y = (beams + np.sqrt(no) * white(rng, beams.shape)).astype(np.complex64)
    model = build().fit(y, seed=3, no=no, training=TRAINING)
    h = model.sample(500, seed=1)
    assert 0.7 < np.mean(np.abs(h) ** 2) < 1.1
    assert share_of_strongest(h) > 0.6


def test_the_latent_prior_is_learned(trained):
    means = np.asarray(trained.prior.trainable_variables[1])
    assert means.std(axis=0).max() > 0.1


@pytest.mark.slow
def test_condition_chooses_the_beam():
    rng = np.random.default_rng(5)
    which = rng.integers(2, size=2000)
    parts = [draw_beams(rng, 2000, (beam,)) for beam in (2, 11)]
    h = np.where(which[:, None] == 0, *parts)
    model = build(num_components=1, num_conditions=1)
    # In its own unit, however far from zero that is.
    told = 1000.0 + 50.0 * which[:, None]
    with pytest.raises(ValueError, match=r"condition must be \[2000, 1\] .* got None"):
        model.fit(h, seed=1)
    with pytest.raises(ValueError, match=r"condition of validation must be \[9, 1\]"):
        model.fit(h, told, seed=1, validation=h[:9])
    model.fit(h, told, seed=1, validation=(h[:90], told[:90]), training=LONG)
    for value, beam in ((1000.0, 2), (1050.0, 11)):
        power = np.abs(np.fft.fft(model.sample(300, [value], seed=2), axis=1)) ** 2
        assert np.mean(power.argmax(axis=1) == beam) > 0.9
    # Without a condition it draws those of the training.
    power = np.abs(np.fft.fft(model.sample(600, seed=2), axis=1)) ** 2
    assert abs(np.mean(power.argmax(axis=1) == 2) - 0.5) < 0.12


def test_fourier_of_tensors_is_that_of_arrays(rng):
    h = white(rng, (3, 2, 5, 4))
    pairs = np.stack([h.real, h.imag], -1).astype(np.float32)
    for inverse, wanted in ((False, to_fourier(h)), (True, from_fourier(h))):
        x = fourier_pairs(pairs, inverse=inverse).numpy()
        np.testing.assert_allclose(x[..., 0] + 1j * x[..., 1], wanted, atol=1e-5)
    np.testing.assert_allclose(from_fourier(to_fourier(h)), h, atol=1e-6)
    assert np.sum(np.abs(to_fourier(h)) ** 2) == pytest.approx(np.sum(np.abs(h) ** 2))


def test_scale_makes_unit_power_and_takes_off_the_noise(rng):
    h = white(rng, (20_000, 6)) * np.sqrt(3)
    scale = FourierScale((6,))
    scale.adapt(h)
    x = scale.encode(h)
    np.testing.assert_allclose(np.mean(np.sum(x**2, axis=-1), axis=0), 1, atol=1e-4)
    np.testing.assert_allclose(scale.decode(x), h, atol=1e-5)
    scale.adapt(h, 1.0)
    np.testing.assert_allclose(scale.scale, np.sqrt(2), rtol=0.03)


def test_spectrum_loss_is_the_density_of_what_is_drawn(rng):
    """Its mean over draws is the entropy, log(pi e c) for each coefficient."""
    log_var = np.broadcast_to([0.0, -2.0, 1.0], (50_000, 3)).astype(np.float32)
    mean = np.broadcast_to([1.0, -2.0], (50_000, 3, 2)).astype(np.float32)
    noise = rng.standard_normal(mean.shape).astype(np.float32)
    x = draw_coefficients(mean, log_var, noise)
    nats = np.asarray(spectrum_loss(x, mean, log_var))
    expected = 3 * np.log(np.pi * np.e) - 1.0
    assert nats.mean() == pytest.approx(expected, abs=4 * np.sqrt(3 / 50_000))


def test_variances_of_the_decoder_stay_in_their_range():
    decoder = SpectrumDecoder((3, 2), 8, 1)
    decoder.build((None, 4))
    for size in (0.0, 1.0, 1e4):
        mean, log_var = decoder(np.full((5, 4), size, np.float32))
        assert mean.shape == (5, 3, 2, 2)
        assert -9 <= np.min(log_var) <= np.max(log_var) <= 5
        if size == 0:
            np.testing.assert_allclose(log_var, 0, atol=1e-5)


@pytest.mark.parametrize("num_components", [1, 3])
def test_latent_prior_has_the_density_of_its_draws(num_components):
    """In one dimension its density integrates to one, and to its own moments."""
    keras.utils.set_random_seed(3)
    prior = LatentPrior(1, num_components)
    grid = np.linspace(-12, 12, 4001, dtype=np.float32)[:, None]
    density = np.exp(np.asarray(prior.log_prob(grid), np.float64))
    step = 24 / 4000
    assert density.sum() * step == pytest.approx(1, abs=1e-4)
    z = prior.draw(100_000, np.random.default_rng(1))
    mean = (density * grid[:, 0]).sum() * step
    square = (density * grid[:, 0] ** 2).sum() * step
    assert z.mean() == pytest.approx(mean, abs=0.03)
    assert np.mean(z**2) == pytest.approx(square, rel=0.05)


def test_log_normal_is_a_density():
    z = np.zeros((1, 2), np.float32)
    expected = -0.5 * (2 * np.log(2 * np.pi) + 1.0 + 0.25)
    value = log_normal(z, np.array([[0.0, 0.5]]), np.array([[1.0, 0.0]]))
    assert float(value[0]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_latents": 0}, "num_latents must be at least 1, got 0"),
        ({"num_components": 0}, "num_components must be at least 1, got 0"),
        ({"width": 0}, "width must be at least 1, got 0"),
        ({"depth": -1}, "depth must be at least 0, got -1"),
        ({"num_conditions": -1}, "num_conditions must be at least 0, got -1"),
    ],
)
def test_arguments_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        VariationalAutoencoder((4,), **options)
