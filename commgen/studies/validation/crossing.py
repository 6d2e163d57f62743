"""Where a curve of simulated rates meets a target, with what each draw did to it."""

from dataclasses import dataclass

import numpy as np

from commgen.studies.validation.line import Z


@dataclass(frozen=True)
class Crossing:
    """An SNR read off a curve.

    Parameters
    ----------
    snr_db
        SNR at the target; NaN if the curve does not meet it.
    influence : [n], float
        What each independent draw added to it, to first order, times ``n``; their
        spread is that of the SNR.
    """

    snr_db: float
    influence: np.ndarray

    @property
    def interval(self) -> tuple[float, float, float]:
        """SNR with its interval."""
        half = Z * self.influence.std(ddof=1) / np.sqrt(len(self.influence))
        return self.snr_db, float(self.snr_db - half), float(self.snr_db + half)

    def minus(self, other: "Crossing") -> tuple[float, float, float]:
        """Return the difference, with its interval, of two readings of the same draws.

        What the draws did to both cancels.
        """
        difference = self.snr_db - other.snr_db
        return Crossing(difference, self.influence - other.influence).interval


def error_rate_crossing(snr_db, errors, target: float) -> Crossing:
    """Return where an error rate comes down to ``target``, its logarithm linear.

    Parameters
    ----------
    snr_db : [num_snr], float
        Ascending.
    errors : [num_snr, n], bool
        Whether each draw was an error; the draws are the same at all SNRs.
    target
        In (0, 1).
    """
    errors = np.asarray(errors, float)
    # Where no error was seen, half an error is taken.
    mean = np.maximum(errors.mean(1), 0.5 / errors.shape[1])
    value, influence = -np.log(mean), -(errors / mean[:, None] - 1)
    return _crossing(np.asarray(snr_db, float), value, influence, -np.log(target))


def throughput_crossing(snr_db, delivered, transmissions, target: float) -> Crossing:
    """Return where deliveries over transmissions come up to ``target``.

    Parameters
    ----------
    snr_db : [num_snr], float
        Ascending.
    delivered, transmissions : [num_snr, n], int
        Of each HARQ process; the processes are the same at all SNRs.
    target
        In (0, 1).
    """
    top, bottom = np.asarray(delivered, float), np.asarray(transmissions, float)
    value = top.sum(1) / bottom.sum(1)
    influence = (top - value[:, None] * bottom) / bottom.mean(1)[:, None]
    return _crossing(np.asarray(snr_db, float), value, influence, target)


def _crossing(x, value, influence, level: float) -> Crossing:
    """Invert a rising, piecewise linear curve, and carry the influence through."""
    met = np.flatnonzero(value >= level)
    if not met.size or met[0] == 0:
        return Crossing(float("nan"), influence[0] * np.nan)
    k = met[0]
    step, rise = x[k] - x[k - 1], value[k] - value[k - 1]
    snr_db = x[k - 1] + step * (level - value[k - 1]) / rise
    low, high = (value[k] - level) / rise, (level - value[k - 1]) / rise
    moved = -(step / rise) * (low * influence[k - 1] + high * influence[k])
    return Crossing(float(snr_db), moved)
