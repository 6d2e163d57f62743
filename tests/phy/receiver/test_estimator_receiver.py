"""A receiver beside its estimator: what it refuses, says, and passes on."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import tensorflow as tf

from commgen.phy import Link, LSEstimator, PerfectCSI, build_resource_grid, parse_config
from commgen.phy.receiver import EstimatorReceiver, as_receiver, gives_llr
from commgen.phy.simulation.build_link import build_link
from commgen.phy.simulation.timed import TimedEstimator


def estimate(y, no):
    return y + 1, tf.fill([1] * 7, no)


class Whole:
    """A receiver that gives LLRs, all for the same bits."""

    def __init__(self, num_bits):
        self._num_bits = num_bits

    def receive(self, y, no):
        h_hat = tf.zeros([len(y), 1, 2, 1, 1, 14, 12], tf.complex64)
        llr = tf.ones([len(y), 1, 1, self._num_bits])
        return h_hat, tf.fill([1] * 7, no), llr


@pytest.fixture
def link(base) -> Link:
    return build_link(parse_config(base), jit_compile=False)


@pytest.fixture
def grid(base):
    return build_resource_grid(parse_config(base).link)


def test_it_estimates_as_its_estimator_does():
    receiver = EstimatorReceiver(estimate)
    h_hat, err_var = receiver(tf.constant(2.0), 0.5)
    assert float(h_hat) == 3
    assert err_var.shape == (1,) * 7
    assert (receiver.use_err_var, receiver.iterations, receiver.refine) == (
        True,
        0,
        None,
    )


def test_options_refuse_what_they_cannot_do():
    with pytest.raises(ValueError, match=r"iterations must be at least 0, got -1\."):
        EstimatorReceiver(estimate, iterations=-1)
    with pytest.raises(ValueError, match=r"refine must be given for 2 iterations"):
        EstimatorReceiver(estimate, iterations=2)
    with pytest.raises(FrozenInstanceError):
        EstimatorReceiver(estimate).iterations = 2


@pytest.mark.parametrize("block", [None, Whole(1), EstimatorReceiver(estimate)])
def test_what_is_no_estimator_is_refused(block):
    with pytest.raises(TypeError, match=r"estimator must be a function \(y, no\) ->"):
        EstimatorReceiver(block)


def test_the_error_variance_is_told_or_not():
    err_var = tf.random.stateless_uniform([3, 1, 2, 1, 1, 14, 12], [1, 2])
    assert EstimatorReceiver(estimate).told(err_var) is err_var
    silent = EstimatorReceiver(estimate, use_err_var=False).told(err_var)
    assert silent.dtype == err_var.dtype
    np.testing.assert_array_equal(silent, np.zeros([1] * 7, np.float32))


def test_a_genie_is_one_with_any_options(grid):
    assert EstimatorReceiver(PerfectCSI(grid)).is_genie
    assert EstimatorReceiver(PerfectCSI(grid), use_err_var=False).is_genie
    assert not EstimatorReceiver(LSEstimator(grid)).is_genie
    assert not EstimatorReceiver(estimate).is_genie
    for kind in (PerfectCSI, LSEstimator):
        timed = TimedEstimator(kind(grid)).receiver
        assert timed.is_genie == (kind is PerfectCSI)


def test_a_bare_estimator_is_plain():
    receiver = as_receiver(estimate)
    assert receiver == EstimatorReceiver(estimate)
    assert as_receiver(receiver) is receiver
    assert not gives_llr(receiver)
    whole = Whole(1)
    assert as_receiver(whole) is whole
    assert gives_llr(whole)
    assert gives_llr(TimedEstimator(whole).receiver)
    with pytest.raises(TypeError, match=r"estimator must be a function .* got <class"):
        as_receiver(object())


def test_a_link_takes_all_of_them(link):
    """Bare and wrapped estimators count alike; LLRs skip equaliser and demapper."""
    ls, genie = LSEstimator(link.resource_grid), PerfectCSI(link.resource_grid)
    num_bits = int(link.resource_grid.num_data_symbols) * 2
    estimators = {
        "bare": ls,
        "plain": EstimatorReceiver(ls),
        "bare genie": genie,
        "genie": EstimatorReceiver(genie),
        "whole": Whole(num_bits),
    }
    pending = np.ones((5, 1), bool)
    found = link.run_batch(0, 16, np.array([2.0]), estimators, pending)
    bare, plain, bare_genie, genie, whole = (counts for _, _, counts in found)
    for one, other in ((bare, plain), (bare_genie, genie)):
        np.testing.assert_array_equal(one.bit_errors, other.bit_errors)
        np.testing.assert_array_equal(one.error_power, other.error_power)
    assert bare.error_power.sum() > genie.error_power.sum() == 0
    np.testing.assert_array_equal(whole.error_power, whole.channel_power)
    assert whole.block_errors.all()


def test_no_estimator_is_written_to(link):
    block = LSEstimator(link.resource_grid)
    before = set(vars(block))
    TimedEstimator(EstimatorReceiver(block, use_err_var=False))
    as_receiver(block)
    assert set(vars(block)) == before
