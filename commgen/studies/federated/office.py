"""The office: a mixture of all places moved to each, beside the best of one place."""

from typing import Any, NamedTuple

import numpy as np

from commgen._progress import progress_bar
from commgen.generative import GaussianMixture
from commgen.studies.federated.cells import Cell
from commgen.studies.federated.families import federated_mixture
from commgen.studies.federated.judge import Judge, gap, mean_db
from commgen.studies.seeds import part_seed

# Local mixtures to choose from: components, covariance, strength of the prior part.
_LOCAL = (
    (1, "full", 4.0),
    (4, "full", 32.0),
    (8, "full", 32.0),
    (16, "full", 32.0),
    (32, "full", 32.0),
    (8, "full", 256.0),
    (16, "circulant", None),
)
# Weights of the global mixture in the covariances and weights of an adapted one, in
# channels; packets of one visit are near-copies, so that days, not folds, choose.
_STRENGTHS = (16.0, 64.0, 256.0, 1024.0)
_GLOBAL_STRENGTH = 32.0


class _Choice(NamedTuple):
    name: str
    model: Any
    validation_db: float


def office_rows(
    places: list[Cell], num_components: int, *, seed: int
) -> list[dict[str, Any]]:
    """Compare each place's own mixture with that of all, moved to it.

    Whatever is chosen (size, structure and strength of the local mixture; whether and
    how far the global one is moved) is chosen on the validation days of the place.

    Parameters
    ----------
    places
        From :func:`~commgen.studies.federated.cells.office_places`.
    num_components
        Of the global mixture.
    seed
        Of the study.

    Returns
    -------
    list of dict
        A row a place; errors on the test days, gaps with an interval over visits.
    """
    common = federated_mixture(
        places, num_components, seed=seed, strength=_GLOBAL_STRENGTH
    )
    rows = []
    with progress_bar("adapting to places", len(places), unit="places") as advance:
        for place in places:
            rows.append(_row(place, common, seed))
            advance()
    return rows


def _row(place: Cell, common: GaussianMixture, seed: int) -> dict[str, Any]:
    local = _best(
        {
            f"{k} {covariance}" + (f", strength {s:g}" if s else ""): _fitted(
                place.train, k, covariance, s, seed
            )
            for k, covariance, s in _LOCAL
            if k * 20 <= len(place.train)
        },
        place,
        seed,
    )
    adapted = _best(
        {"as it is": common}
        | {
            f"strength {s:g}": common.adapt(
                place.train, seed=seed, strength=s, weight_strength=s
            )
            for s in _STRENGTHS
        },
        place,
        seed,
    )
    errors = {
        name: Judge(
            model, [place], "test", seed=part_seed(seed, "federated/judging")
        ).errors(0)
        for name, model in (
            ("local", local.model),
            ("global", common),
            ("adapted", adapted.model),
        )
    }
    gain = gap(errors["local"], errors["adapted"], place.visits, seed=seed)
    return {
        "place": place.name,
        "local": local.name,
        "adapted": adapted.name,
        **{f"{name}_db": mean_db(error) for name, error in errors.items()},
        "gain_db": gain.db,
        "gain_low_db": gain.low,
        "gain_high_db": gain.high,
        "num_visits": len(np.unique(place.visits)),
    }


def _fitted(h, num_components, covariance, strength, seed) -> GaussianMixture:
    model = GaussianMixture(h.shape[1:], num_components, covariance)
    options = {} if strength is None else {"strength": strength}
    return model.fit(h, seed=part_seed(seed, "federated/mixture"), **options)


def _best(models: dict[str, Any], place: Cell, seed: int) -> _Choice:
    """Return the model of the least error on the place's validation days."""
    choices = []
    for name, model in models.items():
        judge = Judge(
            model, [place], "validation", seed=part_seed(seed, "federated/choice")
        )
        choices.append(_Choice(name, model, judge.nmse_db(0)))
    return min(choices, key=lambda choice: choice.validation_db)
