"""What a private training spends of its budget, and how much noise it needs."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from commgen._checks import check_int, check_positive

# Noise multipliers that are searched, and how closely.
_LEAST_NOISE, _MOST_NOISE = 0.1, 1e3
_TOLERANCE = 2e-3
# Of privacy losses, in nats: coarser than dp-accounting's own 1e-4, 8 times as fast,
# and epsilon rises by a few 1e-4.
_GRID = 1e-3


@dataclass(frozen=True)
class Spending:
    """What a node's channels are used for.

    Parameters
    ----------
    rate
        Chance of a channel to be in a step, 0 to 1: Poisson sampling.
    num_steps
        Steps of the whole training.
    releases
        Noise multipliers of sums over all channels that are sent besides.
    """

    rate: float
    num_steps: int
    releases: tuple[float, ...] = ()

    def __post_init__(self):
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate must be above 0 and at most 1, got {self.rate}.")
        check_int("num_steps", self.num_steps, low=1)
        for noise in self.releases:
            check_positive("releases", noise)


@lru_cache(maxsize=256)
def spent_epsilon(spending: Spending, noise: float, delta: float) -> float:
    """Return epsilon at delta, for gradients with this noise multiplier.

    The unit of neighbours is one channel, added or removed; the accountant composes
    privacy loss distributions, rounded up (Koskela et al., AISTATS 2020; Doroshenko et
    al., PoPETs 2022), so that it is an upper bound; Renyi accounting is looser, by a
    tenth of epsilon here, and has orders that do not converge.
    """
    _check(noise, delta)
    from dp_accounting.pld import PLDAccountant

    accountant: Any = PLDAccountant(value_discretization_interval=_GRID)
    accountant.compose(_event(spending, noise))
    return float(accountant.get_epsilon(delta))


@lru_cache(maxsize=256)
def noise_multiplier(spending: Spending, epsilon: float, delta: float) -> float:
    """Return the least noise multiplier of the gradients that keeps the budget.

    Found by bisection of :func:`spent_epsilon`.

    Raises
    ------
    ValueError
        If no noise keeps it, since ``releases`` spend it all.
    """
    check_positive("epsilon", epsilon)
    _check(1.0, delta)
    low, high = 0.0, 1.0
    while spent_epsilon(spending, high, delta) > epsilon:
        low, high = high, 2 * high
        if high > _MOST_NOISE:
            raise ValueError(
                f"epsilon must be more than what other releases spend, got {epsilon:g}."
            )
    while high - low > _TOLERANCE * high and high > _LEAST_NOISE:
        middle = (low + high) / 2
        if spent_epsilon(spending, middle, delta) <= epsilon:
            high = middle
        else:
            low = middle
    return high


def _event(spending, noise):
    import dp_accounting as dp

    step = dp.PoissonSampledDpEvent(spending.rate, dp.GaussianDpEvent(noise))
    parts: list[Any] = [dp.SelfComposedDpEvent(step, spending.num_steps)]
    parts += [dp.GaussianDpEvent(release) for release in spending.releases]
    return dp.ComposedDpEvent(parts)


def _check(noise, delta):
    check_positive("noise", noise)
    if not 0 < delta < 1:
        raise ValueError(f"delta must be between 0 and 1, got {delta}.")
