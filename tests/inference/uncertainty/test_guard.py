import numpy as np
import pytest
import tensorflow as tf

from commgen.generative import GaussianMixture, Prior, load_model
from commgen.generative._untyped import keras
from commgen.inference.uncertainty import SOURCES, GuardedPrior
from commgen.inference.uncertainty.stein import Blocks, divergence, mix_with_ls

SNR_DB = (-10, 0, 10, 20, 30)


@keras.saving.register_keras_serializable("commgen-tests")
class Projection(Prior):
    """Keeps the first entry and promises that the others are zero."""

    def denoise(self, y, no):
        kept = np.arange(self.event_shape[0]) == 0
        no = tf.broadcast_to(tf.cast(no, tf.float32), tf.shape(y)[:1])
        return y * kept.astype(np.complex64), no[:, None] * kept.astype(np.float32)

    def posterior(self, y, A=None, noise_cov=1.0, **options):
        raise NotImplementedError

    def sample(self, n, condition=None, *, seed):
        raise NotImplementedError


def observe(normal, h, snr_db, seed=0):
    no = np.float32(10 ** (-snr_db / 10))
    return h + np.sqrt(no) * normal(np.random.default_rng(seed), h.shape), no


def error(h_hat, h):
    return np.sum(np.abs(h_hat - h) ** 2, axis=1)


def test_probe_finds_the_trace(mixture, draw, normal):
    """Of a mixture the trace is known: posterior variance over noise variance."""

    class Plain:
        event_shape, denoise = mixture.event_shape, staticmethod(mixture.denoise)

    y, no = observe(normal, draw(4000, 1), 5)
    level = tf.fill((4000,), no)
    h_hat, err_var = mixture.denoise(y, no)
    exact = divergence(mixture, y, level, h_hat, err_var, 0).numpy()
    probed = divergence(Plain, y, level, h_hat, err_var, 0).numpy()
    four = 4 * np.std(probed - exact) / np.sqrt(4000)
    assert probed.mean() == pytest.approx(exact.mean(), abs=four)
    assert np.std(probed - exact) < 2


