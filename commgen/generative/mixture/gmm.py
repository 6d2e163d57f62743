"""Complex Gaussian mixtures, fitted by expectation-maximisation."""

from dataclasses import replace
from functools import partial

import numpy as np

from commgen._checks import check_int, check_positive
from commgen._progress import progress_bar
from commgen.generative._untyped import keras
from commgen.generative.mixture import em
from commgen.generative.mixture.adapt import (
    STRENGTHS,
    adapt_mixture,
    choose_strengths,
)
from commgen.generative.mixture.em import ChannelData, Structure
from commgen.generative.mixture.gate import fit_gate
from commgen.generative.mixture.model import MixtureModel
from commgen.generative.mixture.observed import (
    check_observed,
    fit_in_noise,
    fit_observed,
)
from commgen.generative.model import check_condition, check_training_set


@keras.saving.register_keras_serializable("commgen")
class GaussianMixture(MixtureModel):
    r"""Mixture of zero-mean complex Gaussians and its exact MMSE estimator.

    .. math:: p(h) = \sum_k w_k\,\mathcal{CN}(h; 0, R_k)

    The phase of a channel is uniform, so the means are zero. Under
    :math:`y = h + n` the posterior is a mixture again and its mean is the estimator of
    Koller et al., *An Asymptotically MSE-Optimal Estimator Based on Gaussian Mixture
    Models*, IEEE Trans. Signal Process. 70 (2022), eqs. (8)-(10). One component with a
    full covariance is the LMMSE estimator of the sample covariance.

    With conditions c the weights :math:`w_k(c)` depend on them, by a softmax
    regression, and the covariances do not. Estimates take the weights of no condition.

    Parameters
    ----------
    event_shape
        Shape of one channel, such as ``(64,)`` or ``(3, 2, 30)``.
    num_components
        Number of Gaussians.
    covariance
        ``"full"``; ``"toeplitz"``: block-Toeplitz along the axes of ``event_shape``;
        ``"circulant"``: diagonal in the discrete Fourier domain of ``event_shape``,
        with the fewest parameters; or ``"low-rank"``: ``rank`` directions in a white
        remainder, for channels of a thousand entries.
    rank
        Directions of a low-rank covariance; where None 24, or all if there are fewer.
    num_conditions
        Numbers in a condition; 0 for a model without conditions.
    name
        As in :class:`keras.Model`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> h = rng.normal(size=(500, 4)) + 1j * rng.normal(size=(500, 4))
    >>> model = GaussianMixture((4,), 1).fit(h / 2**0.5, seed=0)
    >>> model.sample(3, seed=1).shape
    (3, 4)
    """

    def fit(
        self,
        data,
        condition=None,
        *,
        seed,
        max_iterations=60,
        tolerance=0.02,
        strength=None,
        progress=False,
    ):
        """Fit by expectation-maximisation.

        Parameters
        ----------
        data : [n, *event_shape], complex
            Channels of about unit mean power, at least as many as components, and more
            than the rank of a low-rank covariance.
        condition : [n, num_conditions], float, or None
            Circumstances of each channel, for a model with conditions.
        seed
            Seed of the first clustering.
        max_iterations
            Most steps of EM.
        tolerance
            EM ends when the mean log-likelihood of a channel rises by less [nats].
        strength
            Weight, in channels, of what a covariance leans on: its circulant part, or,
            if it is low-rank, the covariance of all channels. Where None: 0 for one
            component, which is the sample covariance itself; else twice the entries of
            a channel for full covariances, and 1 for the others.
        progress
            Show a progress bar.

        Returns
        -------
        GaussianMixture
            This model.

        Raises
        ------
        ValueError
            If the channels are not as
            :func:`~commgen.generative.model.check_training_set` asks, or the condition
            is missing or not as :func:`~commgen.generative.model.check_condition` asks.
        """
        least, why = self._least()
        h = check_training_set("data", data, self.event_shape, least=least, why=why)
        h = h.reshape(len(h), -1)
        condition = self._checked_condition(condition, len(h))
        structure = self._structure(strength, max_iterations)
        channels = ChannelData(h, structure)
        r = em.initial_responsibilities(h, self.num_components, structure.fourier, seed)
        total = max_iterations if self.num_components > 1 else 0
        with progress_bar("fitting GMM", total, unit="steps", enabled=progress) as go:
            mixture = em.climb(
                lambda mixture: em.expectation(mixture, h),
                lambda r, old: em.maximisation(channels.statistics(r), structure, old),
                em.maximisation(channels.statistics(r), structure),
                total,
                tolerance,
                go,
            )
        self._assign(mixture)
        self._fit_gate(h, condition)
        return self

    def fit_observed(
        self,
        y,
        A=None,
        *,
        noise_cov,
        mask=None,
        seed,
        max_iterations=60,
        tolerance=0.02,
        strength=None,
        progress=False,
    ):
        """Fit to y = A h + n alone, where no channel was ever seen.

        Parameters
        ----------
        y, A, noise_cov
            As :func:`~commgen.generative.observation.check_observation`. What A does
            not show of any channel is learned only as far as the covariance's structure
            tells.
        mask : [n, *event_shape], bool, or None
            Which entries of y were seen, where each channel misses others; ``A`` is
            None then. EM takes minutes then.
        seed, max_iterations, tolerance, progress
            As :meth:`fit`.
        strength
            As :meth:`fit`; where None times (1 + noise-to-signal ratio)^2, as the
            variances of the sample covariance.

        Returns
        -------
        GaussianMixture
            This model.

        Raises
        ------
        ValueError
            If the model has conditions, there are too few observations, or as
            :func:`~commgen.generative.mixture.observed.check_observed`.
        """
        if self.num_conditions:
            raise ValueError(
                "num_conditions must be 0 to fit to observations, got "
                f"{self.num_conditions}."
            )
        seen = check_observed(y, A, noise_cov, mask, self.event_shape)
        least, why = self._least()
        if len(seen.y) < least:
            raise ValueError(
                f"y must hold at least {least} observations, {why}, got {len(seen.y)}."
            )
        structure = self._structure(strength, max_iterations)
        if strength is None:
            more = (1 + seen.noise) ** 2
            structure = replace(structure, strength=more * structure.strength)
        with progress_bar(
            "fitting GMM", max_iterations, unit="steps", enabled=progress
        ) as go:
            fit = (
                partial(fit_observed, seen.observation, power=seen.power)
                if seen.no is None
                else partial(fit_in_noise, seen.y, no=seen.no)
            )
            mixture = fit(
                num_components=self.num_components,
                structure=structure,
                seed=seed,
                max_iterations=max_iterations,
                tolerance=tolerance,
                advance=go,
            )
        self._assign(mixture)
        return self

    def adapt(
        self,
        h,
        *,
        strength=None,
        weight_strength=None,
        seed=0,
        max_iterations=30,
        tolerance=0.02,
        progress=False,
    ):
        """Return a copy that is moved to a few channels of another site.

        This model is the prior of the new one; see
        :func:`~commgen.generative.mixture.adapt.anchored`.

        Parameters
        ----------
        h : [n, *event_shape], complex
            Channels of the new site, of this model's scale; one is enough where both
            strengths are given, else at least two.
        strength
            Weight of this model in each covariance, in channels.
        weight_strength
            Weight of this model in the weights of components, in channels. Where one
            is None it is chosen so that channels left out in turn are likeliest, see
            :func:`~commgen.generative.mixture.adapt.choose_strengths`.
        seed
            Seed of that choice.
        max_iterations, tolerance, progress
            As :meth:`fit`.

        Returns
        -------
        GaussianMixture
            A new model; a gate follows the weights.

        Raises
        ------
        ValueError
            If the channels are not as
            :func:`~commgen.generative.model.check_training_set` asks, or a strength is
            not above 0.
        """
        given = strength is not None and weight_strength is not None
        least, why = 1 if given else 2, "of which parts are left out in turn"
        h = check_training_set("h", h, self.event_shape, least=least, why=why)
        h, prior = h.reshape(len(h), -1), self.mixture
        check_int("max_iterations", max_iterations, low=1)
        a, b = (
            candidates if value is None else [check_positive(name, value)]
            for name, value, candidates in (
                ("strength", strength, STRENGTHS),
                ("weight_strength", weight_strength, STRENGTHS),
            )
        )
        make = partial(Structure, self.covariance, self.event_shape, rank=self.rank)
        strength, weight_strength = a[0], b[0]
        if not given:
            strength, weight_strength = choose_strengths(
                h, prior, make, seed=seed, strengths=a, weight_strengths=b
            )
        with progress_bar(
            "adapting GMM", max_iterations, unit="steps", enabled=progress
        ) as go:
            mixture = adapt_mixture(
                h,
                prior,
                make(strength),
                weight_strength=weight_strength,
                max_iterations=max_iterations,
                tolerance=tolerance,
                advance=go,
            )
        model = type(self).from_config({**self.get_config(), "name": None})
        model.set_weights(self.get_weights())
        model._assign(mixture)
        if self._gate is not None and model._gate is not None:
            gate = np.array(self._gate)
            gate[-1] += mixture.log_weights - prior.log_weights
            model._gate.assign(gate)
        return model

    def _least(self):
        if self.covariance == "low-rank" and self.rank >= self.num_components:
            return self.rank + 1, "more than the rank of a covariance"
        return self.num_components, "one for each component"

    def _structure(self, strength, max_iterations):
        check_int("max_iterations", max_iterations, low=1)
        if strength is not None and not 0 <= strength < np.inf:
            raise ValueError(f"strength must be finite and at least 0, got {strength}.")
        size = float(np.prod(self.event_shape))
        if strength is None:
            strength = 2.0 * size if self.covariance == "full" else 1.0
            strength = 0.0 if self.num_components == 1 else strength
        return Structure(self.covariance, self.event_shape, strength, rank=self.rank)

    def _checked_condition(self, condition, n):
        condition = check_condition(condition, n, self.num_conditions)
        if condition is None and self.num_conditions:
            raise ValueError(
                f"condition must be [{n}, {self.num_conditions}] for this model, got "
                "None."
            )
        return condition

    def _fit_gate(self, h, condition):
        if condition is None or self._gate is None:
            return
        self.conditioning.adapt(condition)
        mixture = self.mixture
        standard = np.asarray(self.conditioning(condition), np.float64)
        log_density = mixture.log_joint(h) - mixture.log_weights
        self._gate.assign(fit_gate(standard, log_density, mixture.log_weights))
