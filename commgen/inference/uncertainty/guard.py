"""A prior that falls back where the observation speaks against it."""

from typing import Any, NamedTuple

import numpy as np

from commgen._checks import check_int, check_noise_variance, check_snr_db
from commgen.generative import GaussianMixture
from commgen.generative._untyped import keras, tf
from commgen.generative.chunks import ChunkedDenoiser
from commgen.generative.model import POWER_RANGE, Posterior, Prior
from commgen.generative.observation import as_direct
from commgen.inference.uncertainty.stein import Blocks, Mix, divergence, mix_with_ls

#: What an estimate was made with.
SOURCES = ("prior", "fallback", "ls")
# A rival must be better by so many standard deviations of the difference.
_MARGIN = 2.0


class Decision(NamedTuple):
    """An estimate, and how far the prior was believed.

    Parameters
    ----------
    h_hat : [batch, *event_shape], complex64
        Estimate.
    err_var : [batch, *event_shape], float32
        Its error variance.
    share : [batch], float32
        Of the prior, or the fall-back, in its mix with least squares.
    ratio : [batch], float32
        Power that the prior took away over what the noise explains; about 1 where the
        prior fits, NaN where it was not asked.
    source : [batch], int32
        Place in ``SOURCES``.
    flagged : [batch], bool
        Whether this is anything but the prior's own estimate.
    """

    h_hat: Any
    err_var: Any
    share: Any
    ratio: Any
    source: Any
    flagged: Any


