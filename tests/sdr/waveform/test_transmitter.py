import numpy as np
import pytest

from commgen.frame.constellation import Constellation
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.sdr.waveform.code import transport_block
from commgen.sdr.waveform.ofdm import demodulate, modulate, sample_noise_variance
from commgen.sdr.waveform.preamble import preamble_samples
from commgen.sdr.waveform.transmitter import FrameTransmitter

FRAME = RADIO_FRAME


@pytest.fixture(scope="module")
def sent():
    transmit = FrameTransmitter(FRAME)
    bits = np.random.default_rng(1).integers(0, 2, (40, transmit.k), dtype=np.uint8)
    return bits, transmit.samples(bits)


def test_frames_have_the_agreed_shape_and_unit_power(sent):
    bits, samples = sent
    assert bits.shape[1] == 848  # half of 1,728 coded bits, less 16 of the CRC
    assert samples.shape == (40, 137 + 14 * 137 + 128)
    assert samples.dtype == np.complex64
    assert np.all(samples[:, -128:] == 0)
    on_air = np.abs(samples[:, :-128]) ** 2
    margin = 4 * float(on_air.mean(1).std()) / 40**0.5
    assert on_air.mean() == pytest.approx(1, abs=margin)
    np.testing.assert_allclose(
        samples[:, :137], np.tile(preamble_samples(FRAME), (40, 1)), atol=1e-5
    )


def test_samples_are_the_sum_of_subcarriers(rng):
    """Against the formula, a subcarrier at a time."""
    grid = rng.normal(size=(1, 72, 2)) @ [1, 1j]
    n = np.arange(-9, 128)
    waves = np.exp(2j * np.pi / 128 * np.outer(FRAME.subcarriers, n))
    expected = grid[0] @ waves / np.sqrt(72)
    np.testing.assert_allclose(modulate(FRAME, grid)[0], expected, atol=1e-5)


def test_grids_come_back_with_pilots_and_labels(sent):
    bits, samples = sent
    slot = samples[:, 137:-128].reshape(40, 14, 137)[..., 9:]
    grid = demodulate(FRAME, slot)
    assert grid.dtype == np.complex64
    np.testing.assert_allclose(
        grid[:, [2, 11]], np.tile(FRAME.pilots, (40, 1, 1)), atol=1e-5
    )
    data = grid.reshape(40, -1)[:, FRAME.data_ind]
    hard = np.stack([data.real < 0, data.imag < 0], axis=-1).reshape(40, -1)
    np.testing.assert_array_equal(hard, transport_block(FRAME).encode(bits))


def test_noise_of_the_samples_is_that_of_the_grid(rng):
    v = sample_noise_variance(FRAME, 0.1)
    noise = rng.normal(scale=np.sqrt(v / 2), size=(2000, 128, 2)) @ [1, 1j]
    power = np.abs(demodulate(FRAME, noise.astype(np.complex64))) ** 2
    margin = 4 * float(power.mean(1).std()) / 2000**0.5
    assert power.mean() == pytest.approx(0.1, abs=margin)


def test_larger_constellations_are_sent_too(rng):
    frame = Frame(num_bits_per_symbol=4)
    transmit = FrameTransmitter(frame)
    bits = rng.integers(0, 2, (2, transmit.k), dtype=np.uint8)
    grid = demodulate(
        frame, transmit.samples(bits)[:, 137:-128].reshape(2, 14, 137)[..., 9:]
    )
    from commgen.frame.llr import demap

    no_eff = np.full(grid.shape, 1e-2, np.float32)
    llr = demap(grid, no_eff, 4).reshape(2, -1, 4)[:, frame.data_ind]
    coded = transport_block(frame).encode(bits)
    np.testing.assert_array_equal(llr.reshape(2, -1) > 0, coded)


def test_frames_beyond_one_block_with_crc16_are_refused():
    with pytest.raises(ValueError, match="frame must hold 1 to 3824 bits"):
        transport_block(Frame(num_ofdm_symbols=100))
    with pytest.raises(ValueError, match=r"bits must be .*848"):
        FrameTransmitter(FRAME).samples(np.zeros((1, 847), np.uint8))


def test_points_of_a_constellation_are_sent():
    """QAM by its points is QAM, and turned points are turned data."""
    qam = Constellation.qam(4)
    plain, own, turned = (
        FrameTransmitter(Frame(num_bits_per_symbol=4, constellation=c))
        for c in (None, qam, Constellation.of(1j * qam.points))
    )
    bits = np.random.default_rng(0).integers(0, 2, (3, plain.k), dtype=np.uint8)
    np.testing.assert_allclose(own.grid(bits), plain.grid(bits), atol=1e-6)
    factor = np.where(FRAME.pilot_mask, 1, 1j)
    np.testing.assert_allclose(turned.grid(bits), factor * plain.grid(bits), atol=1e-6)
