"""Which points a sweep has, and when they have enough."""

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from commgen._checks import SNR_LIMIT_DB
from commgen._settings import Count, Float, PositiveFloat, Settings


def _in_range(snr_db: float) -> float:
    if not abs(snr_db) <= SNR_LIMIT_DB:
        raise ValueError(
            f"must be between -{SNR_LIMIT_DB:g} and {SNR_LIMIT_DB:g} dB, beyond which "
            "single precision loses the signal or the square of the noise"
        )
    return snr_db


_Snr = Annotated[Float, AfterValidator(_in_range)]
_Share = Annotated[Float, Field(gt=0, lt=1)]


class SnrRange(Settings):
    """SNRs in equal steps.

    Parameters
    ----------
    snr_start_db, snr_stop_db, snr_step_db
        SNR is 1 / no with channels of unit mean power and symbols of unit power;
        ``snr_stop_db`` is included if the steps meet it. Between -150 and 150 dB.
    """

    snr_start_db: _Snr
    snr_stop_db: _Snr
    snr_step_db: PositiveFloat

    @model_validator(mode="after")
    def _check_range(self):
        if self.snr_stop_db < self.snr_start_db:
            raise ValueError(
                f"snr_stop_db must be at least snr_start_db = {self.snr_start_db}, "
                f"got {self.snr_stop_db}"
            )
        if (self.snr_stop_db - self.snr_start_db) / self.snr_step_db > 1000:
            raise ValueError(
                f"snr_step_db must give at most 1000 points, got {self.snr_step_db}"
            )
        return self

    @property
    def snr_db(self) -> np.ndarray:
        """The SNRs, [num_snr], dB."""
        steps = (self.snr_stop_db - self.snr_start_db) / self.snr_step_db
        return self.snr_start_db + self.snr_step_db * np.arange(int(steps + 1e-9) + 1)


class StoppingRule(Settings):
    """How many trials a batch has, and when a point of a sweep has enough.

    Parameters
    ----------
    batch_size
        Trials (slots of a link) at once. It belongs to the numbers: another size, other
        trials.
    max_num_blocks
        Blocks (codewords of a link) at each point, rounded up to whole batches.
    target_block_errors
        A curve rests at a point once it has that many block errors, and, if
        ``target_relative_width`` is given, an interval as narrow as that.
    target_relative_width
        Width of the 95 % interval of the block error rate, as a share of the rate.
    min_bler
        A curve also rests at a point where its rate lies below this, with 95 %
        confidence: rarer than anyone asked for.
    target_bler
        Rates at which points and gains between curves are read off.
    target_throughput
        Likewise fractions of the greatest throughput, where there is one.
    """

    batch_size: Annotated[Count, Field(le=100_000)] | None = None
    max_num_blocks: Count
    target_block_errors: Count
    target_relative_width: PositiveFloat | None = None
    min_bler: _Share | None = None
    target_bler: tuple[_Share, ...] = (0.1, 0.01)
    target_throughput: tuple[_Share, ...] = (0.7,)


class SweepConfig(StoppingRule, SnrRange):
    """Which SNRs, and when it is enough.

    Parameters
    ----------
    snr_start_db, snr_stop_db, snr_step_db
        As in :class:`SnrRange`.
    batch_size
        Slots simulated at once; left out, as many as keep the channel below 32 MiB.
    max_num_blocks, target_block_errors, target_relative_width, min_bler, target_bler, \
target_throughput
        As in :class:`StoppingRule`.
    """
