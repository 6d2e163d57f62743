"""The diffusion model against what its prior and its training make certain."""

import keras
import numpy as np
import pytest

from commgen.generative import (
    Diffusion,
    FourierDenoiser,
    GaussianMixture,
    TrainingConfig,
    load_model,
)
from commgen.generative.denoising.flat import FlatDenoiser
from commgen.generative.noisy_examples import augment, noisy_batch
from commgen.generative.training import Keeper

SHORT = TrainingConfig(num_epochs=2, batch_size=64)


def draw_beams(rng, n, size=16):
    """One Fourier beam each: white over all channels, sparse in every one."""
    beams = np.fft.ifft(np.eye(size), norm="ortho")[rng.integers(size, size=n)]
    gain = rng.normal(size=(n, 2)) @ [1, 1j] * np.sqrt(size / 2)
    return (gain[:, None] * beams).astype(np.complex64)


def noisy(rng, h, no):
    noise = rng.normal(size=(*h.shape, 2)) @ [1, 1j] / np.sqrt(2)
    return (h + np.sqrt(no) * noise).astype(np.complex64)


@pytest.fixture(scope="session")
def trained():
    """A model of sparse channels, some seconds of training."""
    keras.utils.set_random_seed(1)
    model = Diffusion((16,), FourierDenoiser(width=32, depth=1, kernel_size=3))
    h = draw_beams(np.random.default_rng(2), 4000)
    config = TrainingConfig(num_epochs=8, batch_size=64, learning_rate=5e-3)
    return model.fit(h, seed=3, training=config)