@pytest.mark.parametrize("block", [1, 50])
def test_risk_is_unbiased(mixture, draw, normal, block):
    """Where the prior is wrong too, Stein's mean is the measured error's."""
    h = draw(4000, 1, elsewhere=True)
    y, no = observe(normal, h, 5)
    h_hat, err_var = mixture.denoise(y, no)
    level = tf.fill((4000,), no)
    div = divergence(mixture, y, level, h_hat, err_var, 0)
    blocks = Blocks(tf.range(4000) // block, 4000 // block)
    # With c = 1, which a ratio below 1 gives: the plain estimate's risk.
    mix = mix_with_ls(y, level, h_hat, err_var, div, blocks, tf.fill((4000,), True))
    R, m = error(h_hat.numpy(), y), 8 - div.numpy()
    risk = R - 2 * no * m + 8 * no
    truth = error(h_hat.numpy(), h)
    four = 4 * np.std(risk - truth) / np.sqrt(4000)
    assert risk.mean() == pytest.approx(truth.mean(), abs=four)
    c = mix.share.numpy().astype(float)
    expected = c**2 * R.reshape(-1, block).sum(1)
    expected += -2 * c * no * m.reshape(-1, block).sum(1) + 8 * no * block
    assert mix.risk.numpy() == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_shrinking_to_zero_is_the_james_stein_estimator(normal):
    """Of a projection on nothing: 1 - c with c = 1.5 N no / |y|^2, which dominates."""
    h = 3 * normal(np.random.default_rng(3), (4000, 8))
    y, no = observe(normal, h, 0)
    blocks = Blocks(tf.range(4000), 4000)
    zero, level = tf.zeros((4000, 8), tf.complex64), tf.fill((4000,), no)
    mix = mix_with_ls(
        y, level, zero, tf.ones((4000, 8)), tf.zeros(4000), blocks,
        tf.fill((4000,), True),
    )  # fmt: skip
    c = np.minimum(1, 1.5 * 8 * no / np.sum(np.abs(y) ** 2, axis=1))
    assert mix.h_hat.numpy() == pytest.approx((1 - c[:, None]) * y, abs=1e-4)
    assert error(mix.h_hat.numpy(), h).mean() < error(y, h).mean()


@pytest.mark.parametrize("snr_db", SNR_DB)
@pytest.mark.parametrize("block", [1, 16, None])
def test_never_worse_than_ls_where_the_prior_ruins_everything(normal, snr_db, block):
    """Rayleigh channels under a prior that takes all entries but one for zero."""
    h = normal(np.random.default_rng(7), (3000, 8))
    y, no = observe(normal, h, snr_db)
    guard = GuardedPrior(Projection((8,)), block=block)
    decision = guard.decide(y, no)
    ls, own = error(y, h), error(decision.h_hat.numpy(), h)
    assert own.mean() < ls.mean() + 2 * np.std(own - ls) / np.sqrt(3000)
    if snr_db >= 10:
        # With less, a channel alone cannot tell such an error from noise.
        promised = decision.err_var.numpy().sum(axis=1)
        assert promised.mean() == pytest.approx(own.mean(), rel=0.1)
        assert decision.flagged.numpy().mean() > 0.97
        plain = np.asarray(Projection((8,)).denoise(y, no)[0])
        assert error(plain, h).mean() > ls.mean()


def most_lost_db(size):
    """What the guard promises at most for a block of so many entries in all."""
    return 10 * np.log10(1 + 1.3 / size)


@pytest.fixture(scope="module")
def steering(normal):
    """Return mixtures of four directions of a line, by the number of antennas."""

    def make(size):
        rng = np.random.default_rng(1)
        sines = np.linspace(-0.75, 0.75, 4)[rng.integers(4, size=600)]
        h = np.exp(1j * np.pi * sines[:, None] * np.arange(size))
        h = h * normal(rng, (600, 1)) + 0.05 * normal(rng, h.shape)
        model = GaussianMixture((size,), 4)
        return model.fit(h, seed=0, strength=1.0, max_iterations=10)

    return make


@pytest.mark.parametrize(
    ("size", "block"),
    [(2, 1), (4, 1), (8, 1), (16, 1), (64, 1), (8, 4)],
)
def test_adversarial_channels_cost_what_is_promised(steering, normal, size, block):
    """Sparse channels under a mixture of steering vectors, and what a climb finds."""
    num, rng = 1200, np.random.default_rng(2)
    guard = GuardedPrior(steering(size), block=block)
    denoise = tf.function(guard.denoise, autograph=False)
    noise = normal(rng, (num, size))

    def lost(h, no):
        """Paired loss in units of the block's noise, and its standard error."""
        h = np.tile(h, (num // block, 1)).astype(np.complex64)
        y = h + np.sqrt(no) * noise
        gap = error(denoise(y, no)[0].numpy(), h) - error(y, h)
        gap = gap.reshape(-1, block).sum(axis=1) / (no * size * block)
        return gap.mean(), gap.std() / np.sqrt(len(gap))

    worst = -1.0
    for snr_db in (10, 20):
        no = np.float32(10 ** (-snr_db / 10))
        starts = [0.3 * np.sqrt(size) * np.eye(block, size), np.eye(block, size)]
        starts += [normal(rng, (block, size)) for _ in range(2)]
        h = max(starts, key=lambda h: lost(h, no)[0])
        for _ in range(6):
            near = [h, *(h + np.sqrt(no) * normal(rng, h.shape) for _ in range(2))]
            h = max(near, key=lambda h: lost(h, no)[0])
        mean, deviation = lost(h, no)
        worst = max(worst, mean - 2 * deviation)
    worst_db = 10 * np.log10(1 + worst)
    assert worst_db < most_lost_db(size * block)
    assert worst_db < 0.2 or size * block < 32
    assert worst_db > 0.1 or size * block > 8  # the climb finds something


@pytest.mark.parametrize("snr_db", SNR_DB)
def test_next_to_nothing_is_lost_where_the_prior_is_right(
    mixture, draw, normal, snr_db
):
    h = draw(4000, 2)
    y, no = observe(normal, h, snr_db)
    own = error(GuardedPrior(mixture, block=16).denoise(y, no)[0].numpy(), h).mean()
    plain = error(mixture.denoise(y, no)[0].numpy(), h).mean()
    assert 10 * np.log10(own / plain) < 0.05


@pytest.mark.parametrize("snr_db", SNR_DB)
def test_elsewhere_the_block_tells_its_error(mixture, draw, normal, snr_db):
    h = draw(3200, 2, elsewhere=True)
    y, no = observe(normal, h, snr_db)
    h_hat, err_var = GuardedPrior(mixture, block=64).denoise(y, no)
    own, promised = error(h_hat.numpy(), h).mean(), err_var.numpy().sum(axis=1).mean()
    assert promised == pytest.approx(own, rel=0.2)
    assert own < error(y, h).mean()


def test_fallback_takes_over_where_it_is_better(mixture, draw, normal):
    """Learned from observations of the new place, it beats mixing with LS."""
    h = draw(3000, 4, elsewhere=True)
    y, no = observe(normal, h, 10)
    alone = GuardedPrior(mixture, block=50)
    both = alone.adapted(y[:1000], no, strength=1.0)
    decision = both.decide(y[1000:], no)
    own = error(decision.h_hat.numpy(), h[1000:]).mean()
    assert own < 0.9 * error(alone.denoise(y[1000:], no)[0].numpy(), h[1000:]).mean()
    assert (decision.source.numpy() == SOURCES.index("fallback")).mean() > 0.9
    assert decision.flagged.numpy().mean() > 0.9
    here, no = observe(normal, draw(2000, 5), 10)
    assert (both.decide(here, no).source.numpy() == 0).mean() > 0.9


def test_flagged_least_squares_where_the_prior_has_no_business(mixture, draw):
    y, guard = draw(4, 1), GuardedPrior(mixture)
    no = np.array([0.0, 1e-6, 1e3, 0.1], np.float32)
    decision = guard.decide(y, no)
    assert decision.source.numpy().tolist() == [2, 2, 2, 0]
    assert decision.flagged.numpy()[:3].all()
    assert np.array_equal(decision.h_hat.numpy()[:3], y[:3])
    assert decision.err_var.numpy()[:, 0][:3] == pytest.approx(no[:3])
    assert np.isnan(decision.ratio.numpy()[:3]).all()
    for scale in (1e-6, 1e6):  # never normalised
        noise = np.float32(0.1 * scale**2)
        decision = guard.decide(np.complex64(scale) * y, noise)
        assert decision.flagged.numpy().all()
        assert np.array_equal(decision.h_hat.numpy(), np.complex64(scale) * y)


def test_estimates_that_are_not_finite_are_replaced(draw):
    class Broken(Projection):
        def denoise(self, y, no):
            h_hat, err_var = super().denoise(y, no)
            return h_hat * np.complex64(np.nan), err_var

    y = draw(3, 1)
    decision = GuardedPrior(Broken((8,))).decide(y, np.float32(0.1))
    assert np.array_equal(decision.h_hat.numpy(), y)
    assert decision.flagged.numpy().all()


def test_graph_and_eager_agree_and_repeat(draw):
    guard = GuardedPrior(Projection((8,)), block=3)
    y, no = draw(10, 1), np.float32(0.5)
    eager = guard.denoise(y, no)
    graph = tf.function(guard.denoise, autograph=False)(tf.constant(y), tf.constant(no))
    for a, b, c in zip(eager, graph, guard.denoise(y, no), strict=True):
        assert a.numpy() == pytest.approx(b.numpy(), rel=1e-4, abs=1e-5)
        assert np.array_equal(a.numpy(), c.numpy())


def test_saved_and_loaded(mixture, draw, tmp_path):
    fallback = GaussianMixture((8,), 1).fit(draw(100, 3), seed=0)
    guard = GuardedPrior(mixture, fallback, block=4, seed=3)
    guard.save(tmp_path / "guard")
    again = load_model(tmp_path / "guard")
    y = draw(9, 1, elsewhere=True)
    for a, b in zip(
        guard.decide(y, np.float32(0.1)), again.decide(y, np.float32(0.1)), strict=True
    ):
        assert np.array_equal(a.numpy(), b.numpy())
    assert again.get_config()["block"] == 4


def test_posterior_of_direct_observations(mixture, draw):
    guard, y = GuardedPrior(mixture), draw(5, 1)
    h_hat, _ = guard.denoise(y, np.float32(0.1))
    found = guard.posterior(2 * y, 2 * np.eye(8), 0.4 * np.eye(8))
    assert found.mean == pytest.approx(h_hat.numpy(), abs=1e-4)
    assert guard.sample(2, seed=0).shape == (2, 8)


def test_errors(mixture, draw):
    guard, y = GuardedPrior(mixture), draw(5, 1)
    with pytest.raises(ValueError, match=r"y must be \[batch, 8\], the event of the"):
        guard.denoise(np.ones((2, 7), np.complex64), 0.1)
    with pytest.raises(ValueError, match=r"no must be finite and at least 0, got -1"):
        guard.denoise(y, np.float32(-1))
    with pytest.raises(ValueError, match="A and noise_cov must observe all entries"):
        guard.posterior(y[:, :4], np.eye(8)[:4], 0.1)
    with pytest.raises(ValueError, match="A and noise_cov must observe all entries"):
        guard.posterior(y, None, np.diag(np.arange(1.0, 9.0)))
    with pytest.raises(ValueError, match="num_samples must be 0 for a guarded prior"):
        guard.posterior(y, None, 0.1, num_samples=3)
    with pytest.raises(ValueError, match="prior must be fitted before it is guarded"):
        guard.fit(y, seed=0)
    with pytest.raises(TypeError, match=r"prior must be a commgen\.generative\.Prior"):
        GuardedPrior(None)
    with pytest.raises(
        TypeError, match=r"fallback must be a commgen\.generative\.Prior"
    ):
        GuardedPrior(mixture, "ls")
    with pytest.raises(ValueError, match=r"fallback must have the event_shape \(8,\)"):
        GuardedPrior(mixture, GaussianMixture((7,), 1))
    with pytest.raises(ValueError, match="block must be at least 1, got 0"):
        GuardedPrior(mixture, block=0)
    with pytest.raises(ValueError, match="snr_range_db must ascend, got 5 to 5"):
        GuardedPrior(mixture, snr_range_db=(5, 5))
