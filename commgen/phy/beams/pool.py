"""Beliefs to learn with: of a prior, after random numbers of antennas were seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.measures.decibel import noise_variance
from commgen.phy.beams.belief import Belief
from commgen.phy.beams.inferred import infer_belief

_FULL = 0.6


@dataclass(frozen=True)
class BeliefPool:
    """Users of whom something was seen; a call draws batches of drops of them.

    Users are independent, so that any of them make a drop; one that is drawn twice for
    a drop is two users of whom the same is believed. The rate over their draws is what
    a precoder learns with, without a channel that is known. Make one with :meth:`of`.

    Parameters
    ----------
    mean : [n, num_tx_ant], complex
        Of the channel of a user.
    err_cov : [n, num_tx_ant, num_tx_ant], complex
        Of its error.
    samples : [n, num_samples, num_tx_ant], complex
        Draws of the channel.
    num_users
        The most; three batches of five have so many, the rest any number.
    snr_range_db
        Power over noise, uniform in dB.
    batch_size
        Beliefs in a step.
    """

    mean: np.ndarray
    err_cov: np.ndarray
    samples: np.ndarray
    num_users: int = 8
    snr_range_db: tuple[float, float] = (0.0, 20.0)
    batch_size: int = 32

    @classmethod
    def of(
        cls,
        prior: Any,
        h: np.ndarray,
        *,
        num_seen: tuple[int, int],
        seed: int,
        pilot_snr_db: tuple[float, float] = (0.0, 20.0),
        num_samples: int = 16,
        advance: Callable[[int], Any] = int,
        **settings: Any,
    ) -> "BeliefPool":
        """See some antennas of channels, and infer the rest.

        Parameters
        ----------
        prior
            As of :func:`~commgen.phy.beams.infer_belief`.
        h : [n, num_tx_ant], complex
            Channels of users.
        num_seen
            Least and most antennas that are seen of a user, uniform.
        seed
            Of what is seen, noise and draws.
        pilot_snr_db
            SNR at a seen antenna of a channel of unit power, uniform in dB.
        num_samples
            Draws of each channel.
        advance
            Called with 1 after each user.
        settings
            ``num_users``, ``snr_range_db``, ``batch_size`` of the class.

        Raises
        ------
        ValueError
            If a number is out of range, or as of ``infer_belief``.
        """
        low = check_int("num_seen", num_seen[0], low=1, high=h.shape[1])
        high = check_int("num_seen", num_seen[1], low=low, high=h.shape[1])
        rng, users = np.random.default_rng(seed), []
        for one in h:
            antennas = rng.permutation(len(one))[: rng.integers(low, high + 1)]
            no = float(noise_variance(rng.uniform(*pilot_snr_db)))
            y = one[antennas] + np.sqrt(no) * complex_normal(rng, antennas.shape)
            own = int(rng.integers(2**31))
            belief = infer_belief(
                prior,
                y[None, None],
                antennas[None, None],
                no,
                num_samples=num_samples,
                seed=own,
            )
            users.append(
                (
                    np.asarray(belief.mean)[0, 0, 0],
                    np.asarray(belief.err_cov)[0, 0],
                    np.asarray(belief.samples)[:, 0, 0, 0],
                )
            )
            advance(1)
        mean, cov, samples = (np.stack(part) for part in zip(*users, strict=True))
        return cls(mean, cov, samples, **settings)

    def __call__(self, rng: np.random.Generator) -> tuple[Belief, np.ndarray]:
        """Draw beliefs, and their noise variances at a power of one."""
        users = self.num_users
        if rng.random() >= _FULL:
            users = int(rng.integers(1, users + 1))
        i = rng.integers(0, len(self.mean), (self.batch_size, users))
        samples = np.moveaxis(self.samples[i], 2, 0)[..., None, :]
        no = noise_variance(rng.uniform(*self.snr_range_db, self.batch_size))
        return Belief(self.mean[i][..., None, :], self.err_cov[i], samples), no
