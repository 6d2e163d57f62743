"""Coded blocks through an amplifier, of two waveforms."""

import numpy as np
import pytest

import commgen.montecarlo as mc
from commgen.design.waveform.classical import ClippedSettings
from commgen.frame.constellation import Constellation
from commgen.studies.signal.amplified import AmplifiedBlocks, AmplifiedConfig
from commgen.waveform.designed import DesignedWaveform
from commgen.waveform.dft_spread import DftSpreadOfdm
from commgen.waveform.ofdm import CpOfdm
from commgen.waveform.tone_network import ToneNetwork

SPREAD = ClippedSettings(spread=True)


def experiment(path, classical=SPREAD, back_off_db=6.0):
    sweep = mc.SweepConfig(
        snr_start_db=5.5,
        snr_stop_db=7.5,
        snr_step_db=1.0,
        batch_size=8,
        max_num_blocks=40,
        target_block_errors=1000,
    )
    return AmplifiedBlocks(
        AmplifiedConfig(
            seed=3,
            designed=path,
            classical=classical,
            classical_back_off_db=back_off_db,
            rate=1.0,
            smoothness=2.0,
            num_ofdm_symbols=4,
            sweep=sweep,
        )
    )


@pytest.fixture(scope="module")
def designed(tmp_path_factory):
    """A network that adds nothing: spread OFDM, 6 dB under saturation."""
    path = tmp_path_factory.mktemp("designed") / "w.npz"
    waveform = DftSpreadOfdm(CpOfdm(64))
    network = ToneNetwork(np.zeros((1, 5)), np.ones((1, 3)), 1.6)
    numbers = {"drive": 1.0, "power": 1.0, "back_off_db": 6.0}
    DesignedWaveform(waveform, network, Constellation.qam(2), **numbers).save(path)
    return path


def blers(found):
    return {(row["waveform"], row["snr_db"]): row["bler"] for row in found.rows}


def test_the_same_waveform_counts_the_same(designed, tmp_path):
    found = blers(mc.run_experiment(experiment(designed), tmp_path / "run"))
    for snr_db in (5.5, 6.5, 7.5):
        assert found["designed", snr_db] == found["classical", snr_db]
    # 1 bit of QPSK takes 0.2 dB, on top of 6.2 dB of output back-off, and the code.
    assert found["designed", 5.5] == 1
    assert found["designed", 6.5] > found["designed", 7.5]


def test_back_off_is_paid_for_in_power(designed, tmp_path):
    further = experiment(designed, back_off_db=8.0)
    found = blers(mc.run_experiment(further, tmp_path / "run"))
    assert found["classical", 7.5] > 0.9
    assert found["designed", 7.5] < 0.5


def test_a_batch_follows_from_its_number(designed):
    pending = np.ones((2, 3), bool)
    again = [experiment(designed).build().run(2, pending) for _ in range(2)]
    assert repr(again[0]) == repr(again[1])


def test_what_it_reads_is_told(designed):
    assert list(experiment(designed).inputs()) == [designed]
