"""Goals of waveforms, and the back-off that keeps one."""

import pytest
from pydantic import ValidationError

from commgen.design.waveform.back_off import check_reachable, edge_db, least_degradation
from commgen.design.waveform.classical import FAMILIES, candidates, classical, measured
from commgen.design.waveform.goal import WaveformGoal
from commgen.frame.constellation import Constellation
from commgen.waveform.degradation import Transmission

QPSK = {"num_bits_per_symbol": 2, "rate": 1.0, "num_tones": 64}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 2.0}, "rate must be below 2 bits for each tone"),
        ({"rate": 1.9, "roll_offs": [0.1]}, "below 1.812 .* 58 symbols over 64 tones"),
        ({"roll_offs": [0.1], "spread": False}, "must be 0 where symbols are not"),
        ({"roll_offs": []}, "roll_offs"),
        ({"oversampling": 2}, "oversampling"),
        ({"aclr_db": -90}, "aclr_db"),
        ({"num_bits_per_symbol": 3}, "num_bits_per_symbol"),
        ({"mask": []}, "mask"),
        ({"mask": [[0.3, -10]]}, "mask must leave the band of 1 Hz at 0 dB"),
        ({"mask": [[0.8, -20], [0.6, -30]]}, "distances of at least 0 Hz that ascend"),
        ({"mask": [[2.5, -20]]}, "mask must begin within 2 bandwidths"),
    ],
)
def test_goals_out_of_reach_are_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        WaveformGoal(**{**QPSK, **change})


def test_the_edge_is_where_the_limit_is_just_kept():
    goal = WaveformGoal(**QPSK, aclr_db=-28)
    sent = Transmission(goal.ofdm, Constellation.qam(2), seed=0, num_blocks=10)
    edge = edge_db(sent, goal.amplifier, goal)
    assert -28.1 < sent.adjacent_db(goal.amplifier(edge)) <= -28
    assert sent.adjacent_db(goal.amplifier(edge - 0.05)) > -28.03
    low = goal.model_copy(update={"aclr_db": -80.0})
    assert edge_db(sent, goal.amplifier, low) is None
    with pytest.raises(ValueError, match=r"aclr_db must be .* dB higher, which 16 dB"):
        check_reachable(sent, low)


def test_a_mask_asks_for_more_than_the_mean_of_a_channel():
    goal = WaveformGoal(**QPSK, aclr_db=-25)
    sent = Transmission(goal.ofdm, Constellation.qam(2), seed=0, num_blocks=10)
    masked = goal.model_copy(update={"mask": ((0.5, 0.0), (0.55, -28.0), (1.5, -45.0))})
    free, kept = (edge_db(sent, goal.amplifier, g) for g in (goal, masked))
    assert kept > free + 1
    amplifier, mask = goal.amplifier(kept), masked.spectral_mask
    assert 0 <= sent.mask_margin_db(amplifier, mask) < 0.15
    found = least_degradation(sent, masked)
    assert sent.mask_margin_db(goal.amplifier(found.back_off_db), mask) >= 0
    deep = goal.model_copy(update={"mask": ((0.6, -90.0),)})
    with pytest.raises(ValueError, match=r"mask must be .* dB higher"):
        check_reachable(sent, deep)


def test_no_other_back_off_that_keeps_the_limit_costs_less():
    goal = WaveformGoal(**{**QPSK, "aclr_db": -25})
    sent = Transmission(goal.ofdm, Constellation.qam(2), seed=0, num_blocks=10)
    best = least_degradation(sent, goal)
    assert best.aclr_db <= -25
    for back_off_db in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0):
        other = sent.degradation(goal.rate, goal.amplifier(back_off_db))
        assert other.aclr_db > -25 or other.total_db >= best.total_db - 1e-6


def test_every_family_is_tried_and_predistortion_helps():
    goal = WaveformGoal(**QPSK)
    assert {one.family for one in candidates(goal)} == set(FAMILIES)
    plain = next(one for one in candidates(goal) if one.family == "DFT-s-OFDM")
    ideal = [o for o in candidates(goal) if o.family.endswith("predistortion")]
    ideal = next(
        o for o in ideal if o.family.startswith("DFT-s") and not str(o.settings)
    )
    numbers = {"seed": 1, "num_blocks": 12}
    assert measured(ideal, goal, **numbers).total_db < (
        measured(plain, goal, **numbers).total_db - 0.5
    )


def test_the_best_of_each_family_is_kept(monkeypatch):
    from commgen.design.waveform import classical as module

    goal = WaveformGoal(**QPSK)
    monkeypatch.setattr(module, "_SHARES", (0.25,))
    monkeypatch.setattr(module, "_CLIPS_DB", (-1.0, 9.0))
    monkeypatch.setattr(module, "_ROUNDS", (2,))
    found = classical(goal, seed=0, num_blocks=8)
    assert [one.family for one in found] == list(FAMILIES)
    settings = {one.family: one.settings for one in found}
    assert "-1 dB" in str(settings["CP-OFDM, clipped and filtered"])


def test_a_limit_that_nothing_keeps():
    goal = WaveformGoal(**{**QPSK, "aclr_db": -80})
    sent = Transmission(goal.ofdm, Constellation.qam(2), seed=0, num_blocks=6)
    assert least_degradation(sent, goal) is None
