import json

import numpy as np
import pytest

from commgen.frame.constellation import Constellation
from commgen.frame.fields import frame_of
from commgen.frame.frame import RADIO_FRAME, Frame

FRAMES = {
    "radio": {},
    "every subcarrier": {"num_guard_carriers": (0, 0), "dc_null": False},
    "odd size": {"fft_size": 75, "num_guard_carriers": (3, 2), "dc_null": True},
    "sparse pilots": {"pilot_subcarrier_step": 3, "pilot_ofdm_symbol_indices": (9, 1)},
    "one pilot symbol": {
        "pilot_ofdm_symbol_indices": (4,),
        "time_interpolation": "average",
        "num_bits_per_symbol": 6,
    },
}


@pytest.mark.parametrize("fields", FRAMES.values(), ids=FRAMES.keys())
def test_frame_is_the_grid_of_the_same_link(fields, simulated):
    frame = Frame(**fields)
    link, grid = simulated(frame)
    from commgen.phy.receiver.soft_grid import SoftGrid

    assert frame.contract() == frame_of(link)
    assert frame.grid_shape == (grid.num_ofdm_symbols, grid.num_effective_subcarriers)
    shifted = (frame.subcarrier_index + frame.fft_size // 2) % frame.fft_size
    np.testing.assert_array_equal(shifted, grid.effective_subcarrier_ind)
    soft = SoftGrid(grid)
    mask = np.asarray(grid.pilot_pattern.mask)[0, 0].astype(bool)
    np.testing.assert_array_equal(frame.pilot_mask, mask)
    np.testing.assert_array_equal(frame.data_ind, soft.data_ind[0])
    np.testing.assert_array_equal(
        frame.pilots,
        soft.pilots[0][np.ix_(frame.pilot_rows, frame.pilot_subcarriers)],
    )
    assert frame.sample_rate_hz == pytest.approx(float(grid.bandwidth))
    assert frame.symbol_duration_s == pytest.approx(float(grid.ofdm_symbol_duration))
    assert frame.num_data_symbols == int(grid.num_data_symbols)


def test_contract_goes_through_json():
    text = json.dumps(RADIO_FRAME.contract())
    assert Frame.from_contract(json.loads(text)) == RADIO_FRAME
    assert hash(Frame()) == hash(RADIO_FRAME)


@pytest.mark.parametrize(
    ("fields", "error", "match"),
    [
        ({"fft_size": 0}, ValueError, "fft_size must be at least 1, got 0"),
        ({"fft_size": 64.0}, TypeError, "fft_size must be a whole number"),
        ({"subcarrier_spacing_hz": -1.0}, ValueError, "subcarrier_spacing_hz must"),
        ({"cyclic_prefix_length": 129}, ValueError, "at most fft_size = 128, got 129"),
        ({"num_guard_carriers": (64, 64)}, ValueError, r"got \[64, 64\]"),
        ({"num_guard_carriers": (66, 2)}, ValueError, "middle for DC"),
        ({"num_guard_carriers": (1, 2, 3)}, ValueError, "two numbers"),
        ({"num_streams": 2}, ValueError, "num_streams must be at most 1, got 2"),
        ({"num_rx_ant": 4}, ValueError, "num_rx_ant must be at most 1, got 4"),
        ({"num_bits_per_symbol": 3}, ValueError, "num_bits_per_symbol must be one"),
        ({"time_interpolation": "cubic"}, ValueError, "time_interpolation must be"),
        ({"pilot_ofdm_symbol_indices": (2, 14)}, ValueError, "pilot_ofdm_symbol_ind"),
        ({"pilot_ofdm_symbol_indices": range(14)}, ValueError, "leave room for data"),
        ({"pilot_subcarrier_step": 73}, ValueError, "pilot_subcarrier_step must be"),
        ({"coderate": 0.99}, ValueError, "coderate must be in"),
    ],
)
def test_frame_refuses(fields, error, match):
    with pytest.raises(error, match=match):
        Frame(**fields)


def test_contract_of_another_kind_is_refused():
    contract = RADIO_FRAME.contract()
    del contract["dc_null"]
    with pytest.raises(ValueError, match="contract must have the fields fft_size"):
        Frame.from_contract(contract)


PSK = Constellation.of(np.exp(2j * np.pi * np.arange(8) / 8))


def test_points_of_its_own_are_a_part_of_the_frame(tmp_path):
    frame = Frame(num_bits_per_symbol=3, constellation=PSK)
    assert (frame.symbols, frame.num_coded_bits) == (PSK, 3 * 864)
    np.testing.assert_allclose(frame.points, PSK.points, atol=1e-6)
    told = json.loads(json.dumps(frame.contract()))
    PSK.save(tmp_path / "psk.npz")
    read = Constellation.load(tmp_path / "psk.npz")
    again = Frame.from_contract(told, constellation=read)
    assert (again, hash(again)) == (frame, hash(frame))
    turned = Constellation.of(1j * PSK.points)
    assert frame != Frame(num_bits_per_symbol=3, constellation=turned)
    for other in (None, turned):
        with pytest.raises(ValueError, match="constellation must be that of the contr"):
            Frame.from_contract(told, constellation=other)


def test_points_that_no_frame_carries_are_refused():
    with pytest.raises(ValueError, match=r"num_bits_per_symbol must be one of \(3,\)"):
        Frame(num_bits_per_symbol=2, constellation=PSK)
    shaped = Constellation.of([1, 2, 3, 4], None, [0.1, 0.2, 0.3, 0.4])
    with pytest.raises(ValueError, match="points of equal probability in a frame"):
        Frame(constellation=shaped)
