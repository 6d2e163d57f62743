"""Search of the best beam by a few looks: which next, and which at last."""

from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.phy.looks.beam_looks import BeamChances, BeamLooks
from commgen.phy.looks.posterior import LookPosterior


class BeamSearch:
    """Channels that are looked at as a rule says, until a beam is chosen.

    Ask :meth:`next_look`, look, :meth:`tell` what was heard; :meth:`chances` says what
    each beam is worth by then.

    Parameters
    ----------
    prior : GaussianMixture
        What channels there are, before any look.
    looks : BeamLooks
        The rule, with its codebook.
    num_channels
        That are searched side by side.
    no
        Noise variance of a look of unit norm; 0.01 is 20 dB at one antenna.
    num_draws
        Of the posterior, by which a rule is told what each beam is worth.
    seed
        Of draws and of what the rule leaves to chance.
    history : [num_channels, num_components], float, or None
        What was known of each channel before, as of
        :class:`~commgen.phy.looks.posterior.LookPosterior`'s ``log_weights``.

    Examples
    --------
    >>> from commgen.generative import GaussianMixture
    >>> from commgen.phy.looks import NarrowingLooks
    >>> rng = np.random.default_rng(0)
    >>> h = rng.normal(size=(200, 4, 2)) @ [1, 1j] / 2**0.5
    >>> prior = GaussianMixture((4,), 1).fit(h, seed=0)
    >>> beams = np.fft.ifft(np.eye(4)) * 2
    >>> looks = NarrowingLooks(beams, 1, no=0.01)
    >>> search = BeamSearch(prior, looks, 200, no=0.01, seed=0)
    >>> for _ in range(4):
    ...     w = search.next_look()
    ...     search.tell(np.sum(w.conj() * h, axis=1))
    >>> best = np.abs(h @ beams.conj()).argmax(axis=1)
    >>> bool(np.mean(search.chances().p_best.argmax(axis=1) == best) > 0.8)
    True
    """

    def __init__(
        self,
        prior: Any,
        looks: BeamLooks,
        num_channels: int,
        *,
        no: float,
        num_draws: int = 256,
        seed: int,
        history: Any = None,
    ):
        self.posterior = LookPosterior(prior, num_channels, no=no, log_weights=history)
        if len(looks.beams) != self.posterior.num_ant:
            raise ValueError(
                f"beams must have {self.posterior.num_ant} rows, one for each antenna, "
                f"got {len(looks.beams)}."
            )
        self._looks = looks
        self._num_draws = check_int("num_draws", num_draws, low=1)
        check_int("seed", seed, low=0)
        # What a rule draws does not depend on how much of the posterior was drawn.
        self._rule_rng, self._rng = (
            np.random.default_rng([seed, part]) for part in (0, 1)
        )
        self._w: np.ndarray | None = None
        self._told: dict[int, BeamChances] = {}

    def next_look(self) -> np.ndarray:
        """Return the weights of the next look at each channel, [n, num_ant]."""
        told = self.chances() if self._looks.adaptive else None
        n, step = self.posterior.num_channels, self.posterior.num_looks
        self._w = np.asarray(self._looks(told, n, step, self._rule_rng), np.complex64)
        return self._w

    def tell(self, y: Any) -> None:
        """Tell what the last look heard, [n], complex.

        Raises
        ------
        RuntimeError
            If no look was asked for since the last answer.
        ValueError
            As of the posterior.
        """
        if self._w is None:
            raise RuntimeError("ask for next_look() before each tell(y).")
        self.posterior.tell(self._w, y)
        self._w, self._told = None, {}

    def chances(self, num_draws: int | None = None) -> BeamChances:
        """Return what each beam is worth, by draws of the posterior, done once a look.

        Parameters
        ----------
        num_draws
            As of the class where None.
        """
        num = num_draws or self._num_draws
        if num not in self._told:
            g = self.posterior.draws(num, self._rng)
            self._told[num] = BeamChances.of_draws(g @ self._looks.beams.conj())
        return self._told[num]
