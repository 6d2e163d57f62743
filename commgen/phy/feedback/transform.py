"""Transform coding of channels under a mixture: KLT, quantisers, arithmetic coder."""

from collections.abc import Callable
from typing import Any

import numpy as np

from commgen._checks import check_positive
from commgen.generative.mixture.model import MixtureModel
from commgen.generative.model import Posterior, check_channels
from commgen.phy.feedback.codec import Codec, Report
from commgen.phy.feedback.modes import TransformModes

# Range of the price of a bit over the power of a channel, and steps of the search.
_PRICES, _HALVINGS = (1e-7, 10.0), 30


class ModeCodec(Codec):
    """Codec of a mixture whose reports tell a mode, and what it quantises.

    Parameters
    ----------
    prior
        Fitted :class:`~commgen.generative.GaussianMixture`, without conditions.
    modes
        Ways to send a channel.
    """

    def __init__(self, prior: Any, modes: TransformModes):
        super().__init__(prior.event_shape)
        self._modes = modes

    def decode(self, report: Report) -> Posterior:
        """As :meth:`Codec.decode`."""
        known = [self._known(bits, i) for i, bits in enumerate(report.bits)]
        size = int(np.prod(self.event_shape))
        mean = np.empty((len(known), size), complex)
        variances = np.empty(mean.shape)
        bases = np.array([self._modes.basis(mode) for mode, *_ in known], int)
        for basis in np.unique(bases):
            rows = np.nonzero(bases == basis)[0]
            U = self._modes.vectors(known[rows[0]][0])
            c, errors = (np.stack([known[i][j] for i in rows]) for j in (1, 2))
            rest = np.array([known[i][3] for i in rows])
            squares = np.abs(U) ** 2
            mean[rows] = c @ U.T
            variances[rows] = errors @ squares.T
            variances[rows] += rest[:, None] * (1 - squares.sum(axis=1))
        shape = (len(known), *self.event_shape)
        return Posterior(
            mean.reshape(shape).astype(np.complex64),
            np.maximum(variances, 0).reshape(shape).astype(np.float32),
        )

    def error_covariance(self, report: Report) -> np.ndarray:
        """Return what reports tell of the error of a channel, beyond its variances.

        Returns
        -------
        [n, size, size], complex64
            E[e e^H] of the flattened error e of each.

        Raises
        ------
        ValueError
            As of :meth:`decode`.
        """
        found = []
        for i, bits in enumerate(report.bits):
            mode, _, errors, rest = self._known(bits, i)
            U = self._modes.vectors(mode)
            C = (U * (errors - rest)) @ U.conj().T + rest * np.eye(len(U))
            found.append(C.astype(np.complex64))
        return np.stack(found)

    def _known(self, bits, i):
        """Return mode, coefficients, their errors, and that of the rest."""
        mode, levels = self._modes.read(bits, i)
        c, errors = self._modes.levels(mode, levels)
        rest, U = 0.0, self._modes.vectors(mode)
        if U.shape[1] < U.shape[0]:
            rest = float(self._modes.mixture.remainder[self._modes.components[mode]])
        return mode, c, errors, rest


class MixtureTransformCodec(ModeCodec):
    r"""Karhunen-Loève transform of the likeliest component, then counted bits.

    Of a component :math:`\mathcal{CN}(0, U \Lambda U^H)` the numbers :math:`U^H h` are
    independent. Each is quantised at one price of a bit, which is reverse water-filling
    over all of them, and written by an arithmetic coder under its own distribution.
    The component goes ahead, coded by its weight; it is the one that makes error plus
    price of the bits least, not the likeliest. With one component this is the KLT of
    the sample covariance.

    Parameters
    ----------
    prior
        Fitted :class:`~commgen.generative.GaussianMixture`, without conditions.
    price
        Squared error that a bit must save.
    """

    def __init__(self, prior: Any, price: float):
        mixture = mixture_of(prior)
        self.price = check_positive("price", price)
        num = len(mixture.log_weights)
        weights = np.exp(mixture.log_weights)
        modes = TransformModes(
            mixture, np.arange(num), np.full(num, self.price), weights
        )
        super().__init__(prior, modes)

    @classmethod
    def of_rate(cls, prior: Any, h: Any, num_bits: float) -> "MixtureTransformCodec":
        """Return the codec that needs ``num_bits`` for a mean channel.

        Parameters
        ----------
        prior
            As of the class.
        h : [n, *event_shape], complex
            Channels to count the bits of, none that are judged by.
        num_bits
            Above 0.

        Raises
        ------
        ValueError
            If no price leads to so few or so many bits.
        """
        num_bits = check_positive("num_bits", num_bits)
        h = check_channels("h", h, prior.event_shape)
        price = price_of(
            lambda p: cls(prior, p).encode(h).num_bits.mean(), num_bits, _PRICES
        )
        return cls(prior, price)

    def _encode(self, h: np.ndarray) -> Report:
        flat = h.reshape(len(h), -1).astype(np.complex128)
        power = np.sum(np.abs(flat) ** 2, axis=1)
        best = np.full(len(h), np.inf)
        mode = np.zeros(len(h), np.int64)
        levels = np.zeros((len(h), 2 * self._modes.mixture.eigenvalues.shape[1]), int)
        for k, c in self._modes.each(flat):
            found = self._modes.quantised(c, power, k)
            cost = found.errors + found.bits
            better = cost < best
            best[better], mode[better] = cost[better], k
            levels[better] = found.levels[better]
        pairs = zip(mode, levels, strict=True)
        return Report(tuple(self._modes.written(int(k), s) for k, s in pairs))


def mixture_of(prior: Any) -> Any:
    """Return the components of a prior.

    Raises
    ------
    ValueError
        If it is no mixture, or one with conditions.
    """
    if not isinstance(prior, MixtureModel) or prior.num_conditions:
        raise ValueError(
            "prior must be a GaussianMixture without conditions, got "
            f"{type(prior).__name__}."
        )
    return prior.mixture


def price_of(
    mean_bits: Callable[[float], float],
    num_bits: float,
    prices: tuple[float, float],
) -> float:
    """Return the price at which a mean channel needs at most so many bits.

    Parameters
    ----------
    mean_bits
        Bits of a mean channel at a price.
    num_bits
        That are wanted.
    prices
        Between which to search.

    Raises
    ------
    ValueError
        If no price between leads to so few or so many.
    """
    low, high = np.log(prices)
    fewest, most = (mean_bits(float(np.exp(p))) for p in (high, low))
    if not fewest <= num_bits <= most:
        raise ValueError(
            f"num_bits must be between {fewest:.1f} and {most:.0f}, what channels "
            f"like these can take, got {num_bits:g}."
        )
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        mean = mean_bits(float(np.exp(middle)))
        low, high = (middle, high) if mean > num_bits else (low, middle)
        if high - low < 1e-3:
            break
    return float(np.exp(high))
