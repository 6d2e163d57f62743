"""Detector of observations of a kind that a prior does not know."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from commgen._checks import check_amplitudes, check_int, check_noise_variance
from commgen._files.npz import read_npz, write_npz
from commgen._random import complex_normal
from commgen.generative.chunks import ChunkedDenoiser
from commgen.generative.mixture.model import MixtureModel
from commgen.inference.uncertainty.regions import per_channel

_RIDGE = 1e-3
_LEAST = 20
# What a mixture promises takes few values, one for each component that is surely the
# one: noise of this part of the spread breaks the ties.
_JITTER = 0.05
# SNRs whose distributions are kept.
_KEPT = 64


class NoveltyDetector:
    r"""Detector of observations from outside what a prior knows.

    Four numbers are taken of y = h + n: its power and the power that the prior's
    estimate takes away, in logarithms, the error that the prior promises, each over the
    noise's, and, where there is a mixture, :math:`-\ln p(y)`, which is closed at any
    noise level. Validation channels, observed in noise of the same variance, give the
    distribution of each; its conformal rank, turned into a normal quantile, is a
    coordinate z. The novelty of B channels of one place is

    .. math:: B\,\bar z^\mathsf{T} C^{-1} \bar z

    with C the correlation of the coordinates over validation channels. A noise
    variance that was not asked for lately costs a pass over the validation channels.

    Parameters
    ----------
    prior
        Any :class:`~commgen.generative.Prior`.
    density
        Mixture that knows the same channels; the prior itself where it is one, and
        None to do without.
    """

    def __init__(self, prior: Any, density: Any = None):
        if density is None and isinstance(prior, MixtureModel):
            density = prior
        if density is not None and not isinstance(density, MixtureModel):
            raise TypeError(
                "density must be a GaussianMixture or None, got "
                f"{type(density).__name__}."
            )
        self._run = ChunkedDenoiser(prior)
        self._event_shape = tuple(prior.event_shape)
        self._mixture = None if density is None else density.mixture
        self._known = np.zeros((0, *self._event_shape), np.complex64)
        self._seed = 0
        self._tables: dict[float, _Table] = {}

    def fit(self, h, *, seed: int) -> "NoveltyDetector":
        """Take validation channels to compare with.

        Parameters
        ----------
        h : [n, *event_shape], complex
            Channels that the prior was not fitted to, at least 20.
        seed
            Seed of the noise.

        Returns
        -------
        NoveltyDetector
            This one.

        Raises
        ------
        ValueError
            If there are fewer than 20 channels, or they have another shape.
        """
        h = self._checked("h", h)
        if len(h) < _LEAST:
            raise ValueError(f"h must hold at least {_LEAST} channels, got {len(h)}.")
        self._known, self._seed = h, check_int("seed", seed, low=0)
        self._tables = {}
        return self

    def p_values(self, y, no: float, *, block: int = 1) -> np.ndarray:
        """Return the probability that known channels look at least as odd.

        Parameters
        ----------
        y : [n, *event_shape], complex
            Observations.
        no
            Noise variance.
        block
            Channels, next to each other, that come from one place; the rest that fills
            no block is left out.

        Returns
        -------
        [n // block], float
            For single channels by the rank among the validation's, which is exact; for
            blocks by the chi-squared distribution of the mean of normal coordinates.

        Raises
        ------
        ValueError
            If the detector was not fitted, ``y`` has another shape or fewer channels
            than a block, or ``no`` is not above 0.
        """
        if len(self._known) == 0:
            raise ValueError("the detector must be fitted before it is asked.")
        y, block = self._checked("y", y), check_int("block", block, low=1)
        if len(y) < block:
            raise ValueError(f"y must hold a block of {block} channels, got {len(y)}.")
        table = self._at(no)
        statistics = self._statistics(y, _single(no))
        z = _normal_scores(_jittered(statistics, table.width), table.values)
        novelty = partial(_quadratic, precision=table.precision)
        if block == 1:
            known = table.novelties
            below = np.searchsorted(known, novelty(z), side="left")
            return (1 + len(known) - below) / (1 + len(known))
        num = len(y) // block
        means = z[: num * block].reshape(num, block, -1).mean(axis=1)
        # The validation's own mean is known to one part in its number only.
        worth = 1 / (1 / block + 1 / len(table.values))
        return stats.chi2.sf(worth * novelty(means), z.shape[1])

    def flags(
        self, y, no: float, *, block: int = 1, false_alarm: float = 0.05
    ) -> np.ndarray:
        """Return which blocks are novel, [n // block], at a rate of false alarms.

        Raises
        ------
        ValueError
            As :meth:`p_values`, or if ``false_alarm`` is not in (0, 1).
        """
        if not 0 < false_alarm < 1:
            raise ValueError(f"false_alarm must be in (0, 1), got {false_alarm}.")
        return self.p_values(y, no, block=block) <= false_alarm

    def save(self, path: str | Path) -> None:
        """Write the channels it compares with to ``path`` (.npz), without the prior.

        Raises
        ------
        ValueError
            If the detector was not fitted.
        """
        if len(self._known) == 0:
            raise ValueError("the detector must be fitted before it is saved.")
        write_npz(path, {"h": self._known, "seed": self._seed})

    def load(self, path: str | Path) -> "NoveltyDetector":
        """Read what :meth:`save` wrote for the same prior; runs no code.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file holds something else, or channels of another shape.
        """
        try:
            file = read_npz(path, ("h", "seed"))
            h, seed = file["h"], int(file["seed"])
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} is not a detector: {error}") from error
        return self.fit(h, seed=seed)

    def _at(self, no) -> "_Table":
        """Return the distributions at a noise variance."""
        if np.ndim(no):
            raise ValueError(f"no must be a number, got {np.shape(no)}.")
        no = _single(check_noise_variance("no", no))
        if no not in self._tables:
            if len(self._tables) >= _KEPT:
                self._tables.pop(next(iter(self._tables)))
            rng = np.random.default_rng(self._seed)
            noise = complex_normal(rng, self._known.shape)
            y = self._known + np.sqrt(np.float32(no)) * noise
            self._tables[no] = _tabulate(self._statistics(y, no))
        return self._tables[no]

    def _checked(self, name, h) -> np.ndarray:
        check_amplitudes(name, h)
        h = np.asarray(h, np.complex64)
        if h.shape[1:] != self._event_shape or len(h) == 0:
            raise ValueError(
                f"{name} must be [n, {', '.join(map(str, self._event_shape))}], "
                f"got {h.shape}."
            )
        return h

    def _statistics(self, y, no: float) -> np.ndarray:
        h_hat, err_var = self._run(y, no)
        power, removed, promised = (
            per_channel(part) / no
            for part in (np.abs(y) ** 2, np.abs(y - h_hat) ** 2, err_var)
        )
        tiny = np.finfo(np.float32).tiny
        columns = [np.log(power + tiny), np.log(removed + tiny), promised]
        if self._mixture is not None:
            flat = y.reshape(len(y), -1)
            log_joint = self._mixture.plus(no).log_joint(flat)
            columns.append(-np.asarray(logsumexp(log_joint, axis=1)))
        return np.stack(columns, axis=1)


class _Table(NamedTuple):
    """What validation channels look like at one noise variance, sorted."""

    values: np.ndarray
    width: np.ndarray
    precision: np.ndarray
    novelties: np.ndarray


def _tabulate(values) -> _Table:
    spread = values.std(axis=0)
    # What a prior promises alike of all channels tells nothing, and breaks nothing.
    width = _JITTER * np.where(spread > 0, spread, 1.0)
    values = _jittered(values, width)
    table = np.sort(values, axis=0)
    z = _normal_scores(values, table)
    C = np.atleast_2d(np.corrcoef(z, rowvar=False))
    precision = np.linalg.inv((1 - _RIDGE) * C + _RIDGE * np.eye(len(C)))
    return _Table(table, width, precision, np.sort(_quadratic(z, precision)))


def _single(no) -> float:
    """Round to single precision, in which the prior works."""
    return float(np.float32(no))


def _jittered(values, width) -> np.ndarray:
    return values + width * np.random.default_rng(0).standard_normal(values.shape)


def _normal_scores(values, table) -> np.ndarray:
    """Return normal quantiles of the ranks of values [n, S] in a table [m, S]."""
    ranks = [
        (np.searchsorted(known, x, "left") + np.searchsorted(known, x, "right")) / 2
        for known, x in zip(table.T, values.T, strict=True)
    ]
    return stats.norm.ppf((np.stack(ranks, axis=1) + 0.5) / (len(table) + 1))


def _quadratic(z, precision) -> np.ndarray:
    return np.einsum("ni,ij,nj->n", z, precision, z)
