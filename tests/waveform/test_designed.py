"""Designed waveforms and their files."""

import json

import numpy as np
import pytest

from commgen._files.npz import read_npz, write_npz
from commgen.frame.constellation import Constellation
from commgen.waveform.designed import DesignedWaveform
from commgen.waveform.dft_spread import DftSpreadOfdm, root_raised_cosine
from commgen.waveform.ofdm import CpOfdm
from commgen.waveform.tone_network import ToneNetwork


def made(inside, gains=-0.1):
    network = ToneNetwork(np.full((2, 5), gains), np.eye(1, 3)[[0, 0]], 1.6)
    points = Constellation.qam(4)
    numbers = {"drive": 0.9, "power": 0.9**2 * (1 + gains) ** 4, "back_off_db": 1.5}
    return DesignedWaveform(inside, network, points, **numbers, card={"seed": 3})


OFDM = CpOfdm(24, 32, cyclic_prefix_length=3)
SHAPED = DftSpreadOfdm(OFDM, 20, root_raised_cosine(20, 24))


@pytest.mark.parametrize("inside", [OFDM, SHAPED], ids=["ofdm", "spread"])
def test_files_hold_all_of_it(tmp_path, inside):
    waveform = made(inside)
    waveform.save(tmp_path / "w.npz")
    again = DesignedWaveform.load(tmp_path / "w.npz")
    x = Constellation.qam(4).points[np.arange(2 * inside.num_subcarriers) % 16]
    x = x.reshape(2, -1)
    np.testing.assert_array_equal(again.modulate(x), waveform.modulate(x))
    assert again.back_off_db == 1.5
    assert again.card == {"seed": 3}
    np.testing.assert_array_equal(
        again.constellation.points, Constellation.qam(4).points
    )


@pytest.mark.parametrize("inside", [OFDM, SHAPED], ids=["ofdm", "spread"])
def test_a_network_of_even_gain_changes_nothing_but_the_scale(inside):
    # Two layers that take a tenth each; the power says so, and all is undone.
    x = np.random.default_rng(0).normal(size=(4, 3, inside.num_subcarriers))
    waveform = made(inside)
    np.testing.assert_allclose(waveform.modulate(x), inside.modulate(x), atol=1e-12)
    np.testing.assert_allclose(waveform.demodulate(waveform.modulate(x)), x, atol=1e-12)
    assert waveform.noise_gain == inside.noise_gain


def test_it_moves_to_other_tones(tmp_path):
    made(SHAPED).save(tmp_path / "w.npz")
    longer = CpOfdm(24, 64, cyclic_prefix_length=8)
    moved = DesignedWaveform.load(tmp_path / "w.npz", longer)
    x = np.ones((1, 20))
    assert moved.modulate(x).shape == (longer.symbol_length,)
    np.testing.assert_allclose(moved.to_tones(x), made(SHAPED).to_tones(x), atol=1e-9)
    with pytest.raises(ValueError, match="ofdm must have 24 tones, got 12"):
        DesignedWaveform.load(tmp_path / "w.npz", CpOfdm(12))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gains": np.zeros(3)}, "gains must be"),
        ({"points": np.zeros(4)}, "points must have power"),
        ({"card": np.array("[]")}, "card must be a JSON object"),
        ({"settings": np.array("{}")}, "num_data"),
        ({"shaping": np.ones(23)}, "shaping must be .24. real numbers"),
        ({"shaping": np.zeros(0)}, "num_data must be 24 without spreading, got 20"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, change, message):
    path = tmp_path / "w.npz"
    made(SHAPED).save(path)
    write_npz(path, {**read_npz(path), **change})
    with pytest.raises(ValueError, match=f"must be a designed waveform: .*{message}"):
        DesignedWaveform.load(path)


def test_numbers_out_of_range_are_refused(tmp_path):
    path = tmp_path / "w.npz"
    made(SHAPED).save(path)
    arrays = read_npz(path)
    for name, value, message in (
        ("drive", -1.0, "drive"),
        ("back_off_db", 1e3, "back_off_db must be a number between"),
        ("fft_size", 4, "sampling_rate_hz must be at least the bandwidth"),
        ("oversampling", 1.5, "oversampling"),
    ):
        settings = {**json.loads(str(arrays["settings"])), name: value}
        write_npz(path, {**arrays, "settings": np.array(json.dumps(settings))})
        with pytest.raises(ValueError, match=f"must be a designed.*(?s:.*){message}"):
            DesignedWaveform.load(path)
    with pytest.raises(ValueError, match=r"path must end in \.npz"):
        made(SHAPED).save(tmp_path / "w.txt")
