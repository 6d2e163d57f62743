"""Every family, trained by its recipe on one set, and judged beside the others."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from commgen.channels.training import train_to_folder
from commgen.generative import load_model, read_card
from commgen.studies.recipes import RECIPES, Recipe
from commgen.studies.sets import StudySet


def train_families(
    data: StudySet,
    folder: Path,
    names: Sequence[str],
    *,
    seed: int,
    num_epochs: int | None = None,
    num_components: int | None = None,
    recipes: Mapping[str, Recipe] = RECIPES,
) -> dict[str, Any]:
    """Train the named rows of ``recipes``, or load those that are in ``folder``.

    Parameters
    ----------
    data
        Set to learn.
    folder
        Where each model gets a folder of its name. A training that was cut off goes
        on.
    names
        Keys of ``recipes``, each at most once.
    seed
        Seed of everything random.
    num_epochs, num_components
        In place of the recipe's, for a quick look or a small set.
    recipes
        How each row is trained.

    Returns
    -------
    dict
        Name to model, in the order of ``names``; each model's card says what the
        training cost.
    """
    models: dict[str, Any] = {}
    for name in names:
        path = folder / name
        if not path.is_dir():
            recipe = recipes[name]
            prior = models.get(recipe.start_from or "")
            _train(data, path, recipe, prior, seed, num_epochs, num_components)
        models[name] = load_model(path)
    return models


def _train(data, path, recipe, prior, seed, num_epochs, num_components) -> None:
    options = dict(recipe.options)
    if num_epochs is not None:
        options["num_epochs"] = num_epochs
    if num_components is not None:
        options["num_components"] = num_components
    train_to_folder(
        data.train,
        data.path,
        path,
        recipe.family,
        seed=seed,
        validation=data.validation.h,
        prior=prior,
        **{"symmetries": data.symmetries, **options},
    )


def training_seconds(folder: Path, name: str) -> float:
    """Return the wall time of a training, with that of the model it started from."""
    seconds = float(read_card(folder / name)["wall_seconds"])
    first = RECIPES[name].start_from
    if first is not None and (folder / first).is_dir():
        seconds += float(read_card(folder / first)["wall_seconds"])
    return seconds
