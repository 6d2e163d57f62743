"""A prior together with what validation channels said of its promises."""

from typing import Any

import numpy as np

from commgen._checks import check_snr_db
from commgen.generative._untyped import keras, tf
from commgen.generative.chunks import ChunkedDenoiser
from commgen.generative.model import Posterior, Prior
from commgen.generative.observation import as_direct
from commgen.inference.uncertainty.recalibration import (
    LEVELS,
    SNR_DB,
    Recalibration,
    level_index,
    recalibrate,
)
from commgen.inference.uncertainty.regions import (
    KINDS,
    Kind,
    Region,
    check_kind,
    check_level,
    credible_region,
    gaussian_radius,
)

_TABLES = ("log_scale", "log_radius_entry", "log_radius_channel")


@keras.saving.register_keras_serializable("commgen")
class CalibratedPrior(Prior):
    """Prior whose error variance and regions are those measured on validation channels.

    Parameters
    ----------
    prior
        Any :class:`~commgen.generative.Prior`; a
        :class:`~commgen.inference.uncertainty.GuardedPrior` keeps the promise in other
        places too.
    snr_db
        SNR values of the table, 1/no, ascending [dB].
    levels
        Probabilities that regions are wanted for, ascending.
    name
        As in :class:`keras.Model`.

    Raises
    ------
    TypeError
        If ``prior`` is no prior.
    ValueError
        If an SNR is more than 150 dB from 0, or a level no probability.

    Notes
    -----
    Until :meth:`calibrate` the error variance is the prior's, and regions are those of
    a Gaussian.
    """

    def __init__(self, prior, *, snr_db=SNR_DB, levels=LEVELS, name=None):
        if not isinstance(prior, Prior):
            raise TypeError(
                f"prior must be a commgen.generative.Prior, got {type(prior).__name__}."
            )
        super().__init__(prior.event_shape, name=name)
        self.prior = prior
        self.block = getattr(prior, "block", 1)
        self.snr_db = tuple(check_snr_db("snr_db", snr_db).tolist())
        self.levels = tuple(check_level(v) for v in levels)
        size = int(np.prod(prior.event_shape))
        gaussian = [
            [np.log(gaussian_radius(level, n)) for level in self.levels]
            for n in (1, size)
        ]
        entry, channel = (np.tile(row, (len(self.snr_db), 1)) for row in gaussian)
        zero = np.zeros(len(self.snr_db))
        self._tables = [
            self.add_weight(
                shape=table.shape, name=name, trainable=False, initializer="zeros"
            )
            for name, table in zip(_TABLES, (zero, entry, channel), strict=True)
        ]
        for weight, table in zip(self._tables, (zero, entry, channel), strict=True):
            weight.assign(table)
        self.built = True

    def calibrate(self, h, *, seed: int, groups=None) -> "CalibratedPrior":
        """Fit the tables to channels that the prior was not fitted to.

        Parameters
        ----------
        h : [n, *event_shape], complex
            Validation channels.
        seed
            Seed of the noise.
        groups : [n], optional
            As :meth:`Recalibration.fit`: which channels were recorded together.

        Returns
        -------
        CalibratedPrior
            This one.

        Raises
        ------
        ValueError
            As :meth:`Recalibration.fit`.
        """
        self.recalibration = recalibrate(
            self.prior,
            h,
            seed=seed,
            snr_db=self.snr_db,
            levels=self.levels,
            groups=groups,
        )
        return self

    @property
    def recalibration(self) -> Recalibration:
        """The tables. Assigned ones must have this prior's SNRs and levels."""
        tables = (np.asarray(w, np.float64) for w in self._tables)
        return Recalibration(np.array(self.snr_db), np.array(self.levels), *tables)

    @recalibration.setter
    def recalibration(self, value: Recalibration) -> None:
        same = np.shape(value.snr_db) == (len(self.snr_db),) and np.allclose(
            value.snr_db, self.snr_db, atol=1e-3
        )
        if not same or tuple(value.levels) != self.levels:
            raise ValueError(
                f"recalibration must be of the SNRs {list(self.snr_db)} dB and levels "
                f"{list(self.levels)}, got {np.asarray(value.snr_db).tolist()} dB and "
                f"{np.asarray(value.levels).tolist()}."
            )
        tables = (value.log_scale, value.log_radius_entry, value.log_radius_channel)
        for weight, table in zip(self._tables, tables, strict=True):
            weight.assign(table)

    def denoise(self, y, no):
        """As :meth:`Prior.denoise`, with the error variance that was measured."""
        estimate: Any = self.prior.denoise(y, no)
        h_hat, err_var = estimate
        no = tf.broadcast_to(tf.cast(no, tf.float32), tf.shape(err_var)[:1])
        scale = tf.exp(self._at(self._tables[0], no))
        ones = (-1,) + (1,) * len(self.event_shape)
        return h_hat, err_var * tf.reshape(scale, ones)

    def radius(self, no, level: float, kind: Kind = "entry"):
        """Return the squared radius in units of :meth:`denoise`'s variance, [batch].

        Usable in a graph.

        Parameters
        ----------
        no : [batch], tf.float32
            Noise variance.
        level, kind
            As :meth:`Recalibration.radius`.
        """
        check_kind(kind)
        place = level_index(self.levels, level)
        column = tf.convert_to_tensor(self._tables[1 + KINDS.index(kind)])[:, place]
        return tf.exp(self._at(column, tf.cast(no, tf.float32)))

    def _at(self, table, no):
        """Interpolate a table [num_snr], linear in dB, at no : [batch]."""
        table, grid = tf.convert_to_tensor(table), np.array(self.snr_db, np.float32)
        if len(grid) == 1:
            return tf.broadcast_to(table, tf.shape(no))
        least = np.float32(np.finfo(np.float32).tiny)
        snr_db = -10 / np.log(10) * tf.math.log(tf.maximum(no, least))
        snr_db = tf.clip_by_value(snr_db, grid[0], grid[-1])
        left = tf.searchsorted(grid[1:-1], snr_db, side="right")
        start, end = tf.gather(grid, left), tf.gather(grid, left + 1)
        a, b = tf.gather(table, left), tf.gather(table, left + 1)
        return a + (snr_db - start) / (end - start) * (b - a)

    def region(self, y, no, level: float, kind: Kind = "entry") -> Region:
        """Return the region that holds the channel with probability ``level``.

        Parameters
        ----------
        y : [batch, *event_shape], complex
            Received channels, y = h + n.
        no : float, or [batch]
            Noise variance.
        level, kind
            As :meth:`Recalibration.radius`.

        Raises
        ------
        ValueError
            If ``y`` or ``no`` is not valid, or ``level`` was not fitted.
        """
        direct: Any = as_direct(y, None, no, self.event_shape)
        y, no = direct
        h_hat, err_var = self._run(y, no)
        radius = self.recalibration.radius(no, level, kind)
        unit = credible_region(h_hat, err_var, level, kind, radius=1.0).radius_sq
        radius = radius.reshape(-1, *(1,) * (unit.ndim - 1))
        return Region(h_hat, radius * unit, float(level), kind)

    @property
    def _run(self) -> ChunkedDenoiser:
        # Past Keras, which would track it; made once, so that it is traced once.
        if "_denoiser" not in self.__dict__:
            self.__dict__["_denoiser"] = ChunkedDenoiser(self)
        return self.__dict__["_denoiser"]

    def posterior(
        self, y, A=None, noise_cov: Any = 1.0, *, condition=None, **options
    ) -> Posterior:
        """As the prior's; where all entries are seen in white noise, recalibrated.

        Of other observations, and under a condition, which the tables were measured
        without, mean, variance and samples are the prior's own.
        """
        direct = as_direct(y, A, noise_cov, self.event_shape)
        found = self.prior.posterior(y, A, noise_cov, condition=condition, **options)
        if direct is None or condition is not None:
            return found
        scale = self.recalibration.scale(direct[1]).astype(np.float32)
        scale = scale.reshape(-1, *(1,) * len(self.event_shape))
        return Posterior(found.mean, found.err_var * scale, found.samples)

    def fit(self, data, condition=None, *, seed):
        """Refuse: the prior is fitted before it is calibrated."""
        raise ValueError("prior must be fitted before it is calibrated.")

    def sample(self, n, condition=None, *, seed):
        """Draw from the prior."""
        return self.prior.sample(n, condition, seed=seed)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            "prior": keras.saving.serialize_keras_object(self.prior),
            "snr_db": list(self.snr_db),
            "levels": list(self.levels),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        """Build what :meth:`get_config` describes."""
        prior = keras.saving.deserialize_keras_object(config["prior"])
        return cls(**{**config, "prior": prior})