@pytest.mark.parametrize("no", [1e-3, 0.1, 10.0])
@pytest.mark.parametrize("num_components", [1, 3])
def test_before_training_it_is_the_estimate_of_its_prior(
    channels, rng, no, num_components
):
    prior = GaussianMixture((2, 6), num_components).fit(channels, seed=1)
    model = Diffusion((2, 6), FourierDenoiser(width=8, depth=1), prior)
    model.preconditioner.adapt(channels.reshape(-1, 12))
    y = noisy(rng, channels[:20], no)
    ours, theirs = model.denoise(y, no), prior.denoise(y, no)
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-5)
    # One error variance for all entries of a channel: the mean of the prior's.
    expected = np.mean(theirs[1], axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(ours[1], np.broadcast_to(expected, y.shape), rtol=1e-3)


@pytest.mark.parametrize(("snr_db", "gain_db"), [(0, 2.0), (10, 3.0), (20, 2.0)])
def test_trained_beats_lmmse_on_sparse_channels(trained, snr_db, gain_db):
    """Channels are white to a Gaussian, whose error is no / (1 + no)."""
    rng, no = np.random.default_rng(8), 10 ** (-snr_db / 10)
    h = draw_beams(rng, 2000)
    h_hat, _ = trained.denoise(noisy(rng, h, no), no)
    error = np.mean(np.abs(h_hat - h) ** 2)
    assert 10 * np.log10(no / (1 + no) / error) > gain_db


@pytest.mark.parametrize("snr_db", [-12, 0, 7.5, 10, 22, 38])
def test_error_variance_is_the_error_within_one_db(trained, snr_db):
    rng, no = np.random.default_rng(9), 10 ** (-snr_db / 10)
    h = draw_beams(rng, 2000)
    h_hat, err_var = trained.denoise(noisy(rng, h, no), no)
    ratio = np.mean(err_var) / np.mean(np.abs(h_hat - h) ** 2)
    assert abs(10 * np.log10(ratio)) < 1


def test_samples_are_sparse_and_of_the_power(trained):
    """Most of a sample's power lies in one beam; white channels hold 22 % there."""
    h = trained.sample(200, seed=1)
    power = np.abs(np.fft.fft(h, norm="ortho")) ** 2
    assert 0.8 < np.mean(np.abs(h) ** 2) < 1.25
    assert np.median(power.max(axis=1) / power.sum(axis=1)) > 0.6


def test_few_steps_draw_what_many_draw(trained):
    """From the same noise: the paths are solved, not only their statistics."""
    many = Diffusion.from_config({**trained.get_config(), "num_steps": 60})
    many.set_weights(trained.get_weights())
    few, many = (m.sample(300, seed=1) for m in (trained, many))
    error = np.mean(np.abs(few - many) ** 2) / np.mean(np.abs(many) ** 2)
    assert error < 0.15


def test_a_sample_starts_from_the_prior_in_noise(channels):
    """An untrained model is its prior, at which a late start leaves its samples."""
    prior = GaussianMixture((2, 6), 1).fit(channels, seed=1)
    model = Diffusion((2, 6), FourierDenoiser(width=8, depth=1), prior, num_steps=30)
    model.preconditioner.adapt(channels.reshape(-1, 12))
    n = 4000
    h = model.sample(n, seed=1).reshape(n, 12)
    R = channels.reshape(-1, 12).T @ channels.reshape(-1, 12).conj() / len(channels)
    power = np.diag(R).real
    four_sigma = 4 * np.sqrt(np.outer(power, power) / n)
    assert (np.abs(h.T @ h.conj() / n - R) < four_sigma + 0.02).all()


@pytest.fixture(scope="module")
def told():
    """Eight beams; the condition, -1 or 1, names their half in four of five."""
    rng = np.random.default_rng(5)
    c = rng.choice([-1.0, 1.0], size=4000)
    low = (c > 0) == (rng.random(4000) < 0.8)
    beam = rng.integers(4, size=4000) + np.where(low, 0, 4)
    gain = rng.normal(size=(4000, 2)) @ [1, 1j] * 2
    h = gain[:, None] * np.fft.ifft(np.eye(8), norm="ortho")[beam]
    keras.utils.set_random_seed(1)
    network = FourierDenoiser(width=32, depth=1, kernel_size=3)
    model = Diffusion((8,), network, num_steps=16, num_conditions=1)
    training = TrainingConfig(num_epochs=8, batch_size=64, learning_rate=5e-3)
    return model.fit(h.astype(np.complex64), c[:, None], seed=3, training=training)


def share_of_low_beams(h):
    power = np.abs(np.fft.fft(h, norm="ortho")) ** 2
    return np.mean(power.argmax(axis=1) < 4)


def test_the_condition_decides_and_guidance_sharpens(told):
    """In so short a training the condition is learned in part: it leads to 0.8."""
    n = 1000
    free, right, sharp = (
        share_of_low_beams(told.sample(n, [1.0], seed=1, guidance=w))
        for w in (0.0, 1.0, 3.0)
    )
    four_sigma = 4 * np.sqrt(0.25 / n)
    assert abs(free - 0.5) < four_sigma
    assert free + 0.05 < right < 0.8 + four_sigma
    assert sharp > right + 0.1
    wrong = share_of_low_beams(told.sample(n, [-1.0], seed=1))
    assert wrong < 0.45
    drawn = share_of_low_beams(told.sample(n, seed=1))
    assert abs(drawn - 0.5) < four_sigma


def test_an_estimate_knows_no_condition(told):
    """Of a beam that the condition names and of the other one, it knows as much."""
    rng, no = np.random.default_rng(3), 1.0
    beams = np.fft.ifft(np.eye(8), norm="ortho")[[1, 5]] * np.sqrt(8)
    for beam in beams:
        h = np.tile(beam, (500, 1)).astype(np.complex64)
        h_hat, _ = told.denoise(noisy(rng, h, no), no)
        assert np.mean(np.abs(h_hat - h) ** 2) < 0.5 * no


def test_a_prior_with_conditions_starts_where_they_say(channels):
    """Untrained, and started late: samples are those of the conditional mixture."""
    rng = np.random.default_rng(4)
    c = rng.choice([0.0, 1.0], size=(300, 1))
    h = np.where(c[:, :, None] > 0.5, channels, 0.3 * channels[:, :, ::-1])
    prior = GaussianMixture((2, 6), 4, num_conditions=1).fit(h, c, seed=1)
    keras.utils.set_random_seed(1)
    network = FourierDenoiser(width=8, depth=1)
    model = Diffusion((2, 6), network, prior, num_conditions=1, start_snr_db=10)
    model.conditioning.adapt(c)
    power = [np.mean(np.abs(model.sample(500, [k], seed=1)) ** 2) for k in (0.0, 1.0)]
    assert power[0] < 0.3 * power[1]


def test_conditions_are_checked(told, trained):
    h = draw_beams(np.random.default_rng(1), 40, 8)
    with pytest.raises(ValueError, match=r"condition must be \[40, 1\] .* got None"):
        told.fit(h, seed=1)
    with pytest.raises(ValueError, match="unconditional, condition must be None"):
        trained.sample(2, [1.0], seed=1)
    with pytest.raises(ValueError, match=r"unconditional, guidance must be 1, got 0"):
        trained.sample(2, seed=1, guidance=0)
    with pytest.raises(ValueError, match="guidance must be finite and at least 0"):
        told.sample(2, seed=1, guidance=float("nan"))


def test_posterior_from_half_the_entries_beats_lmmse(trained):
    """Sixteen entries from eight: a Gaussian knows nothing of those not seen."""
    rng, no = np.random.default_rng(10), 0.03
    h, A = draw_beams(rng, 100), np.eye(16)[rng.permutation(16)[:8]]
    y = noisy(rng, h @ A.T, no)
    posterior = trained.posterior(y, A, no, num_samples=8, seed=1)
    error = np.mean(np.abs(posterior.mean - h) ** 2)
    assert error < 0.5 * (0.5 + 0.5 * no / (1 + no))
    again = trained.posterior(y, A, no, num_samples=8, seed=1)
    np.testing.assert_array_equal(posterior.mean, again.mean)


def test_posterior_of_a_white_prior_is_nearly_exact():
    """No training: CN(0, I), of which chains give the exact posterior."""
    model = Diffusion((4,), FourierDenoiser(width=4, depth=1), num_steps=100)
    y, no = np.array([[1 + 1j, -0.5], [0.3, 2.0j]]), np.array([0.2, 0.5])
    posterior = model.posterior(y, np.eye(4)[[0, 2]], no, num_samples=300, seed=1)
    mean, variance = np.zeros((2, 4), complex), np.ones((2, 4))
    mean[:, [0, 2]] = y / (1 + no[:, None])
    variance[:, [0, 2]] = (no / (1 + no))[:, None]
    four_sigma = 4 / np.sqrt(300)
    np.testing.assert_allclose(posterior.mean, mean, atol=four_sigma)
    np.testing.assert_allclose(posterior.err_var, variance, rtol=four_sigma)


def test_jacobian_is_that_of_the_prior(channels, rng):
    """Before training h_hat = W y, so J^T u = W^H u in real and imaginary parts."""
    prior = GaussianMixture((2, 6), 1).fit(channels, seed=1)
    model = Diffusion((2, 6), FourierDenoiser(width=8, depth=1), prior)
    model.preconditioner.adapt(channels.reshape(-1, 12))
    x, u = (rng.normal(size=(3, 12, 2)) @ [1, 1j] for _ in range(2))
    h_hat, pulled = FlatDenoiser(model).pull(x, 0.3, lambda h_hat, v, rows: u[rows])
    h = channels.reshape(-1, 12).astype(np.complex128)
    R = h.T @ h.conj() / len(h)
    W = R @ np.linalg.inv(R + 0.3 * np.eye(12))
    np.testing.assert_allclose(h_hat, x @ W.T, atol=1e-4)
    np.testing.assert_allclose(pulled, u @ W.conj(), atol=1e-4)


def test_jacobian_against_differences(trained, rng):
    """Re<u, J d> = Re<J^T u, d> after training too."""
    x, u, d = (rng.normal(size=(2, 16, 2)) @ [1, 1j] for _ in range(3))
    _, pulled = FlatDenoiser(trained).pull(x, 0.3, lambda h_hat, v, rows: u[rows])
    step = 1e-2
    high, low = (trained._run(x + t * d, 0.3)[0] for t in (step, -step))
    slope = np.sum((u.conj() * (high - low) / (2 * step)).real)
    assert np.sum((pulled.conj() * d).real) == pytest.approx(slope, rel=0.02)


def test_calibration_is_linear_in_db_and_flat_beyond(diffusion):
    model = diffusion((4,))
    model.calibration.table.assign(np.arange(15.0))
    no = 10 ** (-np.array([-45, -30, -27.5, 0, 40, 60], np.float32) / 10)
    np.testing.assert_allclose(model.calibration(no), [0, 0, 0.5, 6, 14, 14], atol=1e-4)


def test_one_seed_is_one_model(diffusion, fitted_diffusion, channels):
    again = diffusion((2, 6)).fit(channels, seed=5, training=SHORT)
    pairs = zip(again.get_weights(), fitted_diffusion.get_weights(), strict=True)
    for left, right in pairs:
        np.testing.assert_array_equal(left, right)


def test_killed_and_started_again_is_never_killed(
    diffusion, channels, tmp_path, monkeypatch
):
    options = {
        "seed": 1,
        "training": TrainingConfig(num_epochs=3, batch_size=64),
        "symmetries": ("phase", "reversal"),
    }
    undisturbed = diffusion((2, 6)).fit(channels, **options)
    write = Keeper._write

    def die(self, path):
        write(self, path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "_write", die)
        with pytest.raises(KeyboardInterrupt):
            diffusion((2, 6)).fit(channels, folder=tmp_path, **options)
    # Other initial weights: all comes from the checkpoint.
    resumed = diffusion((2, 6), seed=77).fit(channels, folder=tmp_path, **options)
    pairs = zip(undisturbed.get_weights(), resumed.get_weights(), strict=True)
    for left, right in pairs:
        np.testing.assert_array_equal(left, right)
    for other in ({"seed": 2}, {"symmetries": ("phase",)}, {"training": SHORT}):
        with pytest.raises(ValueError, match="is the checkpoint of another model"):
            diffusion((2, 6)).fit(channels, folder=tmp_path, **{**options, **other})
    with pytest.raises(ValueError, match="is the checkpoint of another model"):
        diffusion((2, 6)).fit(channels[::-1], folder=tmp_path, **options)


def test_augmentation_keeps_the_distribution_of_a_line_of_antennas(rng):
    """Conjugated and reversed, a plane wave is the same wave up to its phase."""
    wave = np.exp(1j * np.arange(8))[None].repeat(50, axis=0).astype(np.complex64)
    for symmetries in ((), ("phase",), ("reversal",), ("phase", "reversal")):
        h = augment(rng, wave, symmetries)
        match = np.abs(np.sum(wave.conj() * h, axis=1)) / 8
        np.testing.assert_allclose(match, 1, atol=1e-5)
        assert np.allclose(h, wave) == (symmetries == ())


def test_training_noise_has_the_variance_it_tells(rng):
    h = np.zeros((20_000, 4), np.complex64)
    inputs, target = noisy_batch(rng, h)
    power = np.sum(inputs["y"] ** 2, axis=(1, 2)) / 4
    ratio = power / inputs["no"]
    assert abs(ratio.mean() - 1) < 4 * 0.5 / np.sqrt(20_000)
    snr_db = -10 * np.log10(inputs["no"])
    assert -30 <= snr_db.min() < -29
    assert 39 < snr_db.max() <= 40
    # Three quarters in -15..25 dB, and 40/70 of the rest.
    share = np.mean((snr_db > -15) & (snr_db < 25))
    expected = 0.75 + 0.25 * 40 / 70
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 20_000)
    np.testing.assert_array_equal(target, 0)


