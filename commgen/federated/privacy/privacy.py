"""Privacy of a node's channels over a whole training: noise, budget, and what it is."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.whole import write_text
from commgen.federated.privacy.accountant import (
    Spending,
    noise_multiplier,
    spent_epsilon,
)
from commgen.federated.privacy.step import PrivateStep, check_private, secret_seed
from commgen.federated.privacy.sums import private_sums
from commgen.federated.sending_config import PrivacyConfig


class Privacy:
    """Makes a node's training private, within the budget.

    Parameters
    ----------
    config
        Budget, bound and noise.
    num_examples, batch_size
        Training channels, and how many are in a step in the mean.
    num_steps
        Of all rounds.
    seed
        Of the noise: :func:`noise_seed`.

    Raises
    ------
    ValueError
        If the sums alone spend the budget.
    """

    def __init__(
        self,
        config: PrivacyConfig,
        num_examples: int,
        batch_size: int,
        num_steps: int,
        *,
        seed: int,
    ):
        self.config, self.seed = config, seed
        self._batch_size = min(batch_size, num_examples)
        rate = self._batch_size / num_examples
        self._spending = Spending(rate, num_steps, (config.statistics_noise,))
        budget = config.epsilon, config.delta
        self.noise = noise_multiplier(self._spending, *budget)

    @staticmethod
    def prepare(model: Any, config: PrivacyConfig) -> None:
        """Give a model private steps, before its trainings are made.

        Raises
        ------
        ValueError
            If its family has no gradients of channels, or it is told conditions: of
            their sums one channel has no bound.
        """
        check_private(model)
        if model.num_conditions:
            raise ValueError(
                "privacy must be off for models with conditions, got "
                f"{model.num_conditions}."
            )
        model.step_rule = PrivateStep(config.clip)

    def begin(self, model: Any, round: int) -> None:
        """Make the steps of a model those of this node in a round."""
        model.step_rule.set(
            noise=self.noise,
            expected_batch=self._batch_size,
            seed=self._words(1, round),
        )

    def sums(self, model: Any, h: np.ndarray) -> dict[str, np.ndarray]:
        """Return :meth:`NetworkModel.sums` of a node's training channels, noised.

        The same noise whenever it is asked, so that asking twice tells no more.
        """
        rng = np.random.default_rng([self.seed, 2])
        return private_sums(model, h, noise=self.config.statistics_noise, rng=rng)

    @property
    def report(self) -> dict[str, float]:
        """What is spent when all rounds are done, and by which noise."""
        spent = spent_epsilon(self._spending, self.noise, self.config.delta)
        return {"epsilon": spent, "delta": self.config.delta, "noise": self.noise}

    def _words(self, *words: int) -> int:
        mixed = np.random.SeedSequence([self.seed, *words]).generate_state(1, np.uint64)
        return int(mixed[0])


def noise_seed(config: PrivacyConfig, seed: int, folder: Path | None) -> int:
    """Return the seed of a node's noise, and of its batches.

    Parameters
    ----------
    config
        Whose ``noise`` chooses.
    seed
        Of the node, which whoever has the configuration knows.
    folder
        Where a secret one is kept, in ``secret``, readable by its owner alone.

    Raises
    ------
    ValueError
        If it is to be secret and there is nowhere to keep it.
    """
    if config.noise == "seeded":
        return seed
    if folder is None:
        raise ValueError("privacy.noise must be 'seeded' for nodes without a folder.")
    path = folder / "secret"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, f"{secret_seed()}\n")
        path.chmod(0o600)
    return int(path.read_text(encoding="utf-8"))
