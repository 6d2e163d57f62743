"""Coded blocks of constellations, in one run of the engine."""

import numpy as np
import pytest

import commgen.montecarlo as mc
from commgen.frame.constellation import Constellation
from commgen.studies.signal.coded import CodedBlocks, CodedConfig


@pytest.fixture(scope="module")
def experiment():
    # The geometric curve is QAM too, turned and with other labels: it counts the same.
    turned = 1j * Constellation.qam(6).points
    sweep = mc.SweepConfig(
        snr_start_db=13.2,
        snr_stop_db=14.2,
        snr_step_db=1.0,
        batch_size=8,
        max_num_blocks=32,
        target_block_errors=1000,
    )
    return CodedBlocks(
        CodedConfig(
            seed=3,
            num_bits_per_symbol=6,
            rate=4.0,
            num_symbols=384,
            points=tuple((x.real, x.imag) for x in turned),
            shaper_bits=402,
            sweep=sweep,
        )
    )


def test_shaped_blocks_arrive_where_others_do_not(experiment, tmp_path):
    found = mc.run_experiment(experiment, tmp_path / "run")
    bler = {(row["signal"], row["snr_db"]): row["bler"] for row in found.rows}
    assert bler["QAM", 13.2] > 0.3
    assert bler["sphere-shaped", 13.2] < 0.3
    assert abs(bler["geometric", 13.2] - bler["QAM", 13.2]) < 0.4
    assert bler["sphere-shaped", 14.2] == 0


def test_a_batch_follows_from_its_number(experiment):
    pending = np.ones((3, 2), bool)
    again = [experiment.build().run(2, pending) for _ in range(2)]
    for name in ("errors", "trials"):
        if hasattr(again[0], name):
            np.testing.assert_array_equal(*(getattr(a, name) for a in again))
    assert repr(again[0]) == repr(again[1])
