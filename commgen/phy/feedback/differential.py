"""Reports over time: what a channel is beyond what its last reports foresee."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.generative.model import Posterior, check_channels
from commgen.phy.feedback import arithmetic
from commgen.phy.feedback.codec import Report
from commgen.phy.feedback.lags import LagProcess, Lags
from commgen.phy.feedback.modes import (
    TransformModes,
    levels_read,
    quantise,
    read,
    read_mode,
    write,
)
from commgen.phy.feedback.quantiser import Quantisers
from commgen.phy.feedback.transform import mixture_of, price_of

_PRICES = (1e-4, 10.0)
# How often a channel keeps its component, for the length of the sign that it does.
_STAYS = 0.9
_CHANGES = -float(np.log2(1 - _STAYS))
# Mode of a report that did not arrive, or could not be read.
_NOTHING = -1


@dataclass(frozen=True, eq=False)
class TrackState:
    """What one end of a link holds after a slot.

    Parameters
    ----------
    slot
        Slots so far.
    components : [n], int
        Component of each channel; 0 where none was told.
    lags : Lags
        Its coefficients.
    in_step : [n], bool
        Whether the other end holds the same, as far as is known: False before the
        first report, and from a lost one to the next whole one.
    """

    slot: int
    components: np.ndarray
    lags: Lags
    in_step: np.ndarray


class DifferentialCodec:
    r"""Codec of a mixture that remembers: it sends what the last slots do not foresee.

    Both ends hold a component for each channel, and Kalman's filter of its coefficients
    over what was decoded. A report tells, at one price of a bit as in
    :class:`MixtureTransformCodec`, either the innovations, each with the quantiser of
    its foreseen variance, or a whole channel with its component, whichever makes error
    plus price of the bits less. In every ``refresh`` slots one report is a whole one,
    for a receiver that lost one: until then it foresees as well as it can. Unlike a
    :class:`Codec` this one takes and returns the state of its end.

    Parameters
    ----------
    prior
        Fitted :class:`~commgen.generative.GaussianMixture`, without conditions.
    price
        Squared error that a bit must save.
    correlations : [order], float
        As of :class:`~commgen.phy.feedback.lags.LagProcess`.
    refresh
        Slots from one whole report to the next, shifted from channel to channel; None
        for none but the first.
    told
        Whether terminals are told which reports were lost, see :meth:`heard`; then the
        ends stay in step.

    Examples
    --------
    A terminal and a base station go through a slot:

    >>> from commgen.generative import GaussianMixture
    >>> h = np.random.default_rng(0).normal(size=(500, 4)) + 0j
    >>> prior = GaussianMixture((4,), 1).fit(h, seed=0)
    >>> codec = DifferentialCodec(prior, 0.1, [0.9])
    >>> terminal = station = codec.start(500)
    >>> report, terminal = codec.encode(terminal, h)
    >>> found, station = codec.decode(station, report)
    >>> found.mean.shape
    (500, 4)
    """

    def __init__(
        self,
        prior: Any,
        price: float,
        correlations: Any,
        *,
        refresh: int | None = None,
        told: bool = False,
    ):
        mixture = mixture_of(prior)
        self.event_shape = tuple(prior.event_shape)
        self.price = check_positive("price", price)
        self.refresh, self.told = refresh, told
        if refresh is not None:
            check_int("refresh", refresh, low=1)
        self._process = LagProcess(correlations)
        self._spectra = mixture.eigenvalues.astype(np.float64)
        K, weights = len(self._spectra), np.exp(mixture.log_weights)
        prices = np.full(K, self.price)
        self._whole = TransformModes(mixture, np.arange(K), prices, weights)
        # What goes ahead of a report: the component of a whole one, or the last sign.
        self._first = arithmetic.cumulative(np.append((1 - _STAYS) * weights, _STAYS))
        self._whole_first = arithmetic.cumulative(np.append(weights, 0.0))
        self._stay = K

    @classmethod
    def of_rate(
        cls,
        prior: Any,
        h: Any,
        num_bits: float,
        correlations: Any,
        *,
        refresh: int | None = None,
        start: int = 0,
    ) -> "DifferentialCodec":
        """Return the codec that needs ``num_bits`` for a mean channel of a mean slot.

        Parameters
        ----------
        prior, correlations, refresh
            As of the class.
        h : [n, num_slots, *event_shape], complex
            Channels slot by slot to count the bits of, none that are judged by.
        num_bits
            Above 0.
        start
            First slot that is counted.

        Raises
        ------
        ValueError
            If no price leads to so few or so many bits.
        """
        num_bits = check_positive("num_bits", num_bits)

        def mean_bits(price):
            codec = cls(prior, price, correlations, refresh=refresh)
            state, bits = codec.start(len(h)), []
            for t in range(h.shape[1]):
                report, state = codec.encode(state, h[:, t])
                bits.append(report.num_bits.mean())
            return float(np.mean(bits[start:]))

        price = price_of(mean_bits, num_bits, _PRICES)
        return cls(prior, price, correlations, refresh=refresh)

    def start(self, n: int) -> TrackState:
        """Return what either end holds of ``n`` channels before the first slot."""
        components = np.zeros(n, np.int64)
        lags = self._process.start(self._spectra[components])
        return TrackState(0, components, lags, np.zeros(n, bool))

    def encode(self, state: TrackState, h: Any) -> tuple[Report, TrackState]:
        """Return the reports of a slot, and the state of the terminals behind it.

        Parameters
        ----------
        state
            Of the slot before.
        h : [n, *event_shape], complex
            Channels, as many as in the state.

        Raises
        ------
        ValueError
            If the channels are not as
            :func:`~commgen.generative.model.check_channels` asks.
        """
        h = check_channels("h", h, self.event_shape)
        self._check_number(state, len(h))
        flat = h.reshape(len(h), -1).astype(np.complex128)
        power = np.sum(np.abs(flat) ** 2, axis=1)
        foreseen, due = self._foreseen(state), self._is_due(state)
        change = np.where(due, 0.0, _CHANGES)
        cost, levels = self._innovations(flat, power, state.components, foreseen)
        cost[due | ~state.in_step] = np.inf
        mode = np.full(len(h), self._stay)
        for k, c in self._whole.each(flat):
            found = self._whole.quantised(c, power, k)
            each = found.errors + found.bits + change
            better = each < cost
            cost[better] = each[better]
            mode[better], levels[better] = k, found.levels[better]
        bits = tuple(
            write(self._table(due[i]), int(mode[i]), levels[i], which)
            for i, which in enumerate(self._which(mode, foreseen))
        )
        return Report(bits), self._behind(state, foreseen, mode, levels)

    def decode(
        self, state: TrackState, report: Report, arrived: Any = None
    ) -> tuple[Posterior, TrackState]:
        """Return what is known of the channels of a slot, and the state behind it.

        Parameters
        ----------
        state
            Of the slot before.
        report
            Of the slot.
        arrived : [n], bool, or None
            Which reports did; None for all. A report of innovations says nothing to
            who has lost one before, unless terminals are told.

        Raises
        ------
        ValueError
            If bits that can be read are none that :meth:`encode` writes.
        """
        n = len(report.bits)
        self._check_number(state, n)
        there = np.ones(n, bool) if arrived is None else np.asarray(arrived, bool)
        foreseen = self._foreseen(state)
        due = self._is_due(state)
        mode = np.full(n, _NOTHING)
        levels = np.zeros((n, 2 * self._spectra.shape[1]), np.int64)
        stays = self._which(np.full(n, self._stay), foreseen)
        for i in np.nonzero(there)[0]:
            table = self._table(due[i])
            first = read_mode(table, report.bits[i], int(i))
            if first != self._stay:
                which = self._whole.which(first)
            elif state.in_step[i]:
                which = stays[i]
            else:
                continue
            mode[i], levels[i] = read(
                table, report.bits[i], int(i), {first: which}.__getitem__
            )
        after = self._behind(state, foreseen, mode, levels)
        return self._known(after), after

    def heard(self, before: TrackState, after: TrackState, arrived: Any) -> TrackState:
        """Return the state of terminals that are told what arrived.

        Those whose reports did not go on as the base station does, in step with it.

        Parameters
        ----------
        before, after
            Their states before and after :meth:`encode`.
        arrived : [n], bool
            Which reports did.
        """
        arrived, foreseen = np.asarray(arrived, bool), self._foreseen(before)
        mean = np.where(arrived[:, None, None], after.lags.mean, foreseen.mean)
        cov = np.where(arrived[:, None, None, None], after.lags.cov, foreseen.cov)
        components = np.where(arrived, after.components, before.components)
        in_step = np.where(arrived, after.in_step, before.in_step)
        return TrackState(after.slot, components, Lags(mean, cov), in_step)

    def _check_number(self, state, n):
        if n != len(state.components):
            raise ValueError(
                f"state must be of the {n} channels of the slot, got one of "
                f"{len(state.components)}."
            )

    def _foreseen(self, state) -> Lags:
        if not state.slot:
            return state.lags
        return self._process.predict(state.lags, self._spectra[state.components])

    def _is_due(self, state) -> np.ndarray:
        """Return where a whole report is due at this slot, [n]."""
        n = len(state.components)
        if state.slot == 0 or self.refresh is None:
            return np.full(n, state.slot == 0)
        return (state.slot + np.arange(n)) % self.refresh == 0

    def _table(self, due) -> np.ndarray:
        """Return frequencies of what goes ahead: where one is due nothing stays."""
        return self._whole_first if due else self._first

    def _innovations(self, flat, power, components, foreseen):
        """Return error and bits together, and levels, of what was not foreseen."""
        c = np.empty((len(flat), self._spectra.shape[1]), complex)
        for k in np.unique(components):
            rows = components == k
            c[rows] = flat[rows] @ self._whole.vectors(k).conj()
        rest = np.maximum(power - np.sum(np.abs(c) ** 2, axis=1), 0) / self.price
        gap = (c - foreseen.mean[..., 0]) / np.sqrt(self.price)
        which = self._which(np.full(len(flat), self._stay), foreseen)
        x, levels, found, bits = quantise(gap, which)
        errors = np.sum((x - found) ** 2, axis=1) + rest
        return errors + bits - np.log2(_STAYS), levels

    def _variances(self, foreseen) -> np.ndarray:
        """Return foreseen variances of real numbers over the price, [n, 2 rank]."""
        return np.repeat(foreseen.cov[..., 0, 0] / 2 / self.price, 2, axis=1)

    def _which(self, mode, foreseen) -> np.ndarray:
        """Return quantisers [n, 2 rank] of reports of given modes."""
        which = Quantisers.number_of(self._variances(foreseen))
        for k in np.unique(mode[(mode >= 0) & (mode < self._stay)]):
            which[mode == k] = self._whole.which(k)
        return which

    def _behind(self, state, foreseen, mode, levels) -> TrackState:
        """Return the state behind reports of given modes and levels."""
        stays, whole = mode == self._stay, (mode >= 0) & (mode < self._stay)
        components = np.where(whole, mode, state.components)
        spectra = self._spectra[components]
        fresh = self._process.start(spectra)
        mean = np.where(whole[:, None, None], fresh.mean, foreseen.mean)
        cov = np.where(whole[:, None, None, None], fresh.cov, foreseen.cov)
        lags = Lags(mean, cov)
        c, errors = levels_read(
            levels, self._which(mode, lags), self._variances(lags), self.price
        )
        told = (stays | whole)[:, None]
        errors = np.where(told, errors, cov[..., 0, 0])
        lags = self._process.update(lags, np.where(told, c, 0) + mean[..., 0], errors)
        in_step = whole | (state.in_step & (stays | self.told))
        return TrackState(state.slot + 1, components, lags, in_step)

    def _known(self, state) -> Posterior:
        """Return mean and variance of the channels of the slot."""
        c, errors = state.lags.mean[..., 0], state.lags.cov[..., 0, 0]
        shape = (len(c), *self.event_shape)
        mean = np.empty((len(c), int(np.prod(self.event_shape))), complex)
        variances = np.empty(mean.shape)
        remainder = self._whole.mixture.remainder
        for k in np.unique(state.components):
            rows, U = state.components == k, self._whole.vectors(k)
            mean[rows] = c[rows] @ U.T
            squares = np.abs(U) ** 2
            variances[rows] = errors[rows] @ squares.T
            if U.shape[1] < U.shape[0]:
                variances[rows] += remainder[k] * (1 - squares.sum(axis=1))
        return Posterior(
            mean.reshape(shape).astype(np.complex64),
            np.maximum(variances, 0).reshape(shape).astype(np.float32),
        )
