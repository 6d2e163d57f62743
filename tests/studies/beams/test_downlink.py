"""The study of goodput: its shares, its outer loop, and that it goes on."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.phy.beams import RZF, WMMSE, Belief
from commgen.phy.downlink import DownlinkLink, decoding_thresholds
from commgen.studies.beams.downlink import _rows
from commgen.studies.beams.goodput import Known, judge

NO = 0.05


@pytest.fixture(scope="module")
def link():
    return DownlinkLink(48, num_decoder_iterations=5)


@pytest.fixture(scope="module")
def thresholds_db(link):
    return decoding_thresholds(link.codec, seed=1, num_blocks=20)


def drops(link, seed, num):
    rng = np.random.default_rng(seed)
    mean = complex_normal(rng, (num, 3, 1, 6))
    h, *rest = mean + np.float32(0.3) * complex_normal(rng, (33, *mean.shape))
    belief = Belief.of(mean, None, np.stack(rest[:16]))
    return Known(h, belief, np.stack(rest[16:]), link.draws(rng, num, 3, 1))


def test_outer_loop_reaches_its_error_rate_on_other_drops(link, thresholds_db):
    others, test = drops(link, 1, 100), drops(link, 2, 100)
    mean, known = RZF(), WMMSE(num_steps=5)
    weights = {
        "mean": (mean(others.belief, NO).numpy(), mean(test.belief, NO).numpy()),
        "known": (known(others.h, NO).numpy(), known(test.h, NO).numpy()),
    }
    for how in ("believed", "reported"):
        found = judge(
            link,
            # Schemes that promise too much or too little end alike.
            thresholds_db + (3 if how == "believed" else -3),
            weights,
            others,
            test,
            NO,
            adaptation=how,
            knowing="known",
        )
        for one in found.values():
            assert 0.01 < sum(one.wrong) / sum(one.sent) < 0.18
            assert np.mean(one.goodput) < np.mean(one.rate)
            # Away from what the thresholds were moved by.
            assert one.offset_db * (1 if how == "believed" else -1) < 0
        assert np.mean(found["known"].goodput) > np.mean(found["mean"].goodput)


def test_shares_and_gains_are_paired():
    rng = np.random.default_rng(0)
    goodput = rng.uniform(5, 15, 50)
    one = {"goodput": goodput, "rate": goodput + 1, "offset_db": 0.0}
    one |= {"wrong": np.full(50, 1), "sent": np.full(50, 8)}
    twice = {**one, "goodput": 2 * goodput}
    first, second = _rows({"one": one, "twice": twice}, "one")
    assert first["share"] == pytest.approx(1)
    assert second["share_low"] == pytest.approx(2)
    assert second["share_high"] == pytest.approx(2)
    assert second["goodput"] == pytest.approx(2 * goodput.mean())
    assert second["rate"] == pytest.approx(goodput.mean() + 1)
    assert first["bler"] == pytest.approx(1 / 8)
