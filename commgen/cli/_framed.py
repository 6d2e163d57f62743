"""Training of what the radio host runs: slot mixtures and receivers of its frame."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from commgen._console import plain_console
from commgen._files.made import made_by
from commgen._files.whole import sha256, shown
from commgen.cli._quiet import start_tensorflow
from commgen.cli._trained import already_trained, training_of
from commgen.datasets.events import Events
from commgen.datasets.slots import load_slots
from commgen.frame.frame import RADIO_FRAME
from commgen.frame.slots import pilots_of

FramedFamily = Literal["slot", "neural-receiver"]
FramePart = Literal["slots", "pilots"]


def check_left_out(family: str, options: dict[str, Any]) -> None:
    """Raise ValueError if an option is given that a family has no use for."""
    given = [name for name, value in options.items() if value not in (None, False)]
    if given:
        raise ValueError(f"--{given[0]} must be left out for {family}.")


def framed_events(path: Path, part: FramePart, *, no: float) -> Events:
    """Return slots of the radio frame, or the channels at its pilots, to learn from."""
    slots = load_slots(path, no=no)
    h = slots.h if part == "slots" else pilots_of(slots.h, RADIO_FRAME)
    return Events(h, ("time", "subcarrier"), slots.meta, {})


def framed_facts(path: Path, family: str) -> dict[str, Any]:
    """Return what the card of such a model tells, for who exports it."""
    facts = {"frame": RADIO_FRAME.contract(), **load_slots(path).facts}
    return {**facts, "learned_as": "slot"} if family == "slot" else facts


def train_receiver(
    data: Path,
    output: Path,
    interference: float,
    snr_range_db: tuple[float, float],
    *,
    width: int,
    num_epochs: int | None,
    seed: int,
    force: bool,
) -> None:
    """Train a receiver of the radio frame on slots of a channel file."""
    started = time.time()
    settings = {
        "family": "neural-receiver",
        "seed": seed,
        "num_epochs": num_epochs,
        "interference": interference,
        "snr_range_db": snr_range_db,
        "width": width,
    }
    slots = load_slots(data)
    made = _made(data, settings)
    if already_trained(output, made, force=force):
        return
    start_tensorflow()
    from commgen.frame.received import FrameConditions
    from commgen.phy.neural.frame_training import DEFAULT_TRAINING, train_frame_receiver

    bursts = replace(FrameConditions().bursts, probability=interference)
    conditions = FrameConditions(snr_range_db, bursts)
    epochs = num_epochs or DEFAULT_TRAINING.num_epochs
    update = {"num_epochs": epochs, "patience": epochs}
    with training_of(output, made):
        network = train_frame_receiver(
            slots,
            output,
            seed=seed,
            conditions=conditions,
            width=width,
            training=DEFAULT_TRAINING.model_copy(update=update),
            told={"made": json.loads(made)},
            progress=True,
        )
    _say_trained("neural-receiver", network, len(slots.h), started, output)


def _made(data: Path, settings: dict[str, Any]) -> str:
    settings = {"name of data": shown(data), **settings}
    return made_by("train", settings, {"data": sha256(data)})


def _say_trained(family, model, num_slots, started, output) -> None:
    plain_console().print(
        f"{family} with {model.count_params():,} parameters, fitted to "
        f"{num_slots:,} channels in {time.time() - started:.1f} s, written to {output}",
        highlight=False,
        soft_wrap=True,
    )
