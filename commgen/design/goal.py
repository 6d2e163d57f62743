"""What a constellation is asked to do."""

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator
from scipy.optimize import brentq

from commgen._settings import Float, PositiveFloat, Settings
from commgen.design.channel import gain_nodes, phase_nodes, rice_gains
from commgen.frame.information import ORDER, Observations, noise_nodes
from commgen.measures.decibel import from_db

# Nodes of the noise along an axis, above which phases and gains get their finer rules.
_FINE_FROM = 12
_PHASES, _GAINS = (4, 7), (6, 10)
# Of what is not received at all.
_LEAST_GAIN = 1e-9
# Nodes of the noise that are enough where phases or gains spread it anyway.
_SPREAD_ORDER = 14
_SNR_DB = (-60.0, 80.0)


def _as_several(value: Any) -> Any:
    return (value,) if isinstance(value, int | float) else value


Snrs = Annotated[
    tuple[Annotated[Float, Field(ge=-20, le=50)], ...],
    BeforeValidator(_as_several),
    Field(min_length=1, max_length=64),
]


class ConstellationGoal(Settings):
    r"""Rate or SNRs, channel and limits of a constellation.

    Parameters
    ----------
    num_bits_per_symbol
        Bits of a label, 1 to 8: 2, 4, ..., 256 points.
    rate
        Bits that one symbol is to carry at the least SNR, above 0 and below
        ``num_bits_per_symbol``: the coded ones that a code of this rate protects.
    snr_db
        In place of a rate: SNR at which as many bits as can be are to be carried, or
        several, over which their mean is taken [dB].
    shaping
        ``geometric``: where the points lie, all equally likely; ``probabilistic``: how
        likely those of square QAM are; ``joint``: both.
    phase_noise_deg
        Standard deviation of a Gaussian phase of each symbol, of which the receiver
        knows this much.
    cfo_deg
        Phase by which a residual frequency offset turns a block [deg], the receiver
        being right in its middle: a phase of each symbol, equally likely within plus
        and minus half of it. The demapper counts on its variance.
    rice_factor
        Fading that the receiver knows: power of the constant part over that of the
        Rayleigh one, linear; 0 is Rayleigh fading.
    gains
        In its place: squared magnitudes of channels, all equally likely; what counts is
        their ratio to their mean.
    saturation
        Smoothness p of a Rapp amplifier that the symbols go through before the channel,
        above 0; 2 is soft, 20 a hard limit. An SNR is then the saturated power over
        that of the noise, and how far the amplifier is driven is part of the search,
        where no point has more than 6 dB over the saturated power. Symbols are taken
        one by one, without a filter between them.
    peak_db
        Most power of a point over the mean power [dB].
    least_distance
        Least distance of two points, of unit mean power.
    dac_bits
        Bits of a converter on each axis: coordinates are odd whole numbers between
        plus and minus :math:`2^b - 1`, times one factor.
    """

    num_bits_per_symbol: Annotated[int, Field(ge=1, le=8)] = 6
    rate: PositiveFloat | None = None
    snr_db: Snrs | None = None
    shaping: Literal["geometric", "probabilistic", "joint"] = "geometric"
    phase_noise_deg: Annotated[Float, Field(ge=0, le=45)] = 0.0
    cfo_deg: Annotated[Float, Field(ge=0, le=90)] = 0.0
    rice_factor: Annotated[Float, Field(ge=0, le=1e4)] | None = None
    gains: tuple[Annotated[Float, Field(ge=0)], ...] | None = None
    saturation: Annotated[Float, Field(gt=0, le=100)] | None = None
    peak_db: Annotated[Float, Field(ge=0)] | None = None
    least_distance: PositiveFloat | None = None
    dac_bits: Annotated[int, Field(ge=1, le=12)] | None = None

    @model_validator(mode="after")
    def _check(self):
        if (self.rate is None) == (self.snr_db is None):
            raise ValueError(
                f"rate or snr_db must be given, one of them, got {self.rate} and "
                f"{self.snr_db}"
            )
        if self.rate is not None and self.rate >= self.num_bits_per_symbol:
            raise ValueError(
                f"rate must be below num_bits_per_symbol = {self.num_bits_per_symbol}, "
                f"got {self.rate:g}"
            )
        self._check_shaping()
        self._check_grid()
        if self.gains is not None and self.rice_factor is not None:
            raise ValueError(
                f"rice_factor must be left out where gains are given, got "
                f"{self.rice_factor:g}"
            )
        if self.gains is not None and not sum(self.gains) > 0:
            raise ValueError(
                f"gains must have one above 0, got {len(self.gains)} without"
            )
        return self

    def _check_shaping(self):
        limited = self.peak_db is not None or self.least_distance is not None
        if self.saturation is not None and limited:
            raise ValueError(
                "peak_db and least_distance must be left out where an amplifier limits "
                f"the points, got {self.peak_db} and {self.least_distance}"
            )
        if self.saturation is not None and self.shaping == "probabilistic":
            raise ValueError(
                "shaping must be geometric or joint where an amplifier bends the "
                "points, got probabilistic"
            )
        if self.shaping != "probabilistic":
            return
        if self.num_bits_per_symbol % 2:
            raise ValueError(
                "num_bits_per_symbol must be even where the points are those of square "
                f"QAM, got {self.num_bits_per_symbol}"
            )
        if limited:
            raise ValueError(
                "peak_db and least_distance must be left out where the points are "
                f"fixed, got {self.peak_db} and {self.least_distance}"
            )

    def _check_grid(self):
        if self.dac_bits is None:
            return
        if 2 * self.dac_bits < self.num_bits_per_symbol:
            raise ValueError(
                f"dac_bits must leave room for {2**self.num_bits_per_symbol} points, "
                f"got {self.dac_bits}: {4**self.dac_bits} places"
            )
        if self.saturation is not None or self.shaping == "probabilistic":
            raise ValueError(
                "dac_bits must be left out behind an amplifier, and where the points "
                f"are fixed, got {self.dac_bits}"
            )

    @property
    def is_plain(self) -> bool:
        """Whether white noise is all that the channel does."""
        faded = self.rice_factor is not None or self.gains is not None
        return not faded and not self.phase_var

    @property
    def order(self) -> int:
        """Nodes of the noise along an axis that a result is judged with."""
        return ORDER if self.is_plain else _SPREAD_ORDER

    @property
    def phase_var(self) -> float:
        """Variance of the phase that the receiver does not know [rad^2]."""
        return float(np.deg2rad(self.phase_noise_deg) ** 2 + self._width**2 / 12)

    @property
    def _width(self):
        return float(np.deg2rad(self.cfo_deg))

    @cached_property
    def _fading(self) -> np.ndarray:
        if self.gains is not None:
            return np.array(self.gains) / np.mean(self.gains)
        return np.ones(1) if self.rice_factor is None else rice_gains(self.rice_factor)

    def observed(self, snr_db: float | Sequence[float], order: int) -> Observations:
        """Return what is received at an SNR, as quadrature of ``order`` nodes an axis.

        Parameters
        ----------
        snr_db
            Mean symbol power over noise [dB], of the saturated one behind an amplifier;
            or several SNRs, all equally likely.
        order
            As of :func:`~commgen.frame.information.noise_nodes`; from 12 on phases and
            gains have more nodes too.
        """
        fine = order >= _FINE_FROM
        phases, chances = phase_nodes(
            np.deg2rad(self.phase_noise_deg), self._width, _PHASES[fine]
        )
        n, w = noise_nodes(order)
        snrs, parts = from_db(np.atleast_1d(snr_db)), []
        for snr in snrs:
            gains, shares = gain_nodes(self._fading, snr, _GAINS[fine])
            no = (1 / (snr * np.maximum(gains, _LEAST_GAIN)))[:, None, None]
            turned = np.broadcast_arrays(no, np.exp(1j * phases)[:, None], n)
            share = shares[:, None, None] * chances[:, None] * w / len(snrs)
            parts.append([a.ravel() for a in (*turned, share)])
        no, turns, n, weights = (np.concatenate(p) for p in zip(*parts, strict=True))
        return Observations(turns, np.sqrt(no) * n, no, weights, self.phase_var)

    def shannon(self, snr_db: float | Sequence[float]) -> float:
        """Bits that no signal passes, phases and amplifier left aside.

        Parameters
        ----------
        snr_db
            As of :meth:`observed`; behind an amplifier it bounds too, no signal being
            stronger than the saturated one.
        """
        snr = from_db(np.atleast_1d(snr_db))[:, None]
        return float(np.mean(np.log2(1 + snr * self._fading)))

    @property
    def shannon_snr_db(self) -> float:
        """SNR below which no signal carries the rate [dB].

        Raises
        ------
        ValueError
            If the goal has SNRs and no rate.
        """
        rate = self.rate
        if rate is None:
            raise ValueError(f"rate must be given, got snr_db = {self.snr_db}.")
        found: Any = brentq(lambda s: self.shannon(s) - rate, *_SNR_DB)
        return float(found)
