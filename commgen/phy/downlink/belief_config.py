"""What the base station of a simulation knows of its channels."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from commgen._random import complex_normal
from commgen._settings import Count, Float, Settings
from commgen.measures.decibel import noise_variance


class PerfectBelief(Settings):
    """The channels themselves."""

    kind: Literal["perfect"] = "perfect"

    def build(self, num_tx_ant: int, num_rx_ant: int) -> Any:
        """Return what makes beliefs of channels.

        Returns
        -------
        callable
            ``(h, rng) -> belief, expected``: what weights are made of, and draws of the
            same that they are not, [num_draws, *h.shape], for the choice of schemes.
        """
        from commgen.phy.beams.belief import Belief

        return lambda h, rng: (Belief.of(h), h[None])


class ErrorBelief(Settings):
    """Estimates of all antennas, with a white error that is known.

    With a variance of v for channels of unit variance, estimate and error are
    independent: the least-squares error of independent antennas, seen at an SNR of
    (1 - v) / v.

    Parameters
    ----------
    err_var
        Variance v of the error.
    num_draws
        Draws of what the channels may be: for weights, and as many for schemes.
    """

    kind: Literal["error"] = "error"
    err_var: Annotated[Float, Field(gt=0, lt=1)]
    num_draws: Count = 64

    def build(self, num_tx_ant: int, num_rx_ant: int) -> Any:
        """Return what makes beliefs of channels, as of :class:`PerfectBelief`."""
        from commgen.phy.beams.belief import Belief

        v = np.float32(self.err_var)

        def believe(h: np.ndarray, rng: np.random.Generator) -> Any:
            noise = complex_normal(rng, h.shape)
            mean = (1 - v) * h + np.sqrt(v * (1 - v)) * noise
            errors = complex_normal(rng, (2 * self.num_draws, *h.shape))
            seen, expected = np.split(mean + np.sqrt(v) * errors, 2)
            cov = np.tile(v * np.eye(num_tx_ant, dtype=h.dtype), (*h.shape[:2], 1, 1))
            return Belief.of(mean, cov, seen), expected

        return believe


class ObservedBelief(Settings):
    """Posterior of a saved prior, of some antennas that are seen in noise.

    Parameters
    ----------
    model
        Folder of a prior whose event is the antennas of the base station; relative to
        the configuration file. Users have one antenna.
    num_seen
        Antennas of each user's channel that are seen, at random.
    snr_db
        SNR at each of them.
    num_draws
        Draws of the posterior: for weights, and as many for schemes.
    """

    kind: Literal["observed"] = "observed"
    model: Path
    num_seen: Count
    snr_db: Float = 10.0
    num_draws: Count = 32

    def build(self, num_tx_ant: int, num_rx_ant: int) -> Any:
        """Return what makes beliefs of channels, as of :class:`PerfectBelief`.

        Raises
        ------
        ValueError, OSError
            If the model cannot be loaded or does not fit.
        """
        from commgen.generative.load import load_prior
        from commgen.phy.beams.belief import Belief
        from commgen.phy.beams.inferred import infer_belief

        prior, no = load_prior(self.model), float(noise_variance(self.snr_db))
        if tuple(prior.event_shape) != (num_tx_ant,) or num_rx_ant != 1:
            raise ValueError(
                f"belief.model: must have events of the {num_tx_ant} antennas of the "
                f"base station, to users of one antenna, got {prior.event_shape} and "
                f"users of {num_rx_ant}"
            )
        if self.num_seen > num_tx_ant:
            raise ValueError(
                f"belief.num_seen must be at most the {num_tx_ant} antennas, got "
                f"{self.num_seen}"
            )

        def believe(h: np.ndarray, rng: np.random.Generator) -> Any:
            h = h[:, :, 0]
            every = np.broadcast_to(np.arange(num_tx_ant), h.shape)
            order = rng.permuted(every, axis=-1)
            seen = order[..., : self.num_seen]
            y = np.take_along_axis(h, seen, axis=-1)
            y = y + np.float32(np.sqrt(no)) * complex_normal(rng, y.shape)
            seed = int(rng.integers(2**31))
            found = infer_belief(
                prior, y, seen, no, num_samples=2 * self.num_draws, seed=seed
            )
            draws, expected = np.split(found.samples.numpy(), 2)
            return Belief.of(found.mean, found.err_cov, draws), expected

        return believe


BeliefConfig = Annotated[
    PerfectBelief | ErrorBelief | ObservedBelief, Field(discriminator="kind")
]


def _covariance(samples: np.ndarray) -> np.ndarray:
    """Covariance of draws [num_draws, batch, num_users, num_tx_ant] of rows."""
    apart = samples - samples.mean(axis=0)
    found = np.einsum("sbkm,sbkn->bkmn", apart, apart.conj(), optimize=True)
    return found / max(len(samples) - 1, 1)
