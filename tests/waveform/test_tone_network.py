"""The network on tones, beside clipping and filtering, which is one of its kind."""

import numpy as np
import pytest

from commgen.frame.constellation import Constellation
from commgen.waveform.clipping import ClippedWaveform
from commgen.waveform.dft_spread import DftSpreadOfdm
from commgen.waveform.ofdm import CpOfdm
from commgen.waveform.tone_network import ToneNetwork, cosines


@pytest.fixture(scope="module")
def tones():
    points = Constellation.qam(4).points
    x = points[np.random.default_rng(0).integers(16, size=(6, 2, 48))]
    return DftSpreadOfdm(CpOfdm(48, 64)).to_tones(x)


def test_clipping_and_filtering_is_such_a_network(tones):
    ofdm = CpOfdm(48, 64)
    clipped = ClippedWaveform(ofdm, clip_db=2.0, num_iterations=2).to_tones(tones)
    r = np.linspace(0, 4, 20001)
    gain = np.minimum(0, 10**0.1 / np.maximum(r, 1e-9) - 1)
    network = ToneNetwork(np.stack([gain, gain]), np.eye(2, 3)[[0, 0]], 4.0)
    np.testing.assert_allclose(network(ofdm, tones), clipped, atol=1e-5)


def test_weights_are_cosines_from_the_middle_outwards(tones):
    ofdm = CpOfdm(48, 64)
    network = ToneNetwork(np.ones((1, 2)), [[0.5, 0.25]], 1.0)
    d = np.abs(np.arange(48) - 23.5) / 24
    expected = (1.5 + 0.25 * np.cos(np.pi * d)) * tones
    np.testing.assert_allclose(network(ofdm, tones), expected, atol=1e-12)
    assert cosines(4, 2)[:, 1] == pytest.approx(np.cos(np.pi * np.r_[3, 1, 1, 3] / 4))


@pytest.mark.parametrize(
    ("gains", "weights", "message"),
    [
        (np.zeros(3), np.zeros((1, 1)), "gains must be .num_layers, n. real numbers"),
        (np.zeros((1, 3)), np.zeros((1, 1), complex), "weights must be .* complex"),
        (np.full((1, 3), np.nan), np.zeros((1, 1)), "gains must be finite"),
        (np.zeros((2, 3)), np.zeros((1, 1)), "as many layers, got 2 and 1"),
    ],
)
def test_what_is_no_network_is_refused(gains, weights, message):
    with pytest.raises(ValueError, match=message):
        ToneNetwork(gains, weights, 1.0)
