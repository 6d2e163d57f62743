"""One family over the cells: federated, together, alone, and adapted."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from commgen._progress import progress_bar
from commgen.evaluation.two_sample import nearest_neighbour_accuracy
from commgen.federated.nodes.rounds import Arrays, adapt
from commgen.generative import Prior
from commgen.generative.chunks import ChunkedDenoiser
from commgen.studies.federated.cells import Cell
from commgen.studies.federated.families import (
    StudyFamily,
    built,
    federated_mixture,
    started,
    tell_sums,
)
from commgen.studies.federated.judge import (
    Judge,
    gap,
    mean_db,
    pooled_gap,
    worst_gap,
)
from commgen.studies.federated.loop import federate, node_training, train_central
from commgen.studies.seeds import part_seed

Errors = list[np.ndarray]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class NetworkSize:
    """How much of it.

    Parameters
    ----------
    num_rounds
        Of one pass each over a node's channels; the others train as many passes.
    num_components
        Of the mixture that the server starts from.
    num_local_components
        Of the mixture of one cell, where a family stands on one.
    num_draws, num_server_epochs
        Channels that the server draws of it, and passes over them.
    num_adapt_epochs
        Passes after which adaptation at a node ends at the latest.
    num_generated
        Channels that are drawn of models; none where 0.
    batch_size
        Of all channels together.
    """

    num_rounds: int = 30
    num_components: int = 32
    num_local_components: int = 8
    num_draws: int = 8000
    num_server_epochs: int = 30
    num_adapt_epochs: int = 10
    num_generated: int = 1000
    batch_size: int = 128


class TrainedModel:
    """A model with its judge: traced once, whatever weights it is given.

    Parameters
    ----------
    family, cells, num_components, seed
        The model is built for, and told the sums and the mixture of, these cells.
    """

    def __init__(
        self,
        family: StudyFamily,
        cells: list[Cell],
        num_components: int,
        *,
        seed: int,
    ):
        self.family, self.seed = family, seed
        self._num_components = num_components
        self.mixture = federated_mixture(cells, num_components, seed=seed)
        shape = cells[0].train.shape[1:]
        self.model = built(family, shape, self.mixture, seed=seed)
        tell_sums(self.model, cells)
        self._any = self.model.training(
            cells[0].train, seed=seed, validation=cells[0].validation
        )
        self.untrained: Arrays = self._any.state()

    @cached_property
    def _denoise(self) -> ChunkedDenoiser:
        return ChunkedDenoiser(self.model)

    def tell(self, cells: list[Cell]) -> None:
        """Begin anew with the sums and the mixture of other cells."""
        tell_sums(self.model, cells)
        if self.family.on_mixture:
            self.mixture = federated_mixture(
                cells, self._num_components, seed=self.seed
            )
            self.model.prior.set_weights(self.mixture.get_weights())
        told = {n: w for n, w in self._any.state().items() if n in self._any.constant}
        self.untrained = {**self.untrained, **told}

    def load(self, weights: Arrays) -> None:
        """Give the model these weights; what is not named is as before training."""
        self._any.load({**self.untrained, **weights})

    def errors(self, weights: Arrays, cells: list[Cell], part: str = "test") -> Errors:
        """Return the errors on channels of some cells."""
        self.load(weights)
        what = "judging" if part == "test" else "choice"
        seed = part_seed(self.seed, f"federated/{what}")
        return Judge(self._denoise, cells, part, seed=seed).all_errors()


class NetworkStudy(TrainedModel):
    """Trains one family over the cells, and judges what comes of it.

    Parameters
    ----------
    family
        Which one.
    cells
        Nodes.
    absent
        Cells that take no part.
    size
        How much.
    seed
        Of the study.
    """

    def __init__(
        self,
        family: StudyFamily,
        cells: list[Cell],
        absent: list[Cell],
        size: NetworkSize,
        *,
        seed: int,
    ):
        super().__init__(family, cells, size.num_components, seed=seed)
        self.cells, self.absent, self.size = cells, absent, size
        self.start = self.untrained
        if not family.on_mixture:
            options = (size.num_draws, size.num_server_epochs)
            self.start = started(family, self.model, self.mixture, *options, seed=seed)

    def federated(self) -> Arrays:
        """Train in rounds from what the server came to."""
        rounds = self.size.num_rounds
        with progress_bar("federated", rounds, unit="rounds") as advance:
            return federate(
                self.model,
                self.cells,
                self.start,
                self.config(self.family.federated),
                self.family.settings,
                seed=self.seed,
                advance=advance,
            )[0]

    def central(self) -> Arrays:
        """Train on all channels together, from scratch and from the server's start.

        The validation loss chooses between the two.
        """
        size, family = self.size, self.family
        starts = [(self.untrained, family.rate)]
        if not family.on_mixture:
            starts.append((self.start, family.central))
        found = []
        for start, rate in starts:
            config = family.training(rate, size.num_rounds, size.batch_size)
            found.append(
                train_central(self.model, self.cells, start, config, seed=self.seed)
            )
        return min(found, key=lambda trained: min(trained.scores)).weights

    def adapted(self, index: int, weights: Arrays) -> Arrays:
        """Train the federated model on for some passes, none if that is best."""
        config = self.family.training(
            self.family.federated, self.size.num_adapt_epochs, self.family.batch_size
        )
        training = node_training(
            self.model, self.cells[index], index, config, seed=self.seed
        )
        return adapt(training, {**self.untrained, **weights}).weights

    def accuracy(self, weights: Arrays) -> float:
        """Return how well nearest neighbours tell draws from test channels."""
        self.load(weights)
        test = np.concatenate([cell.test for cell in self.cells])
        n = min(self.size.num_generated, len(test))
        drawn = self.model.sample(n, seed=part_seed(self.seed, "federated/generated"))
        rows = np.random.default_rng(self.seed).permutation(len(test))[:n]
        return nearest_neighbour_accuracy(test[rows], drawn).value

    def config(self, rate: float) -> Any:
        """Return the schedule of a node over all rounds."""
        return self.family.training(rate, self.size.num_rounds, self.family.batch_size)


class LocalStudy:
    """Trains models that see one cell alone, with its own mixture and sums.

    Parameters
    ----------
    study
        Whose cells, family and size.
    """

    def __init__(self, study: NetworkStudy):
        self._study = study
        self.known = TrainedModel(
            study.family,
            study.cells[:1],
            study.size.num_local_components,
            seed=study.seed,
        )

    def trained(self, index: int) -> Arrays:
        """Train on one cell's channels, from scratch, as many passes as rounds."""
        study, cell = self._study, self._study.cells[index]
        self.known.tell([cell])
        config = study.config(study.family.local)
        training = node_training(self.known.model, cell, index, config, seed=study.seed)
        return adapt(training, self.known.untrained, patience=config.num_epochs).weights


