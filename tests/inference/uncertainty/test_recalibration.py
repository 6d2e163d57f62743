import numpy as np
import pytest
import tensorflow as tf

from commgen.generative import GaussianMixture, load_model
from commgen.inference.uncertainty import (
    CalibratedPrior,
    Recalibration,
    conformal_radius,
    coverage,
    recalibrate,
)

SNR_DB = (-5.0, 5.0, 15.0)


@pytest.fixture(scope="module")
def calibrated(mixture, draw):
    prior = CalibratedPrior(mixture, snr_db=SNR_DB, levels=(0.5, 0.9))
    return prior.calibrate(draw(1500, 5), seed=1)


def test_quantile_is_conformal():
    """The tenth of 9 + 1 places: of 9 scores, level 0.9 asks for the greatest."""
    assert conformal_radius(np.arange(1.0, 10.0), 0.9) == 9
    assert conformal_radius(np.arange(1.0, 20.0), 0.5) == 10
    rng = np.random.default_rng(2)
    held = [rng.exponential() <= conformal_radius(rng.exponential(size=19), 0.9)
            for _ in range(4000)]  # fmt: skip
    assert np.mean(held) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 4000))


def test_groups_count_alike_whatever_their_size():
    """990 channels of one day against 10 of another, whose scores are ten times as
    high: half of the distribution is the small group's."""
    score = np.r_[np.linspace(0, 1, 990), np.linspace(9, 10, 10)]
    groups = np.r_[np.zeros(990), np.ones(10)]
    assert conformal_radius(score, 0.9) < 1
    assert conformal_radius(score, 0.75, groups) == pytest.approx(9.5, abs=0.12)


def test_scale_and_radii_mend_a_wrong_promise(normal):
    """Of CN(0, v) errors promised as v / 4 the scale is 4 and the radius -ln 0.1."""
    rng = np.random.default_rng(4)
    h = normal(rng, (4000, 5))
    error = np.sqrt(0.3) * normal(rng, h.shape)
    promised = np.full(h.shape, 0.3 / 4)
    table = Recalibration.fit(h + error, promised, h, np.full(4000, 0.1))
    assert table.scale(0.1) == pytest.approx(4, rel=4 / 20000**0.5)
    assert table.radius(0.1, 0.9) == pytest.approx(-np.log(0.1), rel=0.04)
    assert table.snr_db.tolist() == pytest.approx([10.0])


def test_new_channels_are_covered_between_the_fitted_snr_too(calibrated, draw, normal):
    h = draw(4000, 6)
    for snr_db in (-5, 0, 8, 15):
        no = 10 ** (-snr_db / 10)
        y = h + np.sqrt(no) * normal(np.random.default_rng(snr_db + 90), h.shape)
        for level in (0.5, 0.9):
            entry = calibrated.region(y, no, level).contains(h).mean()
            ball = calibrated.region(y, no, level, "channel").contains(h).mean()
            assert entry == pytest.approx(level, abs=0.02)
            assert ball == pytest.approx(level, abs=0.045)


def test_a_prior_that_promises_too_little_is_mended(draw, normal):
    """One component fitted to a fifth of the power is sure of what is not so."""
    small = GaussianMixture((8,), 1).fit(0.45 * draw(1000, 1), seed=0)
    mended = CalibratedPrior(small, snr_db=SNR_DB, levels=(0.9,))
    mended.calibrate(draw(1500, 5), seed=1)
    h, no = draw(3000, 7), 10**-0.5
    y = (h + np.sqrt(no) * normal(np.random.default_rng(1), h.shape)).astype(
        np.complex64
    )
    before = coverage(h, *(x.numpy() for x in small.denoise(y, np.float32(no))), 0.9)
    assert before.high < 0.85
    assert mended.region(y, no, 0.9).contains(h).mean() == pytest.approx(0.9, abs=0.02)
    h_hat, err_var = mended.denoise(y, np.float32(no))
    error = np.mean(np.abs(h_hat.numpy() - h) ** 2)
    assert np.mean(err_var.numpy()) == pytest.approx(error, rel=0.05)


