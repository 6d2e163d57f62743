"""What points need behind an amplifier, and coded blocks there."""

import numpy as np
import pytest

import commgen.montecarlo as mc
from commgen.frame.constellation import Constellation
from commgen.frame.information import gmi, sampled_gmi
from commgen.frame.llr import demap
from commgen.studies.signal.linked import (
    LinkedBlocks,
    LinkedConfig,
    amplified,
    pairs_of,
)
from commgen.studies.signal.surrogate import LARGEST, RATE, needed_db, record

QAM = Constellation.qam(6).points


def test_amplifier_is_linear_in_little_and_saturates_in_much():
    assert amplified(np.array(0.01j)) == pytest.approx(0.01j, rel=1e-4)
    much = amplified(np.array([50.0]))
    assert abs(much[0]) == pytest.approx(1, rel=1e-3)
    assert np.angle(much[0]) == pytest.approx(0.35, rel=1e-2)
    assert abs(amplified(np.array(1.0))) == pytest.approx(2**-0.25)


def test_what_is_needed_is_what_samples_through_the_link_say():
    """Far below saturation it is QAM in white noise; near it, as samples have it."""
    little = needed_db(0.01 * QAM)
    assert little == pytest.approx(12.72 + 40, abs=0.01)
    sent = 1.1 * QAM
    no = 10 ** (-needed_db(sent) / 10)
    rng = np.random.default_rng(1)
    label = rng.integers(64, size=40_000)
    noise = rng.normal(size=(40_000, 2)) @ [1, 1j] * (no / 2) ** 0.5
    arrived = amplified(sent)
    scale = np.sqrt(np.mean(np.abs(arrived) ** 2))
    y = ((arrived[label] + noise) / scale).astype(np.complex64)
    there = Constellation.of(arrived)
    llr = demap(y, np.full(y.shape, no / scale**2, np.float32), there)
    value, low, high = sampled_gmi(llr, there.bits[label], 6.0)
    assert value == pytest.approx(RATE, abs=high - low)
    assert float(gmi(there, no / scale**2)) == pytest.approx(RATE, abs=2e-3)


def test_a_recording_covers_the_disk_and_has_its_noise():
    x, y = record(20_000, seed=1)
    assert 0.99 * LARGEST < np.abs(x).max() <= LARGEST
    assert np.mean(np.abs(x) < LARGEST / 2) == pytest.approx(0.25, abs=0.015)
    noise = np.mean(np.abs(y - amplified(x)) ** 2)
    assert noise == pytest.approx(10**-1.55, rel=4 / np.sqrt(20_000))


def test_blocks_arrive_above_what_is_needed_and_not_below(tmp_path):
    sent = 1.1 * QAM
    at = round(needed_db(sent), 1)
    config = LinkedConfig(
        seed=1,
        num_bits_per_symbol=6,
        rate=RATE,
        num_symbols=384,
        sent={"QAM": pairs_of(sent), "turned": pairs_of(1j * sent)},
        sweep=mc.SweepConfig(
            snr_start_db=at - 1,
            snr_stop_db=at + 2,
            snr_step_db=3.0,
            batch_size=8,
            max_num_blocks=16,
            target_block_errors=16,
        ),
    )
    found = mc.run_experiment(LinkedBlocks(config), tmp_path / "run", progress=False)
    bler = {(row["signal"], row["snr_db"]): row["bler"] for row in found.rows}
    for name in ("QAM", "turned"):
        assert sorted(bler[name, s] for s in found.layout.points)[0] == 0
        assert bler[name, found.layout.points[0]] > 0.8
