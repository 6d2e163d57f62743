"""Points through a link: drive, limit, demapper around centroids, and gains."""

import numpy as np
import pytest
import tensorflow as tf

from commgen.frame.constellation import Constellation
from commgen.frame.information import gmi
from commgen.frame.llr import demap
from commgen.phy.neural.linked import (
    LINK_TRAINING,
    CentroidDemapper,
    DrivenLink,
    design_through,
    judge_through,
)

NO = 0.05


def limiter(x, *, seed):
    """A limiter of smooth knee, and noise."""
    n = tf.random.stateless_normal((2, *x.shape), seed, stddev=(NO / 2) ** 0.5)
    return curve(x, tf) + tf.complex(n[0], n[1])


def curve(x, maths=np):
    gain = (1 + maths.abs(x) ** 4) ** -0.25
    return x * (tf.cast(gain, x.dtype) if maths is tf else gain)


def exact(sent):
    arrived = curve(sent)
    power = np.mean(np.abs(arrived) ** 2)
    return float(gmi(Constellation.of(arrived), NO / power))


def test_no_point_leaves_the_range_and_small_ones_are_driven():
    link = DrivenLink(limiter, 1.5)
    link.set_drive(0.5)
    x = tf.constant(np.array([0.01, 1j, 100.0], np.complex64))
    sent = link.sent(x).numpy()
    # Half of the greatest amplitude, where the limit is far.
    assert sent[0] == pytest.approx(0.0075, rel=1e-3)
    assert np.abs(sent).max() <= 1.5
    with tf.GradientTape() as tape:
        tape.watch(x)
        power = tf.reduce_sum(tf.abs(link.sent(x)))
    assert np.abs(tape.gradient(power, x).numpy()).min() > 0
    with pytest.raises(ValueError, match="largest must be"):
        DrivenLink(limiter, 0.0)


def test_demapper_finds_where_points_arrive():
    """As the exact one of those points, up to what a mean of so many draws knows."""
    rng = np.random.default_rng(1)
    points = Constellation.of(rng.normal(size=(4, 2)) @ [1, 1j])
    noise = rng.normal(size=(4, 20_000, 2)) @ [1, 1j] * (NO / 2) ** 0.5
    y = (points.points[:, None] + noise).astype(np.complex64)
    llr = CentroidDemapper()(tf.constant(y), None).numpy().reshape(4, -1, 2)
    wanted = demap(y, np.full(y.shape, NO, np.float32), points)
    np.testing.assert_allclose(llr[:, :99], wanted[:, :99], rtol=0.05, atol=0.2)


def test_design_gains_on_qam_and_says_what_it_carries():
    """Beside exact quadrature of the points that arrive."""
    qam = Constellation.qam(4)
    best_qam = max(exact(d * qam.points) for d in np.linspace(0.6, 2.0, 15))
    training = LINK_TRAINING.model_copy(update={"num_steps": 60})
    found = design_through(limiter, qam, largest=2.0, seed=3, training=training)
    assert exact(found.sent) > best_qam + 0.02
    # Rate and interval are of LLRs around centroids; four deviations.
    half = 2 * (found.high - found.low)
    assert found.rate == pytest.approx(exact(found.sent), abs=half)
    again = judge_through(limiter, found.sent, seed=4)
    assert again.rate == pytest.approx(found.rate, abs=half)
    # The strongest bit came first already: nothing is changed.
    np.testing.assert_allclose(again.constellation.points, found.constellation.points)
