"""Slots with and without pilots: goodput, its gain, and what a run counts."""

from types import SimpleNamespace

import numpy as np
import pytest

import commgen.montecarlo as mc
from commgen.frame.constellation import Constellation
from commgen.phy.neural.files import save_neural_receiver
from commgen.phy.neural.network import ReceiverNetwork
from commgen.studies.signal.pilotless import MEAN, with_mean
from commgen.studies.signal.slots import (
    CURVES,
    MEAN_POINTS,
    NETWORK,
    POINTS,
    PilotlessSlots,
    SlotsConfig,
    goodput_gain,
)


def tally_of(wrong):
    """What the engine counts of wrong blocks [2, n] at one point."""
    events = np.stack([np.ones_like(wrong), wrong])
    joint = np.einsum("ean,fbn->eafb", events, events)[:, :, None, :, :, None]
    counted = events.sum(-1)[..., None]
    return SimpleNamespace(trials=counted[0], block_errors=counted[1], joint=joint)


def test_interval_of_a_gain_covers_as_it_says():
    """Of 300 repetitions with common channels about 95 % cover the true ratio."""
    rng, covered = np.random.default_rng(1), 0
    p = np.array([0.12, 0.1])
    truth = 2016 * 0.88 / (1728 * 0.9) - 1
    for _ in range(300):
        common = rng.random(800)  # a channel that fails one mostly fails the other
        own = rng.random((2, 800)) < 0.05
        wrong = ((common < p[:, None]) ^ own).astype(int)
        rate = p * 0.95 + (1 - p) * 0.05
        truth = 2016 * (1 - rate[0]) / (1728 * (1 - rate[1])) - 1
        gain, low, high = goodput_gain(tally_of(wrong), (0, 2016), (1, 1728), 0)
        assert low < gain < high
        covered += low <= truth <= high
    assert 0.95 - 4 * 0.0126 < covered / 300 <= 1
    # What both fail of cancels.
    same = np.stack([wrong[0], wrong[0]])
    gain, low, high = goodput_gain(tally_of(same), (0, 2016), (1, 1728), 0)
    assert gain == pytest.approx(2016 / 1728 - 1)
    assert high - low < 1e-6


def test_where_nothing_arrives_there_is_no_gain():
    wrong = np.stack([np.zeros(9, int), np.ones(9, int)])
    assert np.isnan(goodput_gain(tally_of(wrong), (0, 2), (1, 1), 0)).all()


@pytest.mark.slow
def test_slots_without_pilots_carry_a_sixth_more(tmp_path):
    """One batch of all receivers; the channel known is no worse than estimated."""
    points = with_mean(Constellation.qam(2))
    assert abs(points.points.mean()) ** 2 == pytest.approx(MEAN)
    for name in (POINTS, MEAN_POINTS):
        points.save(tmp_path / name)
    network = ReceiverNetwork(2, 2)
    network.build((None, 14, 72, 10))
    save_neural_receiver(network, tmp_path / NETWORK, {})
    config = SlotsConfig(
        seed=1,
        num_bits_per_symbol=2,
        model=tmp_path,
        iterations=2,
        sweep=mc.SweepConfig(
            snr_start_db=12.0,
            snr_stop_db=12.0,
            snr_step_db=1.0,
            batch_size=8,
            max_num_blocks=8,
            target_block_errors=8,
        ),
    )
    found = mc.run_experiment(PilotlessSlots(config), tmp_path / "run", progress=False)
    rows = {row["receiver"]: row for row in found.rows}
    assert [*rows] == [*CURVES]
    bits = PilotlessSlots(config).num_data_bits
    assert bits[4] / bits[0] == pytest.approx(1008 / 864)
    assert bits[2] / bits[0] == pytest.approx(984 / 864)
    for row, k in zip(found.rows, bits, strict=True):
        assert row["num_blocks"] == 8
        assert row["goodput_bits"] == pytest.approx(k * (1 - row["bler"]))
    assert rows["pilots, channel known"]["bler"] <= rows["pilots, once"]["bler"]
    assert rows["pilots"]["gain_over_pilots"] == 0
