"""Codec of a steered mixture: transform, trellis-coded quantisation, counted bits."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.generative.model import Posterior, check_channels
from commgen.phy.feedback import arithmetic
from commgen.phy.feedback.codec import Codec, Report
from commgen.phy.feedback.encoder_cost import EncoderCost, encoder_cost
from commgen.phy.feedback.steered import SteeredMixture
from commgen.phy.feedback.trellis import search, tables_of, trellis
from commgen.phy.feedback.trellis_tables import TrellisTables, class_of

# Bits that a channel may take, beside 24 for each of its numbers.
_ROOM = 4096
# Range of the price of a bit over the power of an entry, and steps of the search.
_PRICES, _HALVINGS = (1e-5, 10.0), 14


@dataclass(frozen=True)
class Paths:
    """Levels that a trellis search took.

    Parameters
    ----------
    component : [n], int64
        Number of shape and direction of each channel.
    levels : [n, 2 N], int64
        Numbers of the levels; 0 where none is sent.
    which : [n, 2 N], int64
        Classes of variances.
    x : [n, 2 N], float
        What was quantised, in the unit in which a bit has the price one.
    cost : [n], float
        Squared error and bits together, in that unit.
    """

    component: np.ndarray
    levels: np.ndarray
    which: np.ndarray
    x: np.ndarray
    cost: np.ndarray

    def improve(self, others: "Paths") -> None:
        """Take those of ``others`` that cost less."""
        better = others.cost < self.cost
        for name, value in vars(others).items():
            getattr(self, name)[better] = value[better]


class TrellisCodec(Codec):
    r"""Steered transform, trellis-coded vector quantiser, arithmetic coder.

    Of a component :math:`D_s U \Lambda U^H D_s^H` the numbers :math:`U^H D_s^H h` are
    independent. A trellis quantises all that are worth a bit together, and so saves
    most of what quantisers of single numbers lose: the path of least error plus price
    of the bits is found by Viterbi's algorithm, and written by an arithmetic coder
    whose tables follow the path. Shape and direction go ahead, coded by their weight;
    of the likeliest candidates the one that makes error and price of the bits least is
    taken. One model and one set of tables serve all prices.

    Parameters
    ----------
    model
        Fitted :class:`~commgen.phy.feedback.SteeredMixture`.
    tables
        From :func:`~commgen.phy.feedback.learn_tables`.
    price
        Squared error that a bit must save.
    num_candidates
        Components that the encoder tries.
    integer
        Whether the terminal's transform has weights and inputs of eight bits, each
        vector and each channel with a scale of its own; the decoder's has not.
    num_phases
        Turns within a quarter, of which the cheapest one is sent: a rate does not see
        the phase of a channel. :meth:`decode` tells turned channels where above 1.
    """

    def __init__(
        self,
        model: SteeredMixture,
        tables: TrellisTables,
        price: float,
        *,
        num_candidates: int = 16,
        integer: bool = False,
        num_phases: int = 1,
    ):
        super().__init__(model.event_shape)
        self.price = check_positive("price", price)
        self._num_phases = check_int("num_phases", num_phases, low=1)
        self._model, self._tables, self._trellis = (
            model,
            tables,
            trellis(tables.num_states),
        )
        most = model.log_weights.size
        self._num = min(check_int("num_candidates", num_candidates, low=1), most)
        variances, self._vectors = model.eigen
        self._integer = integer
        self._analysis = self._vectors.conj()
        if integer:
            self._analysis = _eight_bits(self._analysis, axis=1)
        self._which = class_of(np.repeat(variances / 2 / self.price, 2, axis=1))
        weights = np.exp(model.log_weights.ravel())
        self._first = arithmetic.cumulative(weights)
        self._head = -np.log2(np.diff(self._first) / arithmetic.TOTAL)
        self._lengths = tables.lengths

    @classmethod
    def of_rate(
        cls,
        model: SteeredMixture,
        tables: TrellisTables,
        h: Any,
        num_bits: float,
        **options: Any,
    ) -> "TrellisCodec":
        """Return the codec that needs ``num_bits`` for a mean channel.

        Parameters
        ----------
        model, tables, **options
            As of the class.
        h : [n, N], complex
            Channels to count the bits of, none that are judged by.
        num_bits
            Above 0.

        Raises
        ------
        ValueError
            If no price leads to so few or so many bits.
        """
        num_bits = check_positive("num_bits", num_bits)
        h = check_channels("h", h, model.event_shape)
        low, high = np.log(_PRICES) + np.log(np.mean(np.abs(h) ** 2))

        def needed(log_price):
            codec = cls(model, tables, float(np.exp(log_price)), **options)
            return codec.encode(h).num_bits.mean()

        fewest, most = needed(high), needed(low)
        if not fewest <= num_bits <= most:
            raise ValueError(
                f"num_bits must be between {fewest:.1f} and {most:.0f}, what channels "
                f"like these can take, got {num_bits:g}."
            )
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if needed(middle) > num_bits else (low, middle)
            if high - low < 2e-3:
                break
        return cls(model, tables, float(np.exp(high)), **options)

    def _encode(self, h: np.ndarray) -> Report:
        paths = self.searched(h)
        parts = zip(paths.component, paths.levels, strict=True)
        return Report(tuple(self._written(k, levels) for k, levels in parts))

    def searched(self, h: np.ndarray) -> Paths:
        """Return the best paths of channels [n, N]."""
        size = (len(h), 2 * h.shape[1])
        kept = Paths(
            np.zeros(len(h), np.int64),
            np.zeros(size, np.int64),
            np.zeros(size, np.int64),
            np.zeros(size),
            np.full(len(h), np.inf),
        )
        candidates = self.likeliest(h, self._num).T  # whatever the phase
        for turn in np.arange(self._num_phases) / self._num_phases:
            turned = h * np.exp(0.5j * np.pi * turn) if turn else h
            for k in candidates:
                kept.improve(self.paths(turned, k))
        return kept

    def paths(self, h: np.ndarray, component: np.ndarray) -> Paths:
        """Return the best paths of channels [n, N] under given components [n]."""
        x, which = self.coefficients(h, component)
        levels = np.zeros(x.shape, np.int64)
        cost = self._head[component] + self._path_costs(x, which, levels)
        return Paths(component, levels, which, x, cost)

    def likeliest(self, h: np.ndarray, num: int) -> np.ndarray:
        """Return the likeliest components at this price, [n, num], in no order."""
        noise = self.price / np.log(2)  # where a bit more saves its price
        return self._model.likeliest(h, noise, num)

    def coefficients(self, h, component) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers in the unit of the price, and their classes, [n, 2 N]."""
        shape, direction = np.divmod(component, self._model.log_weights.shape[1])
        turned = self._model.steered(h, direction, -1) / np.sqrt(self.price)
        if self._integer:
            turned = _eight_bits(turned, axis=1)
        c = np.zeros(turned.shape, np.complex128)
        for g in np.unique(shape):
            c[shape == g] = turned[shape == g] @ self._analysis[g]
        return c.view(np.float64), self._which[shape]

    def _path_costs(self, x, which, levels) -> np.ndarray:
        cost = np.empty(len(x))
        tables, path = self._tables, self._trellis
        for i, (row, classes) in enumerate(zip(x, which, strict=True)):
            n = len(self.sent_of(classes))
            cost[i] = np.sum(row[n:] ** 2) + search(
                row[:n],
                classes[:n],
                path.next_states,
                path.unions,
                tables.ends,
                tables.points,
                self._lengths,
                levels[i],
            )
        return cost

    def _sent(self, k) -> np.ndarray:
        """Return the classes of what is sent under a component; variances fall."""
        return self.sent_of(self._which[k // self._model.log_weights.shape[1]])

    @property
    def cost(self) -> EncoderCost:
        """What the terminal holds and does for a report."""
        return encoder_cost(self._which, self._tables, num_candidates=self._num)

    def sent_of(self, which) -> np.ndarray:
        """Return the classes that are sent of those of a channel, which fall."""
        return which[self._tables.ends[2 * which] > 0]

    def rows(self, which, levels) -> np.ndarray:
        """Return the rows of the tables that levels [n] are written by, [n]."""
        rows = np.empty(len(which), np.int64)
        tables_of(levels, which, self._trellis.next_states, self._trellis.unions, rows)
        return rows

    def _written(self, k, levels) -> np.ndarray:
        which = self._sent(k)
        room = np.empty(24 * len(self._which[0]) + _ROOM, np.uint8)
        levels = levels[: len(which)]
        n = arithmetic.encode(
            int(k),
            levels,
            self.rows(which, levels),
            self._first,
            self._tables.tables,
            self._tables.ends,
            room,
        )
        if n < 0:
            raise ValueError(
                f"h must be no larger than what the model knows, got a channel of over "
                f"{len(room)} bits."
            )
        return room[:n].copy()

    def decode(self, report: Report) -> Posterior:
        """As :meth:`Codec.decode`."""
        shape, direction, c, errors = self._known(report)
        mean = np.empty(c.shape, np.complex128)
        for g in np.unique(shape):
            mean[shape == g] = c[shape == g] @ self._vectors[g].T
        spread = np.einsum("nij,nj->ni", np.abs(self._vectors[shape]) ** 2, errors)
        mean = self._model.steered(mean, direction, 1) * np.sqrt(self.price)
        return Posterior(
            mean.astype(np.complex64), (spread * self.price).astype(np.float32)
        )

    def error_covariance(self, report: Report) -> np.ndarray:
        """Return what reports tell of the error of a channel, beyond its variances.

        Returns
        -------
        [n, N, N], complex64
            E[e e^H] of the error e of each.

        Raises
        ------
        ValueError
            As of :meth:`decode`.
        """
        shape, direction, _, errors = self._known(report)
        found = []
        for g, d, variances in zip(shape, direction, errors, strict=True):
            # Columns of the transform, each turned to the direction of the channel.
            U = self._model.steered(self._vectors[g].T, np.repeat(d, len(variances)), 1)
            found.append((U.T * variances * self.price) @ U.conj())
        return np.stack(found).astype(np.complex64)

    def _known(self, report):
        """Return shapes, directions, numbers and their squared errors, [n, N]."""
        read = [self._read(i, bits) for i, bits in enumerate(report.bits)]
        component = np.array([k for k, _, _ in read], np.int64)
        c = np.array([x for _, x, _ in read]).view(np.complex128)
        errors = np.array([e for _, _, e in read])
        errors = errors.reshape(len(read), -1, 2).sum(axis=2)
        return *np.divmod(component, self._model.log_weights.shape[1]), c, errors

    def _read(self, i, bits):
        """Return component, numbers [2 N] and their squared errors [2 N]."""
        bits = np.asarray(bits)
        if bits.ndim != 1 or bits.dtype != np.uint8 or (bits > 1).any():
            raise ValueError(
                f"bits must be [num_bits] zeros and ones, uint8, got {bits.shape} of "
                f"dtype {bits.dtype} at {i}."
            )
        k, _ = self._decoded(bits, np.zeros(0, np.int64))
        which = self._sent(k)
        first, levels = self._decoded(bits, which)
        if first < 0 or not np.array_equal(self._written(k, levels), bits):
            raise ValueError(
                f"bits must be a whole report, got {len(bits)} that none ends with, "
                f"at {i}."
            )
        classes = self._which[k // self._model.log_weights.shape[1]]
        rows = 2 * classes
        rows[: len(which)] = self.rows(which, levels)
        levels = np.concatenate([levels, np.zeros(len(rows) - len(which), np.int64)])
        return k, *self._tables.values(rows, levels)

    def _decoded(self, bits, which):
        levels = np.zeros(len(which), np.int64)
        first = arithmetic.decode_path(
            bits,
            2 * which,
            self._trellis.next_states,
            self._trellis.unions,
            self._first,
            self._tables.tables,
            self._tables.ends,
            levels,
        )
        return first, levels


def _eight_bits(x: Any, axis: int) -> np.ndarray:
    """Round real and imaginary parts to -127 to 127 times the scale of an axis."""
    most = np.maximum(np.abs(x.real), np.abs(x.imag)).max(axis=axis, keepdims=True)
    scale = np.maximum(most, np.finfo(float).tiny) / 127
    return (np.rint(x.real / scale) + 1j * np.rint(x.imag / scale)) * scale
