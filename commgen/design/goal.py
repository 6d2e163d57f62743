"""What a constellation is asked to do."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from commgen._settings import Float, PositiveFloat, Settings
from commgen.frame.information import Observations, noise_nodes, white_noise
from commgen.measures.decibel import noise_variance

# Nodes for a phase that the receiver does not know.
_PHASES = 7


class ConstellationGoal(Settings):
    r"""Rate, channel and limits of a constellation.

    Parameters
    ----------
    num_bits_per_symbol
        Bits of a label, 1 to 8: 2, 4, ..., 256 points.
    rate
        Bits that one symbol is to carry, above 0 and below ``num_bits_per_symbol``: the
        coded ones that a code of this rate protects.
    shaping
        ``geometric``: where the points lie, all equally likely; ``probabilistic``: how
        likely those of square QAM are; ``joint``: both.
    phase_noise_deg
        Standard deviation of a Gaussian phase of each symbol, which the receiver does
        not know and counts as noise: its variance :math:`\sigma^2` is added to that of
        the noise.
    peak_db
        Most power of a point over the mean power [dB].
    least_distance
        Least distance of two points, of unit mean power.
    """

    num_bits_per_symbol: Annotated[int, Field(ge=1, le=8)] = 6
    rate: PositiveFloat = 4.0
    shaping: Literal["geometric", "probabilistic", "joint"] = "geometric"
    phase_noise_deg: Annotated[Float, Field(ge=0, le=45)] = 0.0
    peak_db: Annotated[Float, Field(ge=0)] | None = None
    least_distance: PositiveFloat | None = None

    @model_validator(mode="after")
    def _check(self):
        if self.rate >= self.num_bits_per_symbol:
            raise ValueError(
                f"rate must be below num_bits_per_symbol = {self.num_bits_per_symbol}, "
                f"got {self.rate:g}"
            )
        if self.shaping == "probabilistic" and self.num_bits_per_symbol % 2:
            raise ValueError(
                "num_bits_per_symbol must be even where the points are those of square "
                f"QAM, got {self.num_bits_per_symbol}"
            )
        limited = self.peak_db is not None or self.least_distance is not None
        if self.shaping == "probabilistic" and limited:
            raise ValueError(
                "peak_db and least_distance must be left out where the points are "
                f"fixed, got {self.peak_db} and {self.least_distance}"
            )
        return self

    def observed(self, snr_db: float, order: int) -> Observations:
        """Return what is received at an SNR, as quadrature of ``order`` nodes an axis.

        Parameters
        ----------
        snr_db
            Mean symbol power over noise [dB].
        order
            As of :func:`~commgen.frame.information.noise_nodes`.
        """
        no = float(noise_variance(snr_db))
        if not self.phase_noise_deg:
            return white_noise(no, order)
        sigma = np.deg2rad(self.phase_noise_deg)
        phase, share = np.polynomial.hermite_e.hermegauss(_PHASES)
        n, w = noise_nodes(order)
        return Observations(
            np.repeat(np.exp(1j * sigma * phase), len(n)),
            np.tile(no**0.5 * n, _PHASES),
            np.full(_PHASES * len(n), no + sigma**2),
            np.outer(share / share.sum(), w).ravel(),
        )