@keras.saving.register_keras_serializable("commgen")
class GuardedPrior(Prior):
    r"""Prior that is mixed with least squares, or replaced, where it does not fit.

    Stein's unbiased risk estimate tells the error of an estimate without the channel:
    :func:`~commgen.inference.uncertainty.stein.mix_with_ls`. The mix is that of the
    prior, unless the fall-back's is better by two standard deviations of the difference
    of their risks, :math:`\sqrt{2 N_0} \|\hat h_1 - \hat h_2\|`. Least squares itself,
    flagged, is the answer where the prior has no business: SNR out of range or noise
    not above zero, power out of ``POWER_RANGE``, an estimate that is not finite.

    A block of few entries cannot tell a prior that is wrong by as much as the noise.
    There the mix may lose to least squares, on average about 1.3 noise variances in
    the sum of squared errors of a block, the most that a search over channels and
    mixtures found: 0.2 dB of that sum for 32 entries (of all channels of the block) or
    more, 0.7 dB for 8, and 2 dB for 2. Let events of few entries share a block.

    Parameters
    ----------
    prior
        The prior to guard.
    fallback
        Another prior, such as the LMMSE filter of a sample covariance
        (:class:`~commgen.generative.GaussianMixture` of one component), or None.
        :meth:`adapted` learns one from observations.
    block
        Channels, next to each other in the batch, that are judged together because
        they come from one place; None for all of a batch. More channels make a surer
        judgement. With 1 an estimate depends on its own observation alone.
    snr_range_db
        Where the prior may be asked, 1/no [dB].
    seed
        Of the probe that finds the divergence of a network.
    name
        As in :class:`keras.Model`.

    Raises
    ------
    TypeError
        If ``prior`` or ``fallback`` is no :class:`~commgen.generative.Prior`.
    ValueError
        If their events differ, or a number is out of range.
    """

    def __init__(
        self,
        prior,
        fallback=None,
        *,
        block: int | None = 1,
        snr_range_db=(-20.0, 40.0),
        seed=0,
        name=None,
    ):
        for role, model in (("prior", prior), ("fallback", fallback)):
            absent = role == "fallback" and model is None
            if not (absent or isinstance(model, Prior)):
                raise TypeError(
                    f"{role} must be a commgen.generative.Prior, got "
                    f"{type(model).__name__}."
                )
        if fallback is not None and fallback.event_shape != prior.event_shape:
            raise ValueError(
                f"fallback must have the event_shape {prior.event_shape} of the prior, "
                f"got {fallback.event_shape}."
            )
        low, high = check_snr_db("snr_range_db", snr_range_db).tolist()
        if not low < high:
            raise ValueError(f"snr_range_db must ascend, got {low:g} to {high:g}.")
        super().__init__(prior.event_shape, name=name)
        self.prior, self.fallback = prior, fallback
        self.block = None if block is None else check_int("block", block, low=1)
        self.snr_range_db = (low, high)
        self.seed = check_int("seed", seed, low=0)
        self.built = True

    def denoise(self, y, no):
        """As :meth:`Prior.denoise`, never silently wrong: see :meth:`decide`."""
        decision = self.decide(y, no)
        return decision.h_hat, decision.err_var

    def decide(self, y, no) -> Decision:
        """Estimate, and tell with what; usable in a graph.

        Parameters
        ----------
        y : [batch, *event_shape], tf.complex64
            Received channels.
        no : [] or [batch], tf.float32
            Noise variance, linear. Zero gives least squares without an error.

        Returns
        -------
        Decision

        Raises
        ------
        ValueError
            If ``y`` has other entries than the prior's events, or ``no`` is neither 0
            nor from 1e-15 to 1e15 (where it is known before the graph runs).
        """
        shape = tuple(y.shape[1:])
        if shape != self.event_shape:
            raise ValueError(
                f"y must be [batch, {', '.join(map(str, self.event_shape))}], the "
                f"event of the prior, got {tuple(y.shape)}."
            )
        y = tf.cast(y, tf.complex64)
        no = tf.broadcast_to(tf.cast(no, tf.float32), tf.shape(y)[:1])
        known = tf.get_static_value(no)
        if known is not None and known.size:
            check_noise_variance("no", known, zero=True)
        flat = tf.reshape(y, (-1, int(np.prod(self.event_shape))))
        blocks = self._blocks(tf.shape(y)[0])
        valid = self._in_range(flat, no, blocks)
        level = tf.where(valid, no, 1.0)
        mix, valid = self._mix(self.prior, flat, level, blocks, valid, self.seed)
        chosen, rival = mix, tf.zeros(tf.shape(mix.share), tf.bool)
        if self.fallback is not None:
            other, also = self._mix(
                self.fallback, flat, level, blocks, valid, self.seed + 1
            )
            chosen, rival = _better(mix, other, no, blocks, also)
        return self._answer(y, no, chosen, rival, mix.ratio, valid, blocks)

    def _answer(self, y, no, chosen: Mix, rival, ratio, valid, blocks) -> Decision:
        share, ratio, rival = (
            blocks.spread(x)[:, 0] for x in (chosen.share, ratio, rival)
        )
        shape, ls = tf.shape(y), tf.broadcast_to(no[:, None], tf.shape(chosen.err_var))
        flat = tf.reshape(y, tf.shape(chosen.h_hat))
        h_hat = tf.where(valid[:, None], chosen.h_hat, flat)
        err_var = tf.where(valid[:, None], chosen.err_var, ls)
        return Decision(
            tf.reshape(h_hat, shape),
            tf.reshape(err_var, shape),
            tf.where(valid, share, 0.0),
            tf.where(valid, ratio, np.float32(np.nan)),
            tf.where(valid, tf.cast(rival, tf.int32), len(SOURCES) - 1),
            rival | ~valid | (share < 1.0),
        )

    def _blocks(self, num) -> Blocks:
        if self.block is None:
            return Blocks(tf.zeros((num,), tf.int32), tf.minimum(num, 1))
        index = tf.range(num) // self.block
        return Blocks(index, (num + self.block - 1) // self.block)

    def _in_range(self, y, no, blocks: Blocks):
        """Whether noise and power are such as the prior was made for, [batch]."""
        low, high = self.snr_range_db
        rounding = 1e-3  # a noise variance that was float64 once
        snr_db = -10 / np.log(10) * tf.math.log(no)
        valid = (no > 0) & (snr_db > low - rounding) & (snr_db < high + rounding)
        power = blocks.total(tf.reduce_mean(tf.abs(y) ** 2, axis=1))
        expected = blocks.total(1.0 + no)
        relative = blocks.spread(power / expected)[:, 0]
        return valid & (relative > POWER_RANGE[0]) & (relative < POWER_RANGE[1])

    def _mix(self, prior, y, no, blocks, valid, seed):
        h_hat, err_var = prior.denoise(tf.reshape(y, (-1, *self.event_shape)), no)
        h_hat, err_var = (tf.reshape(x, tf.shape(y)) for x in (h_hat, err_var))
        div = divergence(prior, y, no, h_hat, err_var, seed)
        finite = tf.math.is_finite(tf.abs(h_hat)) & tf.math.is_finite(err_var)
        valid &= tf.reduce_all(finite, axis=1) & tf.math.is_finite(div)
        h_hat = tf.where(valid[:, None], h_hat, y)
        err_var = tf.where(valid[:, None], err_var, no[:, None])
        div = tf.where(valid, div, 0.0)
        return mix_with_ls(y, no, h_hat, err_var, div, blocks, valid), valid

    def adapted(self, y, no, *, strength: float | None = None, seed=0):
        """Return a copy whose fall-back is the LMMSE filter of observations.

        Its covariance is the sample covariance of the observations without the noise,
        shrunk towards its circulant part.

        Parameters
        ----------
        y : [n, *event_shape], complex
            Observations of the new place, y = h + n.
        no : float
            Their noise variance.
        strength
            Weight of the circulant part, in observations; twice the entries of a
            channel where None.
        seed
            Seed of the fit.

        Returns
        -------
        GuardedPrior

        Raises
        ------
        ValueError
            As :meth:`~commgen.generative.GaussianMixture.fit_observed`.
        """
        size = float(np.prod(self.event_shape))
        fallback = GaussianMixture(self.event_shape, 1).fit_observed(
            y,
            noise_cov=float(no),
            seed=seed,
            strength=2 * size if strength is None else strength,
        )
        return GuardedPrior(
            self.prior,
            fallback,
            block=self.block,
            snr_range_db=self.snr_range_db,
            seed=self.seed,
        )

    def posterior(
        self,
        y,
        A=None,
        noise_cov: Any = 1.0,
        *,
        condition=None,
        num_samples: int | None = None,
        num_steps: int | None = None,
        seed: int = 0,
    ) -> Posterior:
        """Guard an observation of all entries in white noise.

        Parameters
        ----------
        y, A, noise_cov
            As :meth:`~commgen.generative.Prior.posterior`.
        condition
            None: an estimate is judged as the prior makes it without one.
        num_samples
            None or 0: a mix with least squares has no samples.
        num_steps, seed
            Without effect.

        Raises
        ------
        ValueError
            If samples are asked for, or a condition is given, or the observation is
            invalid, or no direct one: nothing is known then of the error where the
            observation does not look.
        """
        if condition is not None:
            raise ValueError(
                "condition must be None for a guarded prior, which judges estimates "
                "made without one; take the prior itself."
            )
        if num_samples:
            raise ValueError(
                f"num_samples must be 0 for a guarded prior, got {num_samples}."
            )
        direct = as_direct(y, A, noise_cov, self.event_shape)
        if direct is None:
            raise ValueError(
                "A and noise_cov must observe all entries alike in white noise for a "
                "guarded prior; take the prior itself, or whiten and invert first."
            )
        return Posterior(*self._run(*direct))

    @property
    def _run(self) -> ChunkedDenoiser:
        # Past Keras, which would track it; made once, so that it is traced once.
        if "_denoiser" not in self.__dict__:
            self.__dict__["_denoiser"] = ChunkedDenoiser(self)
        return self.__dict__["_denoiser"]

    def fit(self, data, condition=None, *, seed):
        """Refuse: the prior is fitted before it is guarded."""
        raise ValueError(
            "prior must be fitted before it is guarded, got a guarded one."
        )

    def sample(self, n, condition=None, *, seed):
        """Draw from the prior."""
        return self.prior.sample(n, condition, seed=seed)

    def get_config(self):
        """Return the arguments of the constructor."""
        pack = keras.saving.serialize_keras_object
        return {
            "prior": pack(self.prior),
            "fallback": None if self.fallback is None else pack(self.fallback),
            "block": self.block,
            "snr_range_db": list(self.snr_range_db),
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        """Build what :meth:`get_config` describes."""
        unpack = keras.saving.deserialize_keras_object
        fallback = config["fallback"]
        return cls(
            **{
                **config,
                "prior": unpack(config["prior"]),
                "fallback": None if fallback is None else unpack(fallback),
            }
        )


def _better(mix: Mix, other: Mix, no, blocks: Blocks, also):
    """Take the rival's mix in the blocks where it is surely better, with which."""
    apart = tf.reduce_sum(tf.abs(mix.h_hat - other.h_hat) ** 2, axis=1)
    spread = tf.sqrt(2.0 * blocks.total(no * apart))
    rival = other.risk + _MARGIN * spread < mix.risk
    # A fall-back that failed anywhere in a block is no rival there.
    rival &= blocks.total(tf.cast(~also, tf.float32)) == 0.0
    each = blocks.spread(rival)
    return Mix(
        tf.where(each, other.h_hat, mix.h_hat),
        tf.where(each, other.err_var, mix.err_var),
        tf.where(rival, other.share, mix.share),
        tf.where(rival, other.ratio, mix.ratio),
        tf.where(rival, other.risk, mix.risk),
    ), rival
