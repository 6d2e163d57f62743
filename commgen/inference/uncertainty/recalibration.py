"""What validation channels say about promised errors, SNR by SNR."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_int, check_noise_variance, check_snr_db
from commgen._files.npz import read_npz, write_npz
from commgen._random import complex_normal
from commgen.generative.chunks import ChunkedDenoiser
from commgen.generative.model import check_channels, check_prior
from commgen.inference.uncertainty.regions import (
    KINDS,
    Kind,
    check_estimate,
    check_kind,
    check_level,
    per_channel,
    scores,
)
from commgen.measures.decibel import noise_variance

LEVELS = (0.5, 0.9, 0.99)
#: SNR of a recalibration that is not told otherwise [dB].
SNR_DB = tuple(float(v) for v in range(-15, 36, 5))
_LEAST = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class Recalibration:
    r"""Scale of the error variance, and radii of regions, over SNR.

    The scale is the ratio of measured to promised error. The radii are conformal
    quantiles of the errors in units of the scaled promise, since a posterior whose
    covariance is inferred has heavier tails than a Gaussian: of channels like those of
    the validation, a region of :meth:`radius` holds the stated share whatever the
    distribution (Vovk, Gammerman, Shafer, *Algorithmic Learning in a Random World*,
    2005, prop. 4.1). Between the fitted SNRs the logarithms are linear in dB; beyond
    them they are flat.

    Parameters
    ----------
    snr_db : [num_snr], float
        SNR that was fitted, ascending [dB].
    levels : [num_levels], float
        Probabilities of the regions, ascending.
    log_scale : [num_snr], float
        Natural logarithm of the factor of ``err_var``.
    log_radius_entry, log_radius_channel : [num_snr, num_levels], float
        Natural logarithm of the squared radii, in units of the scaled ``err_var`` of
        an entry, and of its sum over a channel.
    """

    snr_db: np.ndarray
    levels: np.ndarray
    log_scale: np.ndarray
    log_radius_entry: np.ndarray
    log_radius_channel: np.ndarray

    @classmethod
    def fit(
        cls, h_hat, err_var, h, no, *, levels=LEVELS, groups=None
    ) -> "Recalibration":
        """Fit to estimates of channels that no model was fitted to.

        Parameters
        ----------
        h_hat, h : [n, *event_shape], complex
            Estimates, and the channels.
        err_var : [n, *event_shape], float
            Promised error variance.
        no : [n], float
            Noise variance of each; each value that occurs is one SNR of the table.
        levels
            Probabilities that regions are wanted for, ascending.
        groups : [n], optional
            Label of the group of each channel, such as its day; see
            :func:`conformal_radius`.

        Raises
        ------
        ValueError
            If shapes do not belong together, a noise variance is not above 0, levels
            are no ascending probabilities, or an SNR has too few channels for the
            highest level, or no error at all.
        """
        h_hat, err_var = check_estimate(h_hat, err_var)
        levels = _check_levels(levels)
        no = np.asarray(no, np.float64)
        if no.shape != (len(h_hat),):
            raise ValueError(f"no must be [{len(h_hat)}], got {no.shape}.")
        check_noise_variance("no", no)
        h = np.asarray(h)
        groups = None if groups is None else np.asarray(groups)
        values = np.unique(no)[::-1]
        table = []
        for value in values:
            rows = no == value
            own = None if groups is None else groups[rows]
            table.append(_fit_one(h_hat[rows], err_var[rows], h[rows], levels, own))
        scale, entry, channel = (np.array(part) for part in zip(*table, strict=True))
        return cls(-10 * np.log10(values), levels, scale, entry, channel)

    def scale(self, no) -> np.ndarray:
        """Return the factor of ``err_var`` at noise variances, of the shape of ``no``.

        Raises
        ------
        ValueError
            If a noise variance is not above 0.
        """
        return np.exp(np.interp(_to_snr_db(no), self.snr_db, self.log_scale))

    def radius(self, no, level: float, kind: Kind = "entry") -> np.ndarray:
        """Return the squared radius in units of the scaled variance, shaped as ``no``.

        Raises
        ------
        ValueError
            If ``level`` was not fitted, ``kind`` is none, or a noise variance is not
            above 0.
        """
        table = self._table(kind)[:, level_index(self.levels, level)]
        return np.exp(np.interp(_to_snr_db(no), self.snr_db, table))

    def _table(self, kind: Kind) -> np.ndarray:
        check_kind(kind)
        return self.log_radius_entry if kind == "entry" else self.log_radius_channel

    def save(self, path: str | Path) -> None:
        """Write the file ``path`` (.npz), which is whole or not there."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        write_npz(path, arrays)

    @classmethod
    def load(cls, path: str | Path) -> "Recalibration":
        """Read what :meth:`save` wrote; runs no code.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a recalibration.
        """
        try:
            return cls(*read_npz(path, [field.name for field in fields(cls)]).values())
        except ValueError as error:
            raise ValueError(f"{path} is not a recalibration: {error}") from error