def family_tables(name: str, study: NetworkStudy, *, num_own: int) -> dict[str, Rows]:
    """Return the tables of one family: ``gap``, ``own`` of some cells, ``generated``.

    A family that cannot estimate has the last one alone.
    """
    federated, central = study.federated(), study.central()
    tables: dict[str, Rows] = {"gap": [], "own": [], "generated": []}
    if isinstance(study.model, Prior):
        tables["gap"] = gap_rows(name, study, federated, central)
        tables["own"] = own_rows(name, study, federated, num_own) if num_own else []
    if study.size.num_generated:
        values = {"federated": federated, "central": central}
        accuracy = {what: study.accuracy(weights) for what, weights in values.items()}
        tables["generated"] = [{"family": name, **accuracy}]
    return tables


def gap_rows(
    name: str, study: NetworkStudy, federated: Arrays, central: Arrays
) -> Rows:
    """Return by how much models are behind the central one, all cells and the worst."""
    beside = study.errors(central, study.cells)
    rows = [
        _gap_row(name, what, study.errors(weights, study.cells), beside)
        for what, weights in (("federated", federated), ("start", study.start))
    ]
    if study.absent:
        pair = [study.errors(w, study.absent) for w in (federated, central)]
        rows.append(_gap_row(name, "absent cells", *pair))
    return rows


def own_rows(name: str, study: NetworkStudy, federated: Arrays, num_own: int) -> Rows:
    """Return the first cells' errors by its own, the federated, and the adapted model.

    Adapted is what does best on the validation channels of the cell: the federated
    model, trained on or not, or the one that has seen this cell alone.
    """
    rows, alone = [], LocalStudy(study)
    cells = study.cells[:num_own]
    with progress_bar("own cells", len(cells), unit="cells") as advance:
        for index, cell in enumerate(cells):
            local = alone.trained(index)
            models = {
                "local": (alone.known, local),
                "global": (study, federated),
                "trained on": (study, study.adapted(index, federated)),
            }
            seen = {
                part: {
                    what: model.errors(weights, [cell], part)[0]
                    for what, (model, weights) in models.items()
                }
                for part in ("validation", "test")
            }
            rows.append({"family": name, **_own_row(cell, seen)})
            advance()
    return rows


def _own_row(cell: Cell, seen: dict[str, dict[str, np.ndarray]]) -> dict[str, Any]:
    scores = {what: mean_db(errors) for what, errors in seen["validation"].items()}
    chosen = min(scores, key=lambda what: scores[what])
    test = seen["test"]
    found = gap(test[chosen], test["local"])
    return {
        "cell": cell.name,
        "num_train": len(cell.train),
        "adapted": chosen,
        **{f"{what}_db": mean_db(errors) for what, errors in test.items()},
        "adapted_db": mean_db(test[chosen]),
        "gap_db": found.db,
        "low": found.low,
        "high": found.high,
    }


def _gap_row(name: str, what: str, errors: Errors, other: Errors) -> dict[str, Any]:
    whole = pooled_gap(errors, other)
    index, worst = worst_gap(errors, other)
    return {
        "family": name,
        "model": what,
        "gap_db": whole.db,
        "low": whole.low,
        "high": whole.high,
        "worst_gap_db": worst.db,
        "worst_low": worst.low,
        "worst_high": worst.high,
        "worst_cell": index,
        "nmse_db": float(np.mean([mean_db(error) for error in errors])),
        "central_nmse_db": float(np.mean([mean_db(error) for error in other])),
    }
