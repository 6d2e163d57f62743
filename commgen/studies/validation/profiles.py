"""Power delay profiles of the standards, transcribed apart from Sionna's files."""

from dataclasses import dataclass

import numpy as np

from commgen.measures.decibel import from_db


@dataclass(frozen=True)
class Profile:
    """A tapped delay line as its table prints it.

    Parameters
    ----------
    source
        Document and table.
    delay
        Of each tap: in units of the RMS delay spread where ``spread_s`` is 1, else in
        nanoseconds.
    power_db
        Of the taps that fade. Where there is a line of sight the first one stands on
        the first tap.
    los_db
        Power of the line of sight on the first tap, if there is one.
    spread_s
        RMS delay spread that the name promises, or 1 where it is scaled.
    """

    source: str
    delay: tuple[float, ...]
    power_db: tuple[float, ...]
    los_db: float | None = None
    spread_s: float = 1.0

    @property
    def delay_s(self) -> np.ndarray:
        """Delays [s], for an RMS delay spread of 1 s where that is scaled."""
        return np.array(self.delay) * (1.0 if self.spread_s == 1 else 1e-9)

    @property
    def power(self) -> np.ndarray:
        """Power of each tap with its line of sight, of sum 1."""
        power = from_db(np.array(self.power_db))
        if self.los_db is not None:
            power[0] += from_db(self.los_db)
        return power / power.sum()

    @property
    def k_factor(self) -> float:
        """Power of the line of sight over that of the fading part of its tap."""
        if self.los_db is None:
            return 0.0
        return from_db(self.los_db - self.power_db[0])

    @property
    def rms_delay_spread_s(self) -> float:
        """Root of the second central moment of the profile."""
        mean = self.power @ self.delay_s
        return float(np.sqrt(self.power @ (self.delay_s - mean) ** 2))

    def frequency_correlation(self, spacing_hz, delay_spread_s: float = 1.0):
        """Return E[h(f + spacing) h*(f)], a Fourier transform of the profile."""
        tau = self.delay_s * (delay_spread_s if self.spread_s == 1 else 1.0)
        return np.exp(-2j * np.pi * np.multiply.outer(spacing_hz, tau)) @ self.power


#: TR 38.901 tables 7.7.2-1 to 7.7.2-5 and TS 38.104 tables G.2.1.1-2 to G.2.1.1-4.
PROFILES = {
    "A": Profile(
        "TR 38.901 table 7.7.2-1",
        (
            0, 0.3819, 0.4025, 0.5868, 0.4610, 0.5375, 0.6708, 0.5750, 0.7618, 1.5375,
            1.8978, 2.2242, 2.1718, 2.4942, 2.5119, 3.0582, 4.0810, 4.4579, 4.5695,
            4.7966, 5.0066, 5.3043, 9.6586,
        ),
        (
            -13.4, 0, -2.2, -4, -6, -8.2, -9.9, -10.5, -7.5, -15.9, -6.6, -16.7, -12.4,
            -15.2, -10.8, -11.3, -12.7, -16.2, -18.3, -18.9, -16.6, -19.9, -29.7,
        ),
    ),
    "B": Profile(
        "TR 38.901 table 7.7.2-2",
        (
            0, 0.1072, 0.2155, 0.2095, 0.2870, 0.2986, 0.3752, 0.5055, 0.3681, 0.3697,
            0.5700, 0.5283, 1.1021, 1.2756, 1.5474, 1.7842, 2.0169, 2.8294, 3.0219,
            3.6187, 4.1067, 4.2790, 4.7834,
        ),
        (
            0, -2.2, -4, -3.2, -9.8, -1.2, -3.4, -5.2, -7.6, -3, -8.9, -9, -4.8, -5.7,
            -7.5, -1.9, -7.6, -12.2, -9.8, -11.4, -14.9, -9.2, -11.3,
        ),
    ),
    "C": Profile(
        "TR 38.901 table 7.7.2-3",
        (
            0, 0.2099, 0.2219, 0.2329, 0.2176, 0.6366, 0.6448, 0.6560, 0.6584, 0.7935,
            0.8213, 0.9336, 1.2285, 1.3083, 2.1704, 2.7105, 4.2589, 4.6003, 5.4902,
            5.6077, 6.3065, 6.6374, 7.0427, 8.6523,
        ),
        (
            -4.4, -1.2, -3.5, -5.2, -2.5, 0, -2.2, -3.9, -7.4, -7.1, -10.7, -11.1,
            -5.1, -6.8, -8.7, -13.2, -13.9, -13.9, -15.8, -17.1, -16, -15.7, -21.6,
            -22.8,
        ),
    ),
    "D": Profile(
        "TR 38.901 table 7.7.2-4",
        (
            0, 0.035, 0.612, 1.363, 1.405, 1.804, 2.596, 1.775, 4.042, 7.937, 9.424,
            9.708, 12.525,
        ),
        (
            -13.5, -18.8, -21, -22.8, -17.9, -20.1, -21.9, -22.9, -27.8, -23.6, -24.8,
            -30.0, -27.7,
        ),
        los_db=-0.2,
    ),
    "E": Profile(
        "TR 38.901 table 7.7.2-5",
        (
            0, 0.5133, 0.5440, 0.5630, 0.5440, 0.7112, 1.9092, 1.9293, 1.9589, 2.6426,
            3.7136, 5.4524, 12.0034, 20.6519,
        ),
        (
            -22.03, -15.8, -18.1, -19.8, -22.9, -22.4, -18.6, -20.8, -22.6, -22.3,
            -25.6, -20.2, -29.8, -29.2,
        ),
        los_db=-0.03,
    ),
    "A30": Profile(
        "TS 38.104 table G.2.1.1-2",
        (0, 10, 15, 20, 25, 50, 65, 75, 105, 135, 150, 290),
        (
            -15.5, 0, -5.1, -5.1, -9.6, -8.2, -13.1, -11.5, -11.0, -16.2, -16.6, -26.2,
        ),
        spread_s=30e-9,
    ),
    "B100": Profile(
        "TS 38.104 table G.2.1.1-3",
        (0, 10, 20, 30, 35, 45, 55, 120, 170, 245, 330, 480),
        (0, -2.2, -0.6, -0.6, -0.3, -1.2, -5.9, -2.2, -0.8, -6.3, -7.5, -7.1),
        spread_s=100e-9,
    ),
    "C300": Profile(
        "TS 38.104 table G.2.1.1-4",
        (0, 65, 70, 190, 195, 200, 240, 325, 520, 1045, 1510, 2595),
        (-6.9, 0, -7.7, -2.5, -2.4, -9.9, -8.0, -6.6, -7.1, -13.0, -14.2, -16.0),
        spread_s=300e-9,
    ),
}  # fmt: skip
