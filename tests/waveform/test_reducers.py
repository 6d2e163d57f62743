"""What lowers peaks: by how much, and at what price."""

import numpy as np
import pytest
from scipy.special import erfc

from commgen.frame.constellation import Constellation
from commgen.waveform import (
    ActiveExtension,
    ClippedWaveform,
    CpOfdm,
    DftSpreadOfdm,
    Limiter,
    SelectedMapping,
    ToneReservation,
    ccdf,
    papr_db,
)

OFDM = CpOfdm(64)
QAM16 = Constellation.qam(4)


def symbols(constellation, *shape):
    rng = np.random.default_rng(0)
    return constellation.points[rng.integers(len(constellation.points), size=shape)]


QPSK = symbols(Constellation.qam(2), 1000, 1, 64)


def peak(waveform, grid, share=0.01):
    """Return the level that a share of symbols exceeds [dB]."""
    return np.quantile(papr_db(waveform.modulate(grid)), 1 - share)


def test_clipping_has_the_gain_and_noise_of_bussgang():
    """Of a complex Gaussian cut at A: g = 1 - exp(-A^2) + sqrt(pi)/2 A erfc(A), and
    noise of 1 - exp(-A^2) - g^2, of which a part lies beside the band
    (Ochiai and Imai, IEEE Trans. Commun. 50, 2002, eq. 13 and 17)."""
    ofdm = CpOfdm(256)
    x = symbols(QAM16, 300, 1, 256)
    level = 10 ** (3 / 20)
    y = ofdm.from_tones(ClippedWaveform(ofdm, 3.0, 1).to_tones(x))
    expected = 1 - np.exp(-(level**2)) + np.pi**0.5 / 2 * level * erfc(level)
    gain = np.vdot(x, y) / np.vdot(x, x)
    assert gain.real == pytest.approx(expected, abs=0.003)
    noise = np.mean(np.abs(y - gain * x) ** 2)
    whole = 1 - np.exp(-(level**2)) - expected**2
    samples = ofdm.useful(x)
    cut = np.mean(np.abs(Limiter(3.0)(samples) - gain * samples) ** 2)
    assert cut == pytest.approx(whole, rel=0.03)
    assert 0.5 * whole < noise < 0.9 * whole


def test_peaks_come_back_less_with_each_round():
    """Towards the clipping level (Armstrong 2002, fig. 2)."""
    above = [peak(ClippedWaveform(OFDM, 4.0, n), QPSK) - 4 for n in (1, 2, 4, 16)]
    # Mean power falls by clipping, which is in the ratio.
    assert above[0] > above[1] + 0.4 > above[2] + 0.8
    assert above[3] < 1.5 < above[0] < peak(OFDM, QPSK) - 4


def test_spread_symbols_can_be_clipped_too():
    spread = DftSpreadOfdm(OFDM)
    assert peak(ClippedWaveform(spread, 3.0), QPSK) < peak(spread, QPSK) - 1.5


def test_reserved_tones_leave_data_untouched():
    places = np.random.default_rng(1).permutation(64)[:8]
    reduced = ToneReservation(OFDM, places, 5.0)
    x = QPSK[:400, :, :56]
    tones = reduced.to_tones(x)
    data = np.delete(np.arange(64), places)
    np.testing.assert_array_equal(tones[..., data], x)
    np.testing.assert_array_equal(reduced.from_tones(tones), x)
    idle = np.zeros_like(tones)
    idle[..., data] = x
    # An eighth of the tones: 2 to 3 dB at 1 % of the symbols (Tellado 1999, fig. 4.6).
    assert peak(reduced, x) < peak(OFDM, idle) - 2
    assert np.mean(np.abs(tones) ** 2) < 1.35  # 0.875 without


def test_extension_never_brings_points_nearer():
    x = symbols(QAM16, 150, 1, 64)
    tones = ActiveExtension(OFDM, QAM16, 5.0).to_tones(x)
    assert np.abs(tones - x).max() > 0.1
    # As far apart as the constellation, whatever else is sent, extended or not.
    some = tones.ravel()[:1500]
    sent = x.ravel()[:1500]
    distance = np.abs(some[:, None] - some)
    differ = np.abs(sent[:, None] - sent) > 1e-9
    assert distance[differ].min() > QAM16.least_distance - 1e-9
    inner = np.maximum(np.abs(x.real), np.abs(x.imag)) < 0.5
    np.testing.assert_array_equal(tones[inner], x[inner])


def test_extension_lowers_peaks_of_qpsk_by_decibels():
    """3 to 4 dB and more of QPSK (Krongold and Jones 2003, fig. 6)."""
    reduced, x = ActiveExtension(OFDM, Constellation.qam(2), 5.0), QPSK[:400]
    assert peak(reduced, x) < peak(OFDM, x) - 3
    power = np.mean(np.abs(reduced.to_tones(x)) ** 2)
    assert 1 < power < 1.5


def test_the_best_of_several_is_their_order_statistic():
    """With U versions the tail is that of OFDM to the power of U (Baeuml 1996)."""
    reduced = SelectedMapping(CpOfdm(64), 4, 8, seed=1)
    levels = np.array([6.0, 7.0, 8.0, 9.0])
    plain = ccdf(OFDM.modulate(QPSK), levels)
    chosen = ccdf(reduced.modulate(QPSK[..., :56]), levels)
    np.testing.assert_allclose(chosen, plain**4, atol=4 * 0.5 / 1000**0.5)
    assert plain[1] > 0.6 > 0.3 > chosen[1]


def test_the_version_is_found_in_noise():
    reduced = SelectedMapping(CpOfdm(64), 8, 8, seed=1)
    x = QPSK[:, :, :56]
    tones = reduced.to_tones(x)
    np.testing.assert_allclose(reduced.from_tones(tones), x, atol=1e-12)
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(2, *tones.shape)) * np.sqrt(0.5 / 10**0.3)
    found = reduced.told_index(tones + noise[0] + 1j * noise[1])
    # Seven rivals, each wrong with Q(sqrt(8 SNR)) = Q(4) = 3e-5 at 3 dB.
    assert np.mean(found != reduced.told_index(tones)) < 5e-3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ClippedWaveform(CpOfdm(8, oversampling=1), 3.0), "oversampling must"),
        (lambda: ClippedWaveform(OFDM, 3.0, 0), "num_iterations must be at least 1"),
        (lambda: ClippedWaveform(OFDM, float("inf")), "back_off_db must be a number"),
        (lambda: ToneReservation(OFDM, [64], 3.0), "reserved must be distinct"),
        (lambda: ToneReservation(OFDM, range(64), 3.0), "and not all"),
        (lambda: ToneReservation(OFDM, [0.5], 3.0), "reserved must be whole"),
        (
            lambda: ActiveExtension(OFDM, Constellation.of([1, 1j, -1, -1j]), 3.0),
            "points on a grid",
        ),
        (lambda: SelectedMapping(OFDM, 1, 8, seed=1), "num_candidates must be at"),
        (lambda: SelectedMapping(OFDM, 9, 8, seed=1), "num_side_tones must be at"),
        (lambda: DftSpreadOfdm(DftSpreadOfdm(OFDM)), "ofdm must be of CpOfdm"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
