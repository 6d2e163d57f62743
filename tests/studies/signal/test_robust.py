"""Blocks under phase noise and of given power."""

import numpy as np
import pytest

import commgen.montecarlo as mc
from commgen.frame.constellation import Constellation
from commgen.studies.signal.robust import (
    QUICK,
    RobustBlocks,
    RobustConfig,
    robust_study,
)
from commgen.studies.tables import Asked


def blocks(designed, phase_noise_deg, snr_db):
    sweep = mc.SweepConfig(
        snr_start_db=snr_db,
        snr_stop_db=snr_db,
        snr_step_db=1.0,
        batch_size=8,
        max_num_blocks=24,
        target_block_errors=1000,
    )
    pairs = {
        "QAM": Constellation.qam(6).points,
        "designed": designed,
    }
    config = RobustConfig(
        seed=1,
        rate=4.0,
        num_symbols=192,
        points={k: tuple((x.real, x.imag) for x in v) for k, v in pairs.items()},
        phase_noise_deg=phase_noise_deg,
        sweep=sweep,
    )
    return RobustBlocks(config)


def bler(experiment, folder):
    found = mc.run_experiment(experiment, folder)
    return {row["signal"]: row["bler"] for row in found.rows}


def test_power_counts(tmp_path):
    # QAM of half the power needs 3 dB more, and at 15 dB fails where QAM arrives.
    found = bler(blocks(np.sqrt(0.5) * Constellation.qam(6).points, 0, 15.0), tmp_path)
    assert found["QAM"] == 0
    assert found["designed"] > 0.9


def test_phase_noise_counts_for_both(tmp_path):
    found = bler(blocks(Constellation.qam(6).points, 12.0, 15.0), tmp_path)
    assert found["QAM"] == found["designed"] > 0.9


@pytest.mark.timeout(120)
def test_the_study_says_whether_there_is_a_gain(tmp_path):
    asked = Asked()
    tables = robust_study(tmp_path, QUICK, 1, asked)
    row = tables["Designed for more than noise"][0]
    assert row["shannon_db"] < row["designed_db"] < row["qam_db"]
    assert row["designed_db"] < row["for_white_noise_db"] + 0.05
    assert {r["channel"] for r in tables["Gain of robust points"]} == {row["channel"]}
    assert len(asked.rows) == 2