def test_table_of_tensorflow_is_that_of_numpy(calibrated):
    no = np.array([10, 3.2, 1, 0.3, 0.1, 1e-3], np.float32)
    expected = calibrated.recalibration.radius(no, 0.9, "channel")
    graph = tf.function(lambda n: calibrated.radius(n, 0.9, "channel"), autograph=False)
    assert graph(tf.constant(no)).numpy() == pytest.approx(expected, rel=1e-4)


def test_posterior_is_recalibrated_where_denoise_is(calibrated, draw):
    y, no = draw(20, 9), 0.3
    h_hat, err_var = (x.numpy() for x in calibrated.denoise(y, np.float32(no)))
    for A, scale in ((None, 1.0), (2j * np.eye(8), 2j)):
        found = calibrated.posterior(scale * y, A, no * abs(scale) ** 2)
        assert found.mean == pytest.approx(h_hat, abs=1e-4)
        assert found.err_var == pytest.approx(err_var, rel=1e-3)
    half = np.eye(8)[:4]
    found = calibrated.posterior(y[:, :4], half, no)
    plain = calibrated.prior.posterior(y[:, :4], half, no)
    assert np.array_equal(found.err_var, plain.err_var)


def test_saved_and_loaded(calibrated, draw, tmp_path):
    calibrated.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    y = draw(10, 3)
    for a, b in zip(
        calibrated.denoise(y, np.float32(0.2)), again.denoise(y, np.float32(0.2)),
        strict=True,
    ):  # fmt: skip
        assert np.array_equal(a.numpy(), b.numpy())
    assert np.array_equal(
        calibrated.sample(3, seed=1), again.sample(3, seed=1)
    )  # the prior's own
    table = calibrated.recalibration
    table.save(tmp_path / "table.npz")
    found = Recalibration.load(tmp_path / "table.npz")
    assert np.array_equal(found.log_radius_entry, table.log_radius_entry)
    again.recalibration = found


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError):
        Recalibration.load(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is not a recalibration"):
        Recalibration.load(tmp_path / "bad.npz")


def test_fit_errors():
    h, v, no = np.ones((300, 2), complex), np.ones((300, 2)), np.ones(300)
    fit = Recalibration.fit
    with pytest.raises(ValueError, match=r"no must be finite and above 0, got 0"):
        fit(h, v, 0 * h, 0 * no)
    with pytest.raises(ValueError, match="levels must be ascending probabilities"):
        fit(h, v, 0 * h, no, levels=(0.9, 0.5))
    with pytest.raises(ValueError, match="show an error at each SNR, got measured 0"):
        fit(h, v, h, no)
    with pytest.raises(ValueError, match=r"level must be at most 50/51 for 50 scores"):
        fit(h[:50], v[:50], 0 * h[:50], no[:50])
    with pytest.raises(ValueError, match=r"groups must be \[9\], got \(2,\)"):
        conformal_radius(np.arange(9.0), 0.5, [1, 2])


def test_prior_errors(calibrated, mixture, draw):
    with pytest.raises(ValueError, match=r"level must be one that was fitted, \[0.5"):
        calibrated.region(draw(2, 0), 0.1, 0.8)
    with pytest.raises(ValueError, match="kind must be of"):
        calibrated.region(draw(2, 0), 0.1, 0.9, "both")
    with pytest.raises(ValueError, match="noise_cov must be finite and above 0"):
        calibrated.region(draw(2, 0), 0.0, 0.9)
    with pytest.raises(ValueError, match="no must be finite and above 0, got 0"):
        calibrated.recalibration.scale(0.0)
    with pytest.raises(ValueError, match="recalibration must be of the SNRs"):
        calibrated.recalibration = recalibrate(
            mixture, draw(200, 1), seed=0, snr_db=[0.0]
        )
    with pytest.raises(TypeError, match=r"prior must be a commgen\.generative\.Prior"):
        CalibratedPrior("gmm")
    with pytest.raises(ValueError, match="prior must be fitted before"):
        calibrated.fit(draw(30, 0), seed=0)
