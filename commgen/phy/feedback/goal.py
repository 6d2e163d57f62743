"""Reports for the rate of a link to several users, not for the error of a channel."""

from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.generative.model import check_channels
from commgen.phy.feedback.codec import Report
from commgen.phy.feedback.modes import TransformModes
from commgen.phy.feedback.transform import (
    MixtureTransformCodec,
    ModeCodec,
    mixture_of,
    price_of,
)

#: Prices over that of a codec for the squared error at the same rate.
PRICE_STEPS = tuple(2.0 ** np.arange(-2, 3))
# Rate that a bit must gain: between which values it is searched.
_WORTHS = (1e-5, 1.0)
# Modes whose phases are turned, and rounds in which prices find their weights.
_MOST_MODES, _ROUNDS = 4, 2
_LEAST_WEIGHT = 1e-3


class RateTransformCodec(ModeCodec):
    r"""Transform codec of which each report gains the most rate for its bits.

    Two things matter less to the rate of a link to K users than to the squared error.
    The phase of a channel does not matter at all, so the terminal sends the one of
    ``num_phases`` turned channels that is cheapest. And an error matters as far as it
    lets through what goes to others, beside the noise: what the terminal takes for its
    rate is

    .. math:: R(h, \hat h) = \log_2\Bigl(1 + \frac{(P/K)\,|\hat h^H h|^2 / \|\hat h\|^2}
        {N_0 + \gamma\,(P/M)\,\|e\|^2}\Bigr)

    with the signal of a matched filter, and the error :math:`e` of the turned channel
    met by M antennas' power :math:`P` in no direction in particular. It sends the mode,
    component and one of several prices, with the largest :math:`R` less ``bit_worth``
    for each bit: a channel that few numbers tell gets them accurately, and one that
    takes many bits for little gets fewer. :meth:`decode` tells turned channels.

    Parameters
    ----------
    prior
        Fitted :class:`~commgen.generative.GaussianMixture`, without conditions.
    no
        Noise variance at a terminal over the power of the base station.
    num_users
        K, that share the power.
    bit_worth
        Rate that a bit must gain.
    prices : [num_prices], float
        Squared errors that a bit must save, of which each report takes one.
    price_weights : [num_prices], float, or None
        How often each is taken, for the length of its name; None for all alike.
    leak
        The factor of the error, gamma.
    num_phases
        Turns within a quarter, beyond which levels repeat.
    """

    def __init__(
        self,
        prior: Any,
        *,
        no: float,
        num_users: int,
        bit_worth: float,
        prices: Any,
        price_weights: Any = None,
        leak: float = 1.0,
        num_phases: int = 16,
    ):
        mixture = mixture_of(prior)
        self.no, self.leak = check_positive("no", no), check_positive("leak", leak)
        self.num_users = check_int("num_users", num_users, low=1)
        self.num_phases = check_int("num_phases", num_phases, low=1)
        self.bit_worth = check_positive("bit_worth", bit_worth)
        self.prices = np.array([check_positive("prices", p) for p in prices])
        if not len(self.prices):
            raise ValueError("prices must be at least one, got none.")
        self.price_weights = _weights(price_weights, len(self.prices))
        K = len(mixture.log_weights)
        components = np.tile(np.arange(K), len(self.prices))
        shares = np.outer(self.price_weights, np.exp(mixture.log_weights)).ravel()
        modes = TransformModes(mixture, components, np.repeat(self.prices, K), shares)
        super().__init__(prior, modes)

    @classmethod
    def of_rate(
        cls,
        prior: Any,
        h: Any,
        num_bits: float,
        *,
        no: float,
        num_users: int,
        leak: float = 1.0,
        num_phases: int = 16,
        price_steps: Any = PRICE_STEPS,
    ) -> "RateTransformCodec":
        """Return the codec that needs ``num_bits`` for a mean channel.

        Parameters
        ----------
        prior, h, num_bits
            As of :meth:`MixtureTransformCodec.of_rate`, and so are the errors.
        no, num_users, leak, num_phases
            As of the class.
        price_steps : [num_prices], float
            Prices over that of the :class:`MixtureTransformCodec` of this rate.
        """
        h = check_channels("h", h, prior.event_shape)
        middle = MixtureTransformCodec.of_rate(prior, h, num_bits).price
        told = {"no": no, "num_users": num_users, "leak": leak}
        told |= {"num_phases": num_phases, "prices": middle * np.asarray(price_steps)}
        weights, worth = None, 0.0

        def codec(worth):
            return cls(prior, bit_worth=worth, price_weights=weights, **told)

        for _ in range(_ROUNDS):
            worth = price_of(
                lambda p: codec(p).encode(h).num_bits.mean(), num_bits, _WORTHS
            )
            found = codec(worth)
            taken = found.chosen(h)[0] // len(prior.mixture.log_weights)
            weights = np.bincount(taken, minlength=len(found.prices)) / len(h)
        return found

    def rate(self, c: np.ndarray, found: np.ndarray, errors: Any, price: float) -> Any:
        """Return what a terminal takes for its rate, [n].

        Parameters
        ----------
        c, found : [n, rank], complex
            Coefficients over the root of the price, and what is read of them.
        errors : [n], float
            Squared errors over the price.
        price
            Of a bit.
        """
        inner = np.abs(np.sum(found.conj() * c, axis=1))
        norm = np.sum(np.abs(found) ** 2, axis=1)
        signal = np.divide(inner**2, norm, out=np.zeros(len(c)), where=norm > 0)
        # The phase that is left is no error.
        lost = np.sum(np.real(found.conj() * c), axis=1) - inner
        error = np.maximum(errors + 2 * lost, 0) / np.prod(self.event_shape)
        noise = self.no + self.leak * price * error
        return np.log2(1 + signal * price / self.num_users / noise)

    def chosen(self, h: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return mode [n] and levels [n, num] of each channel's report."""
        flat = h.reshape(len(h), -1).astype(np.complex128)
        power = np.sum(np.abs(flat) ** 2, axis=1)
        gains = np.stack(
            [self._gain(c, power, m)[0] for m, c in self._modes.each(flat)]
        )
        near = np.argsort(-gains, axis=0)[:_MOST_MODES]
        best, mode = np.full(len(h), -np.inf), np.zeros(len(h), np.int64)
        levels = np.zeros((len(h), 2 * self._modes.mixture.eigenvalues.shape[1]), int)
        for m in np.unique(near):
            rows = np.nonzero((near == m).any(axis=0))[0]
            gain, found = self._turned(flat[rows], power[rows], int(m))
            better = gain > best[rows]
            at = rows[better]
            best[at], mode[at], levels[at] = gain[better], m, found[better]
        return mode, levels

    def _turned(self, flat, power, mode):
        """Return gain and levels of the best phase of each channel in one mode."""
        turns = np.exp(0.5j * np.pi * np.arange(self.num_phases) / self.num_phases)
        c = self._modes.coefficients(flat, mode)
        every = (turns[:, None, None] * c).reshape(-1, c.shape[1])
        gain, levels = self._gain(every, np.tile(power, len(turns)), mode)
        gain = gain.reshape(len(turns), -1)
        best, rows = gain.argmax(axis=0), np.arange(len(c))
        return gain[best, rows], levels.reshape(len(turns), len(c), -1)[best, rows]

    def _gain(self, c, power, mode):
        """Return rate less what the bits are worth, and levels."""
        found = self._modes.quantised(c, power, mode)
        read = found.found.view(np.complex128)
        rate = self.rate(c, read, found.errors, float(self._modes.prices[mode]))
        return rate - self.bit_worth * found.bits, found.levels

    def _encode(self, h: np.ndarray) -> Report:
        pairs = zip(*self.chosen(h), strict=True)
        return Report(tuple(self._modes.written(int(m), s) for m, s in pairs))


def _weights(value: Any, num: int) -> np.ndarray:
    if value is None:
        return np.full(num, 1 / num)
    w = np.asarray(value, np.float64)
    if w.shape != (num,) or not np.isfinite(w).all() or w.min() < 0 or w.max() == 0:
        raise ValueError(
            f"price_weights must be {num} numbers >= 0, not all 0, got {w.tolist()}."
        )
    w = np.maximum(w / w.sum(), _LEAST_WEIGHT)
    return w / w.sum()
