"""Channels followed from slot to slot, under a mixture whose components drift."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import j0, softmax

from commgen._checks import check_positive
from commgen.generative.model import Posterior
from commgen.inference.observation.kalman import Belief, DirectKalman, LinearKalman
from commgen.inference.observation.linear import LinearObservation
from commgen.inference.observation.prior import NEGLIGIBLE, check_mixture


@dataclass(frozen=True, eq=False)
class TrackerState:
    """What is known of the channels of one slot.

    Parameters
    ----------
    log_joint : [batch, num_components], float
        Logarithm of weight times likelihood of all slots so far.
    beliefs
        Of each component, after what this slot showed.
    """

    log_joint: np.ndarray
    beliefs: tuple[Belief, ...]


class MixtureTracker:
    r"""Exact filter of channels that belong to one component and drift within it.

    .. math:: h_1 \sim \mathcal{CN}(0, R_k), \qquad
        h_t = a\,h_{t-1} + \sqrt{1 - a^2}\,w_t, \quad w_t \sim \mathcal{CN}(0, R_k)

    A user keeps its component, that is its directions and their powers, while the gains
    fade. Every slot has the distribution of the mixture. Given the component the filter
    is Kalman's (*A New Approach to Linear Filtering and Prediction Problems*, J. Basic
    Eng. 82 (1960)), and the components are weighed by the likelihood of all slots so
    far. It holds one mean for a component and channel, and one covariance for a
    component, or for both where the noise differs between channels.

    Parameters
    ----------
    prior
        A Gaussian mixture.
    correlation
        Correlation a of one slot with the next, in (-1, 1]; 1 is a channel that does
        not change. See :func:`jakes_correlation`.
    full
        Whether observations may hide entries or have coloured noise; where False each
        slot is seen as a whole in white noise or not at all, and far sooner filtered.

    Raises
    ------
    ValueError
        If ``correlation`` lies elsewhere, or ``full`` is False where covariances are
        of low rank.
    TypeError
        If the prior is no mixture.
    """

    def __init__(self, prior, correlation: float, *, full: bool = True):
        if not -1 < correlation <= 1:
            raise ValueError(f"correlation must be in (-1, 1], got {correlation}.")
        self.event_shape = tuple(prior.event_shape)
        mixture = check_mixture("prior", prior, self.event_shape)
        size, rank = mixture.eigenvectors.shape[1:]
        if not full and rank < size:
            raise ValueError(
                f"full must be True for covariances of rank {rank} below {size}, "
                "got False."
            )
        kind = LinearKalman if full else DirectKalman
        self._a, self._full = float(correlation), full
        self._log_weights = mixture.log_weights
        self._filters = [
            kind(mixture.component(k)) for k in range(len(mixture.log_weights))
        ]

    def start(self, batch: int) -> TrackerState:
        """Return what is known of ``batch`` channels before their first slot."""
        log_joint = np.broadcast_to(self._log_weights, (batch, len(self._filters)))
        return TrackerState(log_joint, tuple(f.start(batch) for f in self._filters))

    def predict(self, state: TrackerState) -> TrackerState:
        """Return what is known one slot later, before anything of it is seen."""
        pairs = zip(self._filters, state.beliefs, strict=True)
        return replace(
            state, beliefs=tuple(f.predict(belief, self._a) for f, belief in pairs)
        )

    def update(
        self, state: TrackerState, y, observation: LinearObservation
    ) -> TrackerState:
        """Return what is known after an observation of this slot.

        Parameters
        ----------
        state
            Of before, for as many channels.
        y, observation
            As :func:`~commgen.inference.observation.infer`; the observation may be
            another one in each slot.

        Raises
        ------
        ValueError
            If the number of channels or their shape is another, or the tracker does
            not take masks and coloured noise.
        """
        if observation.event_shape != self.event_shape:
            raise ValueError(
                f"observation must be of channels {self.event_shape} as the prior, "
                f"got {observation.event_shape}."
            )
        hidden = observation.A is not None or observation.noise_corr is not None
        if hidden and not self._full:
            raise ValueError(
                "observation must show all entries in white noise where full is False."
            )
        y, A, no = observation.whiten(y)
        if len(y) != len(state.log_joint):
            raise ValueError(
                f"y must be of {len(state.log_joint)} channels as before, got {len(y)}."
            )
        log_joint, beliefs = state.log_joint.copy(), []
        for k, (one, belief) in enumerate(
            zip(self._filters, state.beliefs, strict=True)
        ):
            belief, log_density = one.update(belief, y, A, no)
            log_joint[:, k] += log_density
            beliefs.append(belief)
        return TrackerState(log_joint, tuple(beliefs))

    def posterior(self, state: TrackerState) -> Posterior:
        """Return mean and variance of the channels of the slot."""
        p = softmax(state.log_joint, axis=1)
        mean = np.zeros((len(p), int(np.prod(self.event_shape))), complex)
        second = np.zeros(mean.shape)
        for k, (one, belief) in enumerate(
            zip(self._filters, state.beliefs, strict=True)
        ):
            if p[:, k].max() > NEGLIGIBLE:
                m, v = one.moments(belief)
                mean += p[:, k, None] * m
                second += p[:, k, None] * (v + np.abs(m) ** 2)
        shape = (len(p), *self.event_shape)
        err_var = np.maximum(second - np.abs(mean) ** 2, 0)
        return Posterior(
            mean.reshape(shape).astype(np.complex64),
            err_var.reshape(shape).astype(np.float32),
        )

    def track(
        self,
        y: Sequence,
        observations: LinearObservation | Sequence[LinearObservation | None],
    ) -> Posterior:
        """Filter whole sequences; each slot knows itself and those before.

        Parameters
        ----------
        y : num_slots arrays as :meth:`update`
            Observations of each slot, or an array of all; None where there is none.
        observations
            One for all slots, or one for each; None where nothing was seen.

        Returns
        -------
        Posterior
            ``mean`` and ``err_var`` of [batch, num_slots, *event_shape].

        Raises
        ------
        ValueError
            If there are not as many observations as slots, or no slot was seen.
        """
        if isinstance(observations, LinearObservation):
            observations = [observations] * len(y)
        if len(y) != len(observations):
            raise ValueError(
                f"observations must be {len(y)} as the slots of y, got "
                f"{len(observations)}."
            )
        seen = [slot for slot, o in zip(y, observations, strict=True) if o is not None]
        if not seen:
            raise ValueError("observations must show at least one slot, got none.")
        state, parts = self.start(len(seen[0])), []
        for t, (slot, observation) in enumerate(zip(y, observations, strict=True)):
            state = self.predict(state) if t else state
            if observation is not None:
                state = self.update(state, slot, observation)
            parts.append(self.posterior(state))
        return Posterior(
            np.stack([part.mean for part in parts], axis=1),
            np.stack([part.err_var for part in parts], axis=1),
        )


def jakes_correlation(doppler_hz: float, slot_s: float) -> float:
    r"""Return the correlation of two slots under Clarke's spectrum.

    It is :math:`J_0(2\pi f_d T)`. Over several slots the first-order model of the
    tracker forgets otherwise than that spectrum, so that ``err_var`` is too small on
    such fading.

    (Clarke, *A Statistical Theory of Mobile-Radio Reception*, Bell Syst. Tech. J. 47
    (1968).)

    Parameters
    ----------
    doppler_hz
        Greatest Doppler shift f_d, at least 0.
    slot_s
        Time T from one slot to the next.

    Examples
    --------
    >>> round(jakes_correlation(100.0, 0.5e-3), 4)
    0.9755
    """
    check_positive("slot_s", slot_s)
    if not 0 <= doppler_hz < np.inf:
        raise ValueError(f"doppler_hz must be finite and at least 0, got {doppler_hz}.")
    return float(j0(2 * np.pi * doppler_hz * slot_s))
