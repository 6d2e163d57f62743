"""Learning with what is believed of channels that were seen in part."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture
from commgen.phy.beams import BeliefPool, LearnedPrecoder, PrecoderTraining, sum_rate
from commgen.phy.beams.unfolded import UnfoldedPrecoder

NO = 0.05


@pytest.fixture(scope="module")
def prior():
    rng = np.random.default_rng(0)
    angles = rng.choice([-0.7, 0.1, 0.6], (300, 1)) + 0.05 * rng.normal(size=(300, 1))
    h = np.exp(1j * np.pi * angles * np.arange(6) + 2j * np.pi * rng.random((300, 1)))
    return GaussianMixture((6,), 3).fit(h.astype(np.complex64), seed=1)


def pool(prior, n=40, **settings):
    h = prior.sample(n, seed=2)
    steps = []
    found = BeliefPool.of(
        prior,
        h,
        num_seen=(1, 2),
        seed=3,
        num_samples=8,
        advance=steps.append,
        **settings,
    )
    assert sum(steps) == n
    return found


def test_drops_are_users_of_the_pool(prior):
    found = pool(prior, num_users=3, batch_size=5, snr_range_db=(10, 10))
    sizes = set()
    for seed in range(12):
        belief, no = found(np.random.default_rng(seed))
        b, users = belief.mean.shape[:2]
        sizes.add(users)
        assert b == 5
        np.testing.assert_allclose(no, 0.1)
        for d, u in np.ndindex(b, users):
            row = np.abs(found.mean - belief.mean[d, u, 0]).sum(axis=1).argmin()
            np.testing.assert_array_equal(belief.err_cov[d, u], found.err_cov[row])
            np.testing.assert_array_equal(
                belief.samples[:, d, u, 0], found.samples[row]
            )
    assert sizes == {1, 2, 3}


def test_it_learns_to_send_more_over_the_draws(prior):
    found = pool(prior, num_users=2, batch_size=32)
    fresh = LearnedPrecoder(UnfoldedPrecoder(num_rounds=1, width=8, num_states=2))
    belief, _ = pool(prior, 80, num_users=2, batch_size=200)(np.random.default_rng(9))
    before = sum_rate(belief.samples, fresh(belief, NO)[None], NO).numpy().mean(axis=0)
    fresh.fit(found, seed=1, training=PrecoderTraining(40, 8e-3))
    after = sum_rate(belief.samples, fresh(belief, NO)[None], NO).numpy().mean(axis=0)
    gain = after - before
    assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(len(gain))


@pytest.mark.parametrize("num_seen", [(0, 2), (3, 2), (1, 7)])
def test_bad_numbers_are_named(prior, num_seen):
    with pytest.raises(ValueError, match="num_seen must be"):
        BeliefPool.of(prior, prior.sample(2, seed=1), num_seen=num_seen, seed=1)
