"""Blocks of several constellations over the same channels of a file."""

import numpy as np
import pytest

import commgen.montecarlo as mc
from commgen.datasets import ChannelMeta, write_channels
from commgen.frame.constellation import Constellation
from commgen.studies.signal.site_blocks import QAM, SiteBlocks, SiteConfig


@pytest.fixture
def experiment(tmp_path):
    rng = np.random.default_rng(0)
    h = rng.normal(size=(20, 2, 1, 1, 24, 2)) @ [1, 1j] / 2**0.5
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=60e3)
    write_channels(tmp_path / "h.h5", h.astype(np.complex64), meta)
    qam = Constellation.qam(4)
    labels = np.arange(16)
    labels[:4] = labels[3::-1]  # no longer Gray
    Constellation.of(qam.points, labels).save(tmp_path / "worse.npz")
    return SiteBlocks(
        SiteConfig.model_validate(
            {
                "seed": 1,
                "channel": {"source": "recorded", "path": tmp_path / "h.h5"},
                "link": {
                    "fft_size": 24,
                    "subcarrier_spacing_hz": 60e3,
                    "num_rx_ant": 2,
                    "num_bits_per_symbol": 4,
                    "coderate": 0.5,
                    "time_interpolation": "average",
                },
                "estimator": {"kind": "perfect"},
                "constellations": {"worse": tmp_path / "worse.npz"},
                "sweep": {
                    "snr_start_db": 4.0,
                    "snr_stop_db": 8.0,
                    "snr_step_db": 2.0,
                    "batch_size": 40,
                    "max_num_blocks": 40,
                    "target_block_errors": 40,
                    "target_bler": [0.3],
                },
            }
        )
    )


def test_all_see_the_same_blocks_and_gains_are_paired(experiment, tmp_path):
    found = mc.run_experiment(experiment, tmp_path / "run", progress=False)
    errors = found.tally.block_errors
    # What fails with good labels nearly always fails with bad ones: the same noise.
    both = found.tally.joint[1, 0, 0, 1, 1, 0]
    assert 0.9 * errors[0, 0] <= both <= errors[0, 0] < errors[1, 0]
    row = found.readings[-1]
    assert (row["points"], row["gain_db"] < row["gain_high_db"] < 0) == ("worse", True)
    reader = mc.CurveReader(found.tally, found.layout)
    again = reader.gain(reader.read(1, 0.3), reader.read(0, 0.3))
    assert again[0] == pytest.approx(row["gain_db"])
    # A finished run is read, and its counts with it.
    before = mc.run_experiment(experiment, tmp_path / "run", progress=False)
    assert before.was_done
    np.testing.assert_array_equal(before.tally.block_errors, errors)


def test_its_files_are_inputs(experiment, tmp_path):
    names = {path.name for path in experiment.inputs()}
    assert names == {"h.h5", "worse.npz"}
    assert experiment.layout.curves == (QAM, "worse")
    again = SiteBlocks.parse(experiment.values())
    assert again == experiment
