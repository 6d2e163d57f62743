"""Membership inference: who was in the training set, told by a model's loss."""

from dataclasses import dataclass

import numpy as np

from commgen._checks import check_finite, check_int
from commgen.federated.privacy.gradients import per_channel_losses
from commgen.generative._untyped import tf
from commgen.generative.network import NetworkModel

_CHUNK = 256


@dataclass(frozen=True)
class Attack:
    """What an attacker gains who calls a channel a member where its loss is low.

    Parameters
    ----------
    advantage
        Greatest true less false positive rate over all thresholds: 0 to 1.
    null
        What 95 % of such attacks stay below where nobody was a member.
    p_value
        Chance of an advantage as great where nobody was a member.
    """

    advantage: float
    null: float
    p_value: float

    @property
    def within_null(self) -> bool:
        """Whether the attack did no better than guessing would."""
        return self.advantage <= self.null


def membership_attack(
    members: np.ndarray, others: np.ndarray, *, seed: int, num_permutations: int = 2000
) -> Attack:
    r"""Attack by thresholds on the loss (Yeom et al., CSF 2018).

    .. math:: \max_t \; \Pr(\ell < t \mid \text{member})
        - \Pr(\ell < t \mid \text{other})

    which is the one-sided statistic of Smirnov's test of two samples; its null comes
    from permutations of who is called a member, so it holds for any sizes.

    Parameters
    ----------
    members, others : [n], [m], float
        Losses of training channels, and of others of the same distribution.
    seed, num_permutations
        Of the null.
    """
    check_int("num_permutations", num_permutations, low=1)
    for name, losses in (("members", members), ("others", others)):
        if np.ndim(losses) != 1 or not len(losses):
            raise ValueError(f"{name} must be [n], n >= 1, got {np.shape(losses)}.")
        check_finite(name, np.asarray(losses))
    losses = np.concatenate([members, others])
    is_member = np.arange(len(losses)) < len(members)
    found = _advantage(losses, is_member)
    rng = np.random.default_rng(seed)
    guesses = (rng.permutation(is_member) for _ in range(num_permutations))
    null = np.array([_advantage(losses, guess) for guess in guesses])
    as_great = np.count_nonzero(null >= found)
    p_value = float((1 + as_great) / (1 + num_permutations))
    return Attack(found, float(np.quantile(null, 0.95)), p_value)


def _advantage(losses, is_member) -> float:
    order = np.argsort(losses, kind="stable")
    there = is_member[order]
    gain = np.cumsum(there) / there.sum() - np.cumsum(~there) / (~there).sum()
    # Equal losses are on one side of any threshold.
    last = np.append(np.diff(losses[order]) > 0, True)
    return float(max(gain[last].max(), 0.0))


def channel_losses(
    model: NetworkModel,
    h: np.ndarray,
    condition: np.ndarray | None = None,
    *,
    seed: int,
    draws: int = 8,
) -> np.ndarray:
    """Return the loss that a model has at each channel, [n].

    Parameters
    ----------
    model
        With a loss; one with a critic has none of a channel.
    h : [n, *event_shape], complex
        Channels.
    condition : [n, num_conditions], float, or None
        Their circumstances.
    seed
        Of the noise that a loss is a mean over: one seed, the same noise for every
        model, so that differences of two models' losses have less of it.
    draws
        Of that noise, for each channel.
    """
    check_int("draws", draws, low=1)
    # Any batch size, in one graph.
    losses_of = tf.function(lambda data: per_channel_losses(model, data))
    losses = np.zeros(len(h))
    for start in range(0, len(h), _CHUNK):
        rows = slice(start, start + _CHUNK)
        given = None if condition is None else condition[rows]
        for draw in range(draws):
            rng = np.random.default_rng([seed, start, draw])
            data = model._examples(rng, h[rows].astype(np.complex64), given)
            data = tf.nest.map_structure(tf.convert_to_tensor, data)
            losses[rows] += losses_of(data).numpy() / draws
    return losses
