"""The families that the federated study trains, small enough for a base station."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from commgen.federated.mixture.answers import Channels, answer
from commgen.federated.mixture.fit import fit_mixture
from commgen.federated.nodes.rounds import Arrays, RoundSettings, mean_answer
from commgen.federated.server.warm_start import warm_start
from commgen.federated.tasks import Task
from commgen.generative import (
    Diffusion,
    GaussianMixture,
    StationaryDenoiser,
    VariationalAutoencoder,
    WassersteinGAN,
)
from commgen.generative._untyped import keras
from commgen.generative.learned_filter.line_network import LineNetwork
from commgen.generative.networks.fourier_denoiser import FourierDenoiser
from commgen.generative.training import TrainingConfig
from commgen.studies.federated.cells import Cell
from commgen.studies.seeds import part_seed

Shape = tuple[int, ...]


@dataclass(frozen=True)
class StudyFamily:
    """How a family is built and trained; rates were chosen on validation channels.

    Parameters
    ----------
    build
        ``build(event_shape, mixture)`` returns the untrained model.
    rate
        Peak learning rate at batch 128: of the server on what the mixture draws.
    central
        The same for all channels together, from where the server came to.
    local
        For one cell's channels alone, at the batch of a node.
    federated
        For a node in a round.
    settings
        Of the rounds.
    beta_1
        Of AdamW.
    batch_size
        Of a node.
    on_mixture
        Whether the model starts as the mixture's estimator; if not, the server trains
        it on draws of the mixture first, of which such a model has nothing to learn.
    """

    build: Callable[[Shape, Any], Any]
    rate: float
    central: float
    local: float
    federated: float
    settings: RoundSettings = field(
        default_factory=lambda: RoundSettings(1, "scaffold")
    )
    beta_1: float = 0.9
    batch_size: int = 16
    on_mixture: bool = False

    @property
    def rates(self) -> list[float]:
        """All rates and the batch, which decide a result."""
        return [self.rate, self.central, self.local, self.federated, self.batch_size]

    def training(
        self, rate: float, num_epochs: int, batch_size: int, **options: Any
    ) -> TrainingConfig:
        """Return a configuration of this family's trainings."""
        return TrainingConfig(
            num_epochs=num_epochs,
            batch_size=batch_size,
            learning_rate=rate,
            beta_1=self.beta_1,
            patience=num_epochs,
            **options,
        )


def _vae(shape: Shape, mixture: Any) -> Any:
    return VariationalAutoencoder(shape, num_latents=16, width=64, depth=1)


def _wgan(shape: Shape, mixture: Any) -> Any:
    return WassersteinGAN(shape, num_latents=16, width=64, depth=1)


def _diffusion(shape: Shape, mixture: Any) -> Any:
    return Diffusion(shape, FourierDenoiser(width=24, depth=2), mixture)


def _stationary(shape: Shape, mixture: Any) -> Any:
    return StationaryDenoiser(shape, LineNetwork(width=24, depth=1, num_stages=1))


FAMILIES: dict[str, StudyFamily] = {
    "vae": StudyFamily(_vae, 8e-3, 4e-3, 2e-3, 1e-3),
    "diffusion": StudyFamily(_diffusion, 4e-3, 4e-3, 1e-3, 2e-3, on_mixture=True),
    "stationary": StudyFamily(_stationary, 4e-3, 2e-3, 2e-3, 1e-3, batch_size=32),
    "wgan": StudyFamily(_wgan, 7e-4, 3e-4, 3e-4, 2e-4, beta_1=0.5),
}


def federated_mixture(
    cells: list[Cell],
    num_components: int,
    *,
    seed: int,
    strength: float | None = None,
) -> GaussianMixture:
    """Fit a mixture to the channels of all cells by federated EM, by sums alone."""
    nodes = [Channels(cell.train) for cell in cells]

    def ask(what, arrays, settings):
        answers = [answer(Task(what, 1, arrays, settings), node) for node in nodes]
        total = sum(part.num_examples for part in answers)
        return {
            name.removeprefix("sums/"): total * mean
            for name, mean in mean_answer(answers).items()
        }

    model = GaussianMixture(cells[0].train.shape[1:], num_components)
    return fit_mixture(
        ask, model, seed=part_seed(seed, "federated/mixture"), strength=strength
    )


def built(family: StudyFamily, shape: Shape, mixture: Any, *, seed: int) -> Any:
    """Build a model with initial weights of this seed."""
    keras.utils.set_random_seed(part_seed(seed, "federated/model"))
    return family.build(shape, mixture)


def tell_sums(model: Any, cells: list[Cell]) -> None:
    """Tell a model the sums of all cells, as a server adds them."""
    sums = [model.sums(cell.train) for cell in cells]
    model.adapt_sums({name: sum(part[name] for part in sums) for name in sums[0]})


def started(
    family: StudyFamily,
    model: Any,
    mixture: Any,
    num_draws: int,
    num_epochs: int,
    *,
    seed: int,
) -> Arrays:
    """Return the weights that the server comes to on draws of the mixture."""
    return warm_start(
        model,
        mixture,
        num_draws,
        family.training(family.rate, num_epochs, 128),
        seeds=(
            part_seed(seed, "federated/draws", 0),
            part_seed(seed, "federated/draws", 1),
            part_seed(seed, "federated/server"),
        ),
    )
