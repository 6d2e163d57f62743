"""From channels of a file to a model in a folder, with its card."""

import time
from pathlib import Path
from typing import Any

from commgen._files.whole import sha256
from commgen.datasets.events import Events
from commgen.generative.files import check_model_folder
from commgen.generative.names import Family
from commgen.generative.recipes import learn


def train_to_folder(
    events: Events,
    path: str | Path,
    folder: Path,
    family: Family,
    *,
    seed: int,
    told: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Train a model and save it with a card of data, seed and cost.

    Parameters
    ----------
    events
        Channels to learn.
    path
        File that they came from, whose checksum the card has.
    folder
        Model folder; checkpoint and logs of a network lie in ``<folder>.training``.
    family, seed, options
        As :func:`~commgen.generative.recipes.learn`, which refuses unknown ones.
    told
        What else the card tells.

    Returns
    -------
    GenerativeModel

    Raises
    ------
    ValueError
        If ``folder`` holds something else than a model, or as
        :func:`~commgen.generative.recipes.learn`.
    """
    check_model_folder(folder)
    started, cpu = time.time(), time.process_time()
    model = learn(
        events.h,
        family,
        seed=seed,
        folder=folder.with_name(folder.name + ".training"),
        progress=True,
        **options,
    )
    card = {
        **model_card(events, path, family=family, seed=seed),
        **(told or {}),
        "wall_seconds": round(time.time() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }
    model.save(folder, card=card)
    return model


def model_card(events: Events, path: str | Path, *, family: str, seed: int) -> dict:
    """Tell where a model comes from: data with its checksum, layout, seed."""
    return {
        "learned_as": family,
        "seed": seed,
        "layout": list(events.layout),
        "num_channels": len(events.h),
        "data": {"file": Path(path).name, "sha256": sha256(path)},
        "meta": events.meta.model_dump(mode="json"),
    }
