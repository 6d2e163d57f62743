"""The same channels as the simulator's, by two implementations."""

import numpy as np
import pytest

from commgen.sdr.air.fading import TappedDelayLine
from commgen.sdr.air.interpolation import LEAD
from commgen.sdr.air.profiles import delay_profiles

pytest.importorskip("sionna", reason="compares with Sionna's TDL")

RATE, SPREAD_S, SPEED, CARRIER = 1.92e6, 300e-9, 30.0, 3.5e9
NUM = 2000
FREQUENCIES_HZ = np.array([-540e3, -150e3, 0, 540e3])


def ours(letter):
    doppler_hz = SPEED * CARRIER / 299_792_458
    profile = delay_profiles()[f"TDL-{letter}"]
    line = TappedDelayLine(profile, SPREAD_S, doppler_hz, RATE, seed=5)
    lags = np.arange(line.num_taps) - LEAD
    F = np.exp(-2j * np.pi * np.outer(lags, FREQUENCIES_HZ / RATE))
    return np.stack([line.block(r, 0)[[0, 30]] @ F for r in range(NUM)]), line.step


def theirs(letter, time_s):
    from sionna.phy.channel.tr38901 import TDL

    from commgen.channels import TdlChannel

    tdl = TDL(letter, SPREAD_S, CARRIER, min_speed=SPEED, max_speed=SPEED)
    process = TdlChannel([tdl], None, seed=6).start(NUM)
    a = process.coefficients([0, time_s])[:, 0, 0]
    F = np.exp(-2j * np.pi * np.outer(process.tau[0], FREQUENCIES_HZ))
    return np.einsum("bpt,pf->btf", a, F)


@pytest.mark.parametrize("letter", ["A", "D"])
def test_moments_are_those_of_the_simulator(letter):
    h, step = ours(letter)
    g = theirs(letter, 30 * step / RATE)
    for moment in (
        lambda h: np.abs(h[:, 0]) ** 2,
        lambda h: h[:, 0] * h[:, 0, :1].conj(),
        lambda h: h[:, 1] * h[:, 0].conj(),
        lambda h: np.abs(h[:, 0]) ** 4,
    ):
        a, b = moment(h), moment(g)
        spread = np.sqrt((np.var(a, axis=0) + np.var(b, axis=0)) / NUM)
        assert np.all(np.abs(a.mean(0) - b.mean(0)) < 4 * np.maximum(spread, 1e-6))


@pytest.mark.parametrize("letter", list("ABCDE"))
def test_the_tables_are_those_of_the_simulator(letter):
    from sionna.phy.channel.tr38901 import TDL

    tdl = TDL(letter, 1.0, CARRIER)
    profile = delay_profiles()[f"TDL-{letter}"]
    powers = profile.powers.copy()
    powers[0] += profile.los_power
    assert profile.delays == pytest.approx(tdl.delays.numpy(), abs=1e-6)
    assert powers == pytest.approx(tdl.mean_powers.numpy(), rel=1e-4)
