import numpy as np
import pytest

from commgen.inference.uncertainty import NoveltyDetector


@pytest.fixture(scope="module")
def detector(mixture, draw):
    return NoveltyDetector(mixture).fit(draw(1000, 11), seed=2)


def observe(normal, h, snr_db):
    no = 10 ** (-snr_db / 10)
    return h + np.sqrt(no) * normal(np.random.default_rng(snr_db), h.shape), no


@pytest.mark.parametrize("snr_db", [0, 5, 10, 16, 20])
@pytest.mark.parametrize("block", [1, 4, 16])
def test_false_alarms_are_as_many_as_asked(detector, draw, normal, snr_db, block):
    y, no = observe(normal, draw(6400, 12), snr_db)
    rate = detector.flags(y, no, block=block).mean()
    num = 6400 // block
    # The ranks are among 1,000 channels.
    four = 4 * np.sqrt(0.05 * 0.95 * (1 / num + 1 / 1000))
    assert rate == pytest.approx(0.05, abs=four + 0.01)


@pytest.mark.parametrize("snr_db", [10, 20])
def test_another_place_is_found(detector, draw, normal, snr_db):
    y, no = observe(normal, draw(1600, 13, elsewhere=True), snr_db)
    assert detector.flags(y, no).mean() > 0.3
    assert detector.flags(y, no, block=16).mean() > 0.99


def test_a_wrong_scale_is_found(detector, draw, normal):
    y, no = observe(normal, draw(320, 14), 10)
    assert detector.flags(0.1 * y, no, block=16).all()
    assert detector.flags(3 * y, no, block=16).all()


def test_single_p_values_are_conformal_ranks(detector, draw, normal):
    y, no = observe(normal, draw(2000, 15), 10)
    p = detector.p_values(y, no)
    assert p.min() >= 1 / 1001
    assert p.max() <= 1
    assert p.mean() == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 * (1 / 2000 + 1e-3)))


def test_saved_and_loaded(detector, mixture, draw, tmp_path):
    detector.save(tmp_path / "novelty.npz")
    again = NoveltyDetector(mixture).load(tmp_path / "novelty.npz")
    y = draw(50, 1)
    assert np.array_equal(detector.p_values(y, 0.1), again.p_values(y, 0.1))


def test_errors(detector, mixture, draw, tmp_path):
    fresh, y = NoveltyDetector(mixture), draw(30, 0)
    with pytest.raises(ValueError, match="detector must be fitted before it is asked"):
        fresh.p_values(y, 0.1)
    with pytest.raises(ValueError, match="detector must be fitted before it is saved"):
        fresh.save(tmp_path / "x.npz")
    with pytest.raises(ValueError, match="h must hold at least 20 channels, got 3"):
        fresh.fit(y[:3], seed=0)
    with pytest.raises(ValueError, match=r"h must be \[n, 8\], got \(30, 7\)"):
        fresh.fit(y[:, :7], seed=0)
    with pytest.raises(ValueError, match=r"y must be \[n, 8\], got \(30, 7\)"):
        detector.p_values(y[:, :7], 0.1)
    with pytest.raises(ValueError, match="y must hold a block of 40 channels, got 30"):
        detector.p_values(y, 0.1, block=40)
    with pytest.raises(ValueError, match="no must be finite and above 0, got 0"):
        detector.p_values(y, 0.0)
    with pytest.raises(ValueError, match=r"false_alarm must be in \(0, 1\), got 1"):
        detector.flags(y, 0.1, false_alarm=1)
    with pytest.raises(TypeError, match="density must be a GaussianMixture or None"):
        NoveltyDetector(mixture, "mixture")
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is not a detector"):
        fresh.load(tmp_path / "bad.npz")
    with pytest.raises(FileNotFoundError):
        fresh.load(tmp_path / "none.npz")
    np.savez(tmp_path / "seven.npz", h=np.zeros((30, 7)), seed=1)
    with pytest.raises(ValueError, match=r"h must be \[n, 8\], got \(30, 7\)"):
        fresh.load(tmp_path / "seven.npz")


def test_what_it_knows_of_many_snrs_does_not_pile_up(mixture, draw):
    detector = NoveltyDetector(mixture).fit(draw(20, 1), seed=0)
    for no in np.linspace(0.1, 1, 70):
        detector.p_values(draw(1, 0), no)
    assert len(detector._tables) == 64
