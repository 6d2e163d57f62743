"""What receives slots, by name and by hand."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.frame.frame import RADIO_FRAME
from commgen.frame.llr import slot_llr
from commgen.frame.lmmse import LMMSE
from commgen.sdr.reception.receiver import FrameReceiver
from commgen.sdr.reception.slots import SlotReception, as_slot_receiver
from commgen.sdr.reception.tdl_slot import tdl_mixture
from commgen.sdr.waveform.payloads import Payloads
from commgen.sdr.waveform.transmitter import FrameTransmitter


class ByHand:
    """Least squares of one pilot symbol, held over the slot; keeps what it was told."""

    name = "by hand"

    def __init__(self):
        self.told = []

    def receive(self, y, no, measured):
        self.told.append((y, no, measured))
        h = y[:, 2:3] / RADIO_FRAME.pilots[0]
        h_hat = np.broadcast_to(h, y.shape)
        llr = slot_llr(RADIO_FRAME, y, np.ascontiguousarray(h_hat), no[:, None, None])
        return SlotReception(
            h_hat, llr, tuple("even" if i % 2 else "odd" for i in range(len(y)))
        )


def test_a_receiver_by_hand_sees_unit_level_and_names_each_frame():
    payloads, hand = Payloads(RADIO_FRAME, seed=3), ByHand()
    samples = FrameTransmitter(RADIO_FRAME).samples(payloads.bits(np.arange(6)))
    noise = complex_normal(np.random.default_rng(0), samples.shape)
    samples = 30 * (samples + 0.1 * noise).ravel()
    receiver = FrameReceiver(estimator=hand)
    frames = receiver.push(samples) + receiver.finish()
    assert all(f.crc_ok for f in frames)
    assert {f.estimator for f in frames} == {"even", "odd"}
    for y, no, measured in hand.told:
        assert np.mean(np.abs(y) ** 2) == pytest.approx(1, abs=0.1)
        # -20 dB in the samples, of which 72 of 128 carriers are looked at
        np.testing.assert_allclose(no, 0.01 * 72 / 128, rtol=0.5)
        np.testing.assert_allclose(measured.snr_db, -10 * np.log10(no), atol=1e-4)
        np.testing.assert_allclose(measured.cfo_hz, 0, atol=200)
        np.testing.assert_allclose(measured.delay_s * 1.92e6, 2, atol=0.6)


def test_names_become_estimators():
    for name in ("lmmse", "ls", "slot"):
        assert as_slot_receiver(name, RADIO_FRAME).name == name
    estimator = LMMSE(RADIO_FRAME)
    assert as_slot_receiver(estimator, RADIO_FRAME).estimator is estimator


def test_the_mixture_is_that_of_the_simulator(simulated_slot_prior):
    ours, theirs = tdl_mixture(RADIO_FRAME), simulated_slot_prior
    np.testing.assert_allclose(ours.weights, theirs.weights)
    R = [np.kron(m.time, m.frequency) @ m.roots[40] for m in (ours, theirs)]
    for a, b in zip(*([M @ M.conj().T, M @ M[0].conj()] for M in R), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.fixture
def simulated_slot_prior():
    pytest.importorskip("sionna.phy", reason="Sionna is not installed")
    from commgen.phy import LinkConfig
    from commgen.phy.estimation.slot.config import SlotConfig
    from commgen.phy.estimation.slot.prior import build_slot_prior
    from commgen.phy.signal.grid import build_resource_grid

    config = SlotConfig(
        models=tuple("ABCDE"),
        delay_spread_min_s=30e-9,
        delay_spread_max_s=300e-9,
        max_doppler_hz=350.0,
    )
    link = LinkConfig(**RADIO_FRAME.contract(), coderate=0.5)
    return build_slot_prior(config, build_resource_grid(link))