def test_arguments_are_checked(diffusion, channels):
    with pytest.raises(ValueError, match="num_steps must be at least 2, got 1"):
        Diffusion((4,), num_steps=1)
    for start in (-31, 20):
        with pytest.raises(ValueError, match=rf"start_snr_db .* got {start}"):
            Diffusion((4,), start_snr_db=start)
    with pytest.raises(ValueError, match=r"prior must have the event_shape \(4,\)"):
        Diffusion((4,), prior=GaussianMixture((5,), 1))
    model = diffusion((2, 6))
    with pytest.raises(ValueError, match=r"symmetries must be of .* got \['mirror'\]"):
        model.fit(channels, seed=1, symmetries=("phase", "mirror"))
    with pytest.raises(ValueError, match=r"validation must be \[n, 2, 6\]"):
        model.fit(channels, seed=1, validation=channels[:, 0])


def test_posterior_checks_its_arguments(trained):
    y = np.ones((2, 16), complex)
    for no, told in ((1e-5, "50.0 to 50.0"), (2000.0, "-33.0 to -33.0")):
        with pytest.raises(ValueError, match=f"SNR of -30 to 40 dB, got {told} dB"):
            trained.posterior(y, None, no)
    for no in (1e3, 1e-4, float(np.float32(1e-4))):
        trained.posterior(y, None, no)
    with pytest.raises(ValueError, match="num_samples must be at least 0, got -1"):
        trained.posterior(y[:, :3], np.eye(16)[:3], 0.1, num_samples=-1)
    with pytest.raises(ValueError, match="num_steps must be at least 1, got 0"):
        trained.posterior(y, None, 0.1, num_samples=1, num_steps=0)


def test_training_goes_on_from_a_loaded_model(fitted_diffusion, channels, tmp_path):
    fitted_diffusion.save(tmp_path / "m")
    model = load_model(tmp_path / "m")
    before = [np.array(v) for v in model.trainable_variables]
    model.fit(channels, seed=2, training=TrainingConfig(num_epochs=1))
    changed = [
        not np.array_equal(old, new)
        for old, new in zip(before, model.trainable_variables, strict=True)
    ]
    assert np.mean(changed) > 0.9
