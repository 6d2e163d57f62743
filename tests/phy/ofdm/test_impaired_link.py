"""Links with devices and spread data, and links without them."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.channel import ApplyOFDMChannel
from sionna.phy.ofdm import ResourceGridMapper

from commgen.channels import RecordedChannel
from commgen.phy import Link, parse_config
from commgen.phy.estimation.ls import LSEstimator
from commgen.phy.estimation.perfect import PerfectCSI
from commgen.phy.ofdm.draws import random_bits, stream, unit_noise
from commgen.phy.receiver.estimator_receiver import EstimatorReceiver

DEVICES = {
    "transmitter": [{"kind": "rapp", "back_off_db": 0.0}],
    "receiver": [{"kind": "converter", "num_bits": 5, "back_off_db": 10.0}],
}
NUM_RX_ANT = 4
ONE = np.ones((1, 1), bool)


def link_of(values, **keys):
    """Return a link over a gain of one, turned at each antenna."""
    options = {**values["link"], "num_rx_ant": NUM_RX_ANT, "num_bits_per_symbol": 4}
    channel = {**values["channel"], "num_rx_ant": NUM_RX_ANT}
    config = parse_config({**values, "channel": channel, "link": {**options, **keys}})
    turns = np.exp(1j * np.arange(4 * NUM_RX_ANT)).reshape(4, NUM_RX_ANT, 1, 1, 1)
    h = (turns * np.ones(12)).astype(np.complex64)
    return Link(
        config.link, RecordedChannel(h, 30e3, seed=1), seed=1, jit_compile=False
    )


@pytest.fixture(scope="module")
def plain(base_values):
    return link_of(base_values)


@pytest.fixture(scope="module")
def impaired(base_values):
    spread = {"kind": "dft-spread"}
    return link_of(base_values, impairments=DEVICES, waveform=spread)


def errors_of(link, snr_db):
    perfect = {"perfect": PerfectCSI(link.resource_grid)}
    runs = link.run_batch(0, 64, np.array([snr_db]), perfect, ONE)
    return int(next(iter(runs))[2].block_errors.sum())


def test_without_devices_nothing_has_changed(plain):
    """Bit for bit: bits, grid, channel and noise as the link's own draws give them."""
    slots, layout = plain.slots(3, 5), plain.layout
    bits = random_bits((5, 1, 1, layout.num_codewords, layout.k), stream(1, 3, 0))
    np.testing.assert_array_equal(slots.bits, bits)
    grid = ResourceGridMapper(plain.resource_grid)(tf.constant(plain._transmit(bits)))
    clean = ApplyOFDMChannel()(grid, slots.h)
    np.testing.assert_array_equal(slots.y_clean, clean)
    noise = unit_noise(clean.shape, stream(1, 3, 1))
    np.testing.assert_array_equal(slots.noise, noise)


def test_devices_change_neither_bits_nor_noise(plain, impaired):
    slots, bent = plain.slots(3, 5), impaired.slots(3, 5)
    np.testing.assert_array_equal(slots.bits, bent.bits)
    np.testing.assert_array_equal(slots.noise, bent.noise)
    assert np.abs(slots.y_clean - bent.y_clean).max() > 0.1
    np.testing.assert_array_equal(bent.y_clean, impaired.slots(3, 5).y_clean)


def test_an_amplifier_and_a_converter_cost_blocks(plain, impaired):
    assert errors_of(impaired, 0.5) > errors_of(plain, 0.5) + 8


def test_equalised_symbols_are_as_wrong_as_they_say(impaired):
    """What the transmitter adds does not average out over the antennas."""
    slots, no = impaired.slots(0, 64), tf.constant(0.02)
    y = impaired.observe(slots, no)
    x_hat, no_eff = impaired._reception._equalize(y, slots.h, tf.zeros([1] * 7), no)
    error = np.mean(np.abs(x_hat - impaired._transmit(slots.bits)) ** 2)
    # Of twelve subcarriers a genie's gain has a twelfth of the distortion inside.
    assert error == pytest.approx(np.mean(no_eff), rel=0.15)
    assert np.mean(no_eff) > impaired._front_ends.distortion.sent > 2 * 0.02 / 4


def test_least_squares_promises_its_error(impaired):
    estimator = LSEstimator(impaired.resource_grid, time_interpolation="average")
    runs = impaired.run_batch(0, 64, np.array([25.0]), {"ls": estimator}, ONE)
    counts = next(iter(runs))[2]
    promised = counts.predicted_power.sum() / counts.error_power.sum()
    assert promised == pytest.approx(1, abs=0.25)


def test_receivers_that_know_no_spreading_are_refused(impaired):
    receiver = EstimatorReceiver(
        PerfectCSI(impaired.resource_grid), iterations=1, refine=lambda *_: None
    )
    runs = impaired.run_batch(0, 64, np.array([0.0]), {"a": receiver}, ONE)
    with pytest.raises(ValueError, match="must be ofdm for receivers that give LLRs"):
        next(iter(runs))
