"""What the study of waveforms asks, by tables made by hand."""

from commgen.design.waveform.report import best_classical
from commgen.studies.signal.waveforms import GOALS, _ask
from commgen.studies.tables import Asked


def row(name, total_db):
    return {"waveform": name, "total_db": total_db}


TABLE = [
    row("designed", 3.5),
    row("CP-OFDM", 6.0),
    row("DFT-s-OFDM", 4.8),
    row("DFT-s-OFDM, clipped and filtered", 3.7),
    row("DFT-s-OFDM, ideal predistortion", 3.0),
]


def test_predistortion_is_not_what_is_to_be_beaten():
    assert best_classical(TABLE)["waveform"] == "DFT-s-OFDM, clipped and filtered"


def test_single_techniques_and_all_of_them_are_asked_for_apart():
    asked = Asked()
    _ask(asked, TABLE, GOALS[1])
    single, together = asked.rows
    assert single["what"].startswith("total degradation under the best single")
    assert "16 points at 2 bit" in single["what"]
    assert single["measured"] == "1.30 dB (3.50 under 4.80: DFT-s-OFDM)"
    assert single["met"]
    assert together["measured"].startswith("0.20 dB (3.50 under 3.70")
    assert not together["met"]


def test_goals_leave_room_for_their_roll_offs():
    for bits, rate, roll_offs in GOALS:
        assert rate * (1 + max(roll_offs)) < 0.95 * bits
