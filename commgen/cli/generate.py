"""``commgen generate``: draw channels from a saved model."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import commgen.datasets as sets
from commgen._console import say
from commgen._files.made import made_by
from commgen._files.npz import npz_made, write_npz
from commgen._files.whole import shown
from commgen.cli._done import ForceOption, already_made, channels_made
from commgen.cli._quiet import start_tensorflow


def generate(
    model: Annotated[Path, typer.Option(help="Model folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help=".h5 or .npz file.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Channels to draw.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed.")] = 0,
    condition: Annotated[
        str | None,
        typer.Option(help="Such as los=1,distance_m=80; else as in training."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Draw channels of unit mean power: a channel file (.h5) or the array h (.npz)."""
    if output.suffix not in (".h5", ".npz"):
        raise ValueError(f"output must end in .h5 or .npz, got {output}.")
    from commgen.generative.checksum import model_checksum
    from commgen.generative.files import read_card

    digest = model_checksum(model)
    card = read_card(model)
    if output.suffix == ".h5" and not {"layout", "meta"} <= set(card):
        raise ValueError(
            f"{model}/card.json must hold layout and meta for a .h5 file, as commgen "
            "train writes them; write .npz instead."
        )
    given = _condition(condition, card, model)
    told = {"model": shown(model), "n": n, "seed": seed, "condition": condition}
    told["format"] = output.suffix
    made = made_by("generate", told, {"content of model": digest})
    read = npz_made if output.suffix == ".npz" else channels_made
    if already_made(output, made, read, force=force):
        return
    start_tensorflow()
    from commgen.generative import load_model

    prior = load_model(model)
    h = prior.sample(n, given, seed=seed)
    if output.suffix == ".npz":
        write_npz(output, {"h": h}, compressed=True, made=made)
    else:
        from commgen.datasets.events import to_array

        meta = sets.ChannelMeta.model_validate(card["meta"])
        family = card.get("family", type(prior).__name__)
        source = (
            f"drawn from {family} model {shown(model)}, seed {seed}, learned "
            f"from: {meta.source}"
        )
        if condition is not None:
            source = f"{source}, under {condition}"
        meta = meta.model_copy(update={"source": source})
        sets.write_channels(output, to_array(h, card["layout"]), meta, {}, made=made)
    say(f"{n:,} channels written to {output}")


def _condition(text: str | None, card: dict, model: Path) -> np.ndarray | None:
    if text is None:
        return None
    from commgen.channels.conditions import ConditionSpec

    if "condition" not in card:
        raise ValueError(
            f"condition must be left out: the card of {model} names no condition."
        )
    return ConditionSpec.from_dict(card["condition"]).parse(text)
