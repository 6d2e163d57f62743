"""Learned mapper and demappers beside Sionna's, and beside the search for points."""

import numpy as np
import pytest
import sionna.phy.mapping as sn
import tensorflow as tf

from commgen.design.goal import ConstellationGoal
from commgen.design.search import design_constellation, snr_db_needed
from commgen.frame.constellation import Constellation
from commgen.frame.information import gmi
from commgen.phy.neural.demapper import ExactDemapper, LearnedDemapper
from commgen.phy.neural.learning import PointTraining, learn_points
from commgen.phy.neural.mapper import LearnedMapper

GOAL = ConstellationGoal(num_bits_per_symbol=4, rate=3.0)


@pytest.fixture(scope="module")
def searched():
    return design_constellation(GOAL, num_starts=2)[0]


def white_noise(no):
    def channel(x, *, seed):
        n = tf.random.stateless_normal((2, *x.shape), seed, stddev=(no / 2) ** 0.5)
        return x + tf.complex(n[0], n[1])

    return channel


@pytest.mark.parametrize("bits", [1, 4])
def test_maps_and_demaps_as_sionna_does(bits):
    rng = np.random.default_rng(1)
    mapper = LearnedMapper(bits, seed=2)
    points = mapper.points().numpy()
    assert np.mean(np.abs(points) ** 2) == pytest.approx(1, rel=1e-6)
    theirs = sn.Constellation("custom", bits, points=points)
    sent = rng.integers(2, size=(3, 5 * bits)).astype(np.float32)
    x = mapper(sent)
    np.testing.assert_allclose(x, sn.Mapper(constellation=theirs)(sent), atol=1e-6)
    y = x + tf.cast(rng.normal(size=x.shape), tf.complex64)
    prior = rng.normal(size=(3, 5, bits)).astype(np.float32)
    demap = sn.Demapper("app", constellation=theirs)
    no = np.float32(0.3)
    for known in (None, prior):
        found = ExactDemapper(mapper)(y, no, known)
        np.testing.assert_allclose(found, demap(y, no, known), rtol=1e-3, atol=1e-3)


def test_points_reach_what_a_search_finds(searched):
    """Within 0.05 dB, from random points, by either demapper."""
    no = 10 ** (-searched.snr_db / 10)
    for kind, steps in ((ExactDemapper, 300), (LearnedDemapper, 600)):
        mapper = LearnedMapper(4, seed=0)
        demapper = kind(mapper if kind is ExactDemapper else 4)
        training = PointTraining(num_steps=steps)
        told = learn_points(
            mapper, demapper, white_noise(no), no=no, seed=0, training=training
        )
        found = mapper.constellation({"made": "here"})
        assert snr_db_needed(found, GOAL) < searched.snr_db + 0.05
        # A demapper tells no more than there is, up to four deviations of the draws.
        assert -0.06 < told - gmi(found, no) < 0.03


def test_a_start_is_kept_and_the_file_is_that_of_the_points():
    qam = Constellation.qam(4)
    found = LearnedMapper(4, start=qam).constellation({"goal": 1})
    np.testing.assert_allclose(found.points, qam.points, atol=1e-6)
    assert found.card == {"goal": 1}


def test_a_network_takes_a_prior_of_its_own_bit():
    demapper = LearnedDemapper(2, width=4, depth=1)
    y, prior = np.ones((1, 3), np.complex64), np.array([4.0, -1.0], np.float32)
    plain = demapper(y, 0.1)
    np.testing.assert_allclose(
        demapper(y, 0.1, prior) - plain, np.tile(prior, 3)[None], rtol=1e-5
    )


def test_what_is_wrong_is_said():
    mapper = LearnedMapper(4)
    with pytest.raises(ValueError, match="multiple of num_bits_per_symbol 4, got"):
        mapper(np.zeros((2, 6), np.float32))
    with pytest.raises(ValueError, match="start must have 16 equally likely points"):
        LearnedMapper(4, start=Constellation.qam(2))
    with pytest.raises(ValueError, match="num_bits_per_symbol must be"):
        LearnedMapper(0)
    with pytest.raises(ValueError, match="no must be"):
        learn_points(mapper, ExactDemapper(mapper), white_noise(1), no=0.0, seed=1)
    with pytest.raises(FloatingPointError, match="no longer finite"):
        learn_points(
            mapper,
            ExactDemapper(mapper),
            lambda x, seed: x * np.nan,
            no=0.1,
            seed=1,
            training=PointTraining(num_steps=2, draws=1),
        )
