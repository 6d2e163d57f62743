"""Priors, beliefs and the precoder of a study of channels that are seen in part."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.channels import RECIPES
from commgen.measures.decibel import noise_variance
from commgen.studies.beams.channels import umi_users
from commgen.studies.seeds import part_seed
from commgen.studies.sets import drawn_events
from commgen.studies.stages import Stages
from commgen.studies.umi64_mixture import umi64_mixture

NUM_ANT, NUM_USERS = 64, 8
PILOT_SNR_DB = 10.0
MIXTURE = "mixture"
# Antennas of those of whom the precoder learns.
_SEEN = (4, 32)


class Believed:
    """What is kept of a study, each made when a step first needs it.

    Parameters
    ----------
    output
        Folder of the study.
    size : PartialSize
        How much.
    seed
        Of the study.
    """

    def __init__(self, output: Path, size: Any, seed: int):
        self._output, self._size, self._seed = output, size, seed
        self._made: dict[str, Any] = {}
        #: Name to what makes a prior, the one that the precoder learned with first.
        self.priors: dict[str, Callable[[], Any]] = {
            MIXTURE: self._mixture,
            "sample covariance": self._covariance,
            "learned": self._learned,
        }

    def drops(self, prior: str, num_seen: int, num_samples: int) -> tuple[Any, Any]:
        """Return channels that nothing learned from, and what is believed of them.

        Returns
        -------
        h : [num_drops, num_users, 1, num_ant], complex
        belief : Belief
            After ``num_seen`` random antennas of each were seen; the same pilots and
            noise for every prior.
        """
        size = self._size
        count = size.num_learned if prior == "learned" else size.num_drops
        h = umi_users(self._output, size.num_drops, NUM_USERS, NUM_ANT, seed=self._seed)
        return self._seen(h, prior, num_seen, num_samples, count)

    def asking(self, num_seen: int, num_samples: int) -> tuple[Any, Any]:
        """Return channels and beliefs, by the mixture, of all who ask to be served."""
        size = self._size
        shape = size.num_selections, size.num_asking, NUM_ANT
        h = umi_users(self._output, *shape, seed=self._seed, name="asking")
        return self._seen(h, MIXTURE, num_seen, num_samples, len(h))

    def _seen(self, h, prior, num_seen, num_samples, count):
        """See antennas of users, and infer the rest of the first ``count`` drops."""
        from commgen.phy.beams import infer_belief

        seed = part_seed(self._seed, "beams/partial seen", num_seen)
        rng, no = np.random.default_rng(seed), float(noise_variance(PILOT_SNR_DB))
        antennas = np.argsort(rng.random(h[:, :, 0].shape), axis=-1)[..., :num_seen]
        y = np.take_along_axis(h[:, :, 0], antennas, axis=-1)
        y = (y + np.sqrt(no) * complex_normal(rng, y.shape))[:count]
        told = {"num_samples": num_samples, "seed": seed}
        belief = infer_belief(self.prior(prior), y, antennas[:count], no, **told)
        return h[:count], belief

    def prior(self, name: str) -> Any:
        """Return a prior of the channels of users."""
        if name not in self._made:
            self._made[name] = self.priors[name]()
        return self._made[name]

    def one_pass(self) -> Any:
        """Return the precoder that has learned with beliefs of the mixture."""
        from commgen.phy.beams import LearnedPrecoder

        size, folder = self._size, self._output / "one-pass"
        told = [self._seed, size.num_train, size.num_components]
        told += [size.num_pool, size.num_steps, size.batch_size]
        Stages(self._output / "stages").result(
            "model-one-pass", told, lambda: self._train(folder)
        )
        return LearnedPrecoder.load(folder)

    def _train(self, folder: Path) -> dict[str, Any]:
        from commgen.phy.beams import BeliefPool, LearnedPrecoder, PrecoderTraining

        size, h = self._size, self._channels()[: self._size.num_pool]
        with progress_bar("inferring users", len(h), unit="users") as go:
            pool = BeliefPool.of(
                self.prior(MIXTURE),
                h,
                num_seen=_SEEN,
                seed=part_seed(self._seed, "beams/partial pool"),
                advance=go,
                num_users=NUM_USERS,
                batch_size=size.batch_size,
            )
        own = part_seed(self._seed, "beams/partial")
        precoder = LearnedPrecoder.of_seed(own)
        precoder.card = {"seed": own, "num_pool": len(h), "num_seen": list(_SEEN)}
        training = PrecoderTraining(size.num_steps, 3e-3)
        precoder.fit(pool, seed=own, training=training, progress=True)
        precoder.save(folder)
        return precoder.card

    def _channels(self) -> np.ndarray:
        events = drawn_events(
            self._output / "umi64-train.h5",
            RECIPES["umi64"],
            self._size.num_train,
            seed=part_seed(self._seed, "set/train"),
        )
        return events.h.reshape(len(events.h), -1)

    def _mixture(self):
        size = self._size.num_components
        return umi64_mixture(self._output, self._channels(), size, seed=self._seed)

    def _covariance(self):
        from commgen.generative import GaussianMixture

        return GaussianMixture((NUM_ANT,), 1).fit(self._channels(), seed=0)

    def _learned(self):
        from commgen.generative.load import load_prior
        from commgen.generative.recipes import learn

        size, folder = self._size, self._output / "learned"
        h = self._channels()
        split = len(h) * 7 // 8

        def train() -> int:
            own = part_seed(self._seed, "beams/partial learned")
            model = learn(
                h[:split],
                "vae",
                seed=own,
                validation=h[split:],
                num_epochs=size.num_epochs,
                progress=True,
            )
            model.save(folder)
            return own

        told = [self._seed, size.num_train, size.num_epochs]
        Stages(self._output / "stages").result("model-learned", told, train)
        return load_prior(folder)
