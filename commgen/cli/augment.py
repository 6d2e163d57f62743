"""``commgen augment``: add generated channels to few real ones, and see."""

import time
from pathlib import Path
from typing import Annotated, Literal

import typer

import commgen.datasets as sets
from commgen import __version__
from commgen._console import plain_console
from commgen._files.claims import claimed_folder
from commgen._files.tables import write_csv
from commgen.cli._done import ForceOption, say_done
from commgen.cli._quiet import start_tensorflow
from commgen.cli._tables import plain_table
from commgen.generative.names import Family


def augment(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder.")],
    data: Annotated[
        Literal["umi64", "uwb"],
        typer.Option("--set", help="uwb needs COMMGEN_DATA."),
    ] = "umi64",
    family: Annotated[Family, typer.Option(help="What generates.")] = "gmm",
    sizes: Annotated[
        str, typer.Option(help="Numbers of real channels.")
    ] = "100,300,1000,3000",
    factor: Annotated[
        float, typer.Option(min=0.1, help="Generated channels for each real one.")
    ] = 3.0,
    repeats: Annotated[
        int, typer.Option(min=1, help="Trials with other real channels.")
    ] = 5,
    num_epochs: Annotated[
        int | None, typer.Option(min=1, help="Of a network; its recipe's if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few channels; poor figures.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Train on n real channels, and on those with generated ones added.

    The generative model sees the n channels alone, and whether each is in line of
    sight. Reports the estimator's NMSE and the accuracy of telling line of sight, with
    intervals over the repeats; writes trials.csv and summary.csv.
    """
    numbers = _numbers(sizes)
    options = {
        "family": family,
        "factor": factor,
        "repeats": repeats,
        "num_epochs": num_epochs,
        "seed": seed,
    }
    told = {"set": data, "sizes": list(numbers), "quick": quick}
    claim = {**told, **options, "commgen": __version__}
    with claimed_folder(output, claim, "study", force=force) as done:
        if done:
            say_done(output)
            return
        if data == "uwb":
            sets.data_root()  # told before TensorFlow is loaded
        start_tensorflow()
        from commgen.studies import augmentation_study, summarise, umi64_set, uwb_set

        console, started = plain_console(), time.time()
        folder = output / "data"
        study_set = (
            umi64_set(folder, seed=seed, quick=quick)
            if data == "umi64"
            else uwb_set(folder)
        )
        rows = augmentation_study(study_set, sizes=numbers, **options)
        summary = summarise(rows)
        write_csv(output / "trials.csv", rows)
        write_csv(output / "summary.csv", summary)
    title = f"{data}: change by channels of {family}, 95 % intervals"
    console.print(plain_table(title, summary))
    console.print(f"Done in {time.time() - started:.0f} s, written to {output}")


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(
            f"sizes must be whole numbers, such as 100,300, got {text!r}."
        ) from error
    if min(numbers) < 20 or len(set(numbers)) < len(numbers):
        raise ValueError(f"sizes must be different and at least 20, got {text!r}.")
    return numbers
