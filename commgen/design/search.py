r"""Search for a constellation: from noise in which points fall together, upwards.

In much noise the best points of many labels lie in few places, and which labels share a
place is easy to find. As the noise falls these places split, and the labels that they
leave behind are good ones: no table of points or of labels is a start.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize

from commgen._checks import check_int
from commgen._progress import progress_bar
from commgen.design.goal import ConstellationGoal
from commgen.design.limits import Limits
from commgen.frame.constellation import Constellation
from commgen.frame.information import ORDER, bit_information, bit_loss
from commgen.measures.decibel import noise_variance

# Where the way up begins [dB], how far below the goal at least, and its longest step.
_FIRST_DB, _LEAST_RISE_DB, _STEP_DB = 0.0, 9.0, 3.5
_STEPS, _LAST_STEPS = 60, 300
# Probabilities are free once points have nearly parted; before they would all fail.
_FREE_DB = 3.6
_ROUGH_ORDER, _FINE_ORDER = 8, 14
_SHAKE = 1e-3
_SNR_DB = (-30.0, 60.0)


@dataclass(frozen=True)
class Found:
    """A constellation, and what it needs.

    Parameters
    ----------
    constellation
        With the goal, seed and start in its card.
    snr_db
        SNR at which its GMI is the goal's rate [dB].
    """

    constellation: Constellation
    snr_db: float


def design_constellation(
    goal: ConstellationGoal,
    *,
    seed: int = 0,
    num_starts: int = 8,
    progress: bool = False,
) -> list[Found]:
    """Search from several random starts; the best one comes first.

    Parameters
    ----------
    goal
        What is asked for.
    seed
        Of the starts.
    num_starts
        Searches, each from points of its own; for ``probabilistic`` one is enough.
    progress
        Show a progress bar.

    Returns
    -------
    list of Found
        One for each start that keeps the goal's limits, by the SNR that it needs.

    Raises
    ------
    ValueError
        If no start ends within the limits.
    """
    check_int("seed", seed, low=0)
    check_int("num_starts", num_starts, low=1)
    if goal.shaping == "probabilistic":
        num_starts = 1
    found = []
    with progress_bar("searching", num_starts, unit="starts", enabled=progress) as go:
        for start in range(num_starts):
            one = _search(goal, seed, start)
            found += [] if one is None else [one]
            best = min((f.snr_db for f in found), default=np.nan)
            go(1, note=f"best {best:.3f} dB")
    if not found:
        raise ValueError(
            f"peak_db = {goal.peak_db} and least_distance = {goal.least_distance} must "
            f"leave room for {2**goal.num_bits_per_symbol} points, got none in "
            f"{num_starts} starts."
        )
    return sorted(found, key=lambda f: f.snr_db)


def snr_db_needed(
    constellation: Constellation, goal: ConstellationGoal, *, order: int = ORDER
) -> float:
    """SNR at which a constellation has the goal's rate on the goal's channel [dB].

    Parameters
    ----------
    constellation
        Of any size whose entropy is above the rate.
    goal
        Rate and channel.
    order
        As of :func:`~commgen.frame.information.gmi`.

    Returns
    -------
    float
        Infinite where no SNR is enough, as phase noise can make it.
    """
    x, log_p = constellation.points, np.log(constellation.probabilities)

    def missing(snr_db):
        nats = bit_loss(x, log_p, goal.observed(snr_db, order)).nats
        return constellation.entropy - nats / np.log(2) - goal.rate

    if missing(_SNR_DB[1]) < 0:
        return np.inf
    found: Any = brentq(missing, *_SNR_DB, xtol=1e-4)
    return float(found)


class _Variables:
    """Points and probabilities as one vector, of any scale."""

    def __init__(self, goal: ConstellationGoal, *, shaped: bool):
        self.size = 2**goal.num_bits_per_symbol
        self.fixed = None
        if goal.shaping == "probabilistic":
            self.fixed = Constellation.qam(goal.num_bits_per_symbol).points
        self.shaped = shaped

    def start(self, rng) -> np.ndarray:
        if self.fixed is not None:
            return np.zeros(self.size)
        return rng.standard_normal(2 * self.size)

    def read(self, z):
        """Return points of unit power, logarithms of probabilities, and the scale."""
        raw, theta = self.fixed, z
        if raw is None:
            raw = z[: self.size] + 1j * z[self.size : 2 * self.size]
            theta = z[2 * self.size :] if self.shaped else np.zeros(self.size)
        log_p = theta - np.logaddexp.reduce(theta)
        scale = np.sqrt(np.exp(log_p) @ np.abs(raw) ** 2)
        return raw / scale, log_p, scale

    def slopes(self, x, log_p, scale, by_point, by_log_p) -> np.ndarray:
        """Chain derivatives back to the vector: unit power, probabilities of sum 1."""
        p = np.exp(log_p)
        radial = float(np.sum(by_point.real * x.real + by_point.imag * x.imag))
        parts = []
        if self.fixed is None:
            by_raw = (by_point - radial * p * x) / scale
            parts += [by_raw.real, by_raw.imag]
        if self.shaped or self.fixed is not None:
            by_log_p = by_log_p - 0.5 * radial * p * np.abs(x) ** 2
            parts.append(by_log_p - p * by_log_p.sum())
        return np.concatenate(parts)

    def free_probabilities(self, z):
        """Return variables whose probabilities are free too, and z for them."""
        x = z / np.sqrt(np.mean(z**2))
        other = object.__new__(_Variables)
        other.size, other.fixed, other.shaped = self.size, self.fixed, True
        return other, np.concatenate([x, np.zeros(self.size)])


def _search(goal, seed, start) -> Found | None:
    rng = np.random.default_rng([seed, start])
    variables = _Variables(goal, shaped=False)
    z = variables.start(rng)
    # Shannon's SNR is a little too low for any constellation.
    snr_db = 10 * np.log10(2**goal.rate - 1) + 0.3
    limits = Limits(goal)
    # Of points that stay where they are there is nothing to find in more noise.
    for at_db in _way_up(snr_db) if variables.fixed is None else ():
        near = snr_db - at_db <= _FREE_DB
        if goal.shaping == "joint" and near and not variables.shaped:
            variables, z = variables.free_probabilities(z)
        z = _climb(goal, variables, limits, z, at_db, _STEPS, _ROUGH_ORDER)
        z = z + _SHAKE * np.sqrt(np.mean(z**2)) * rng.standard_normal(len(z))
    for _ in range(2):  # at the SNR that this very constellation needs
        x, log_p, _ = variables.read(z)
        snr_db = snr_db_needed(Constellation.of(x, None, np.exp(log_p)), goal, order=16)
        if not np.isfinite(snr_db):
            return None
        z = limits.enforce(
            lambda z, lim, at=snr_db, of=variables: _climb(
                goal, of, lim, z, at, _LAST_STEPS, _FINE_ORDER
            ),
            z,
            variables.read,
        )
    x, log_p, _ = variables.read(z)
    if not limits.kept(x):
        return None
    made = strongest_first(Constellation.of(x, None, np.exp(log_p)), snr_db)
    snr_db = snr_db_needed(made, goal)
    card = {"goal": goal.model_dump(mode="json"), "seed": seed, "start": start}
    return Found(replace(made, card={**card, "snr_db": round(snr_db, 4)}), snr_db)


def strongest_first(constellation: Constellation, snr_db: float) -> Constellation:
    """Return the same points with the bits of their labels in order of information.

    The GMI is the same; the NR code is not: its interleaver puts information bits on
    the first bits of a symbol, which are the strongest of QAM too. In the other order
    half a dB of its block error rate is lost.

    Parameters
    ----------
    constellation
        Any.
    snr_db
        At which bits are compared [dB].
    """
    no = float(noise_variance(snr_db))
    order = np.argsort(-bit_information(constellation, no, order=_ROUGH_ORDER))
    labels = constellation.bits[:, order] @ (2 ** np.arange(len(order))[::-1])
    return Constellation.of(
        constellation.points,
        labels,
        constellation.probabilities,
        card=constellation.card,
    )


def _way_up(snr_db) -> np.ndarray:
    """Return the SNRs of the way up to one [dB]."""
    first = min(_FIRST_DB, snr_db - _LEAST_RISE_DB)
    return np.linspace(first, snr_db, 1 + int(np.ceil((snr_db - first) / _STEP_DB)))


def _climb(goal, variables, limits, z, snr_db, num_steps, order):
    """Go up the GMI at one SNR, by L-BFGS."""
    seen = goal.observed(snr_db, order)

    def missing(z):
        x, log_p, scale = variables.read(z)
        loss = bit_loss(x, log_p, seen)
        # The entropy is what there is to lose: it counts against the loss.
        by_log_p = loss.by_log_p + np.exp(log_p) * (1 + log_p)
        penalty, by_point = limits.penalty(x)
        value = loss.nats + np.exp(log_p) @ log_p + penalty
        slopes = variables.slopes(x, log_p, scale, loss.by_point + by_point, by_log_p)
        return value, slopes

    options = {"maxiter": num_steps, "maxcor": 20}
    return minimize(missing, z, jac=True, method="L-BFGS-B", options=options).x