def recalibrate(
    prior: Any, h, *, seed: int, snr_db: Any = SNR_DB, levels=LEVELS, groups=None
) -> Recalibration:
    """Fit a :class:`Recalibration` of a prior to validation channels with own noise.

    Parameters
    ----------
    prior
        Has ``denoise``, as :class:`~commgen.generative.Prior`.
    h : [n, *event_shape], complex
        Channels that the prior was not fitted to.
    seed
        Seed of the noise.
    snr_db
        SNR values, 1/no [dB].
    levels, groups
        As :meth:`Recalibration.fit`.

    Raises
    ------
    ValueError
        As :meth:`Recalibration.fit`.
    """
    check_prior("prior", prior)
    h = check_channels("h", h, tuple(prior.event_shape))
    check_int("seed", seed, low=0)
    snr_db = check_snr_db("snr_db", snr_db)
    run = ChunkedDenoiser(prior)
    parts = []
    for i, level in enumerate(snr_db):
        no = np.float32(noise_variance(level))
        noise = complex_normal(np.random.default_rng([seed, i]), h.shape)
        parts.append((*run(h + np.sqrt(no) * noise, no), np.full(len(h), no)))
    h_hat, err_var, no = (np.concatenate(part) for part in zip(*parts, strict=True))
    again = (len(parts),) + (1,) * (h.ndim - 1)
    groups = None if groups is None else np.tile(np.asarray(groups), len(parts))
    return Recalibration.fit(
        h_hat, err_var, np.tile(h, again), no, levels=levels, groups=groups
    )


def conformal_radius(score, level: float, groups=None) -> float:
    r"""Return the conformal quantile of scores.

    Without groups this is the :math:`\lceil (n+1)\,level \rceil`-th smallest of n
    scores, which the score of one more channel exceeds with a probability of at most
    1 - level. Channels of a group are not exchangeable with those of a new one, so each
    group then counts as much as any other, whatever its size: the quantile is that of
    the mean of the groups' distribution functions (Dunn, Wasserman and Ramdas, J. Am.
    Stat. Assoc. 118, 2023, section 3.1), without their allowance of one group at
    infinity, which five days or nine geometries cannot afford. It is centred on the
    level for a new group and not a bound.

    Parameters
    ----------
    score : [n], float
        Scores of the validation channels.
    level
        Probability in (0, 1).
    groups : [n], optional
        Label of each channel's group.

    Raises
    ------
    ValueError
        If there are too few scores for the level, or the lengths differ.
    """
    score = np.asarray(score, np.float64).ravel()
    n, order = len(score), np.argsort(score, kind="stable")
    rank = int(np.ceil((n + 1) * check_level(level) - 1e-9))
    if rank > n:
        raise ValueError(
            f"level must be at most {n}/{n + 1} for {n} scores, got {level}."
        )
    if groups is None:
        return float(score[order[rank - 1]])
    groups = np.asarray(groups)
    if groups.shape != score.shape:
        raise ValueError(f"groups must be [{n}], got {groups.shape}.")
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    share = np.cumsum(1.0 / (len(sizes) * sizes[index[order]]))
    place = int(np.searchsorted(share, min(level * (n + 1) / n, 1.0) - 1e-9))
    return float(score[order[min(place, n - 1)]])


def level_index(levels, level: float) -> int:
    """Return the place of ``level`` among the fitted ``levels``, or raise."""
    levels = np.asarray(levels)
    near = np.flatnonzero(np.isclose(levels, check_level(level), atol=1e-6))
    if len(near) == 0:
        raise ValueError(
            f"level must be one that was fitted, {levels.tolist()}, got {level}."
        )
    return int(near[0])


def _fit_one(h_hat, err_var, h, levels, groups):
    """Return log scale, and the log radii of entries and channels, of one SNR."""
    error = float(np.sum(np.abs(h - h_hat) ** 2, dtype=np.float64))
    promised = float(np.sum(err_var, dtype=np.float64))
    if error == 0 or promised == 0:
        raise ValueError(
            "h_hat and err_var must show an error at each SNR, got measured "
            f"{error:g} and promised {promised:g}."
        )
    scale = error / promised
    if groups is not None:
        index = np.unique(groups, return_inverse=True)[1]
        mean = np.bincount(index, per_channel(np.abs(h - h_hat) ** 2))
        mean, size = mean / np.bincount(index), np.bincount(index)
        own = np.bincount(index, per_channel(err_var)) / size
        scale = float(mean.sum() / own.sum())
    radii = []
    for kind in KINDS:
        score = scores(h, h_hat, scale * err_var, kind)
        labels = groups
        if groups is not None and kind == "entry":
            labels = np.repeat(groups, score[0].size)
        found = [conformal_radius(score, level, labels) for level in levels]
        radii.append(np.log(np.maximum(found, _LEAST)))
    return np.log(scale), *radii


def _check_levels(levels) -> np.ndarray:
    levels = np.asarray(levels, np.float64)
    good = levels.ndim == 1 and len(levels) > 0
    if not (good and (np.diff([0.0, *levels, 1.0]) > 0).all()):
        raise ValueError(
            f"levels must be ascending probabilities in (0, 1), got {levels.tolist()}."
        )
    return levels


def _to_snr_db(no) -> np.ndarray:
    return -10 * np.log10(check_noise_variance("no", no))
