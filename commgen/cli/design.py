"""``commgen design``: signals to a purpose."""

from pathlib import Path
from typing import Annotated

import typer

from commgen._console import plain_console
from commgen._files.claims import claimed_folder
from commgen._files.tables import write_csv
from commgen._files.yaml_file import read_yaml, validate, write_yaml
from commgen.cli._done import ForceOption, say_done
from commgen.cli._quiet import start_tensorflow
from commgen.cli._tables import interval_table, table_console

# OFDM symbols by which the numbers of classical waveforms are chosen.
_SEARCH_BLOCKS = 16
# Columns that the table of waveforms has no room for on a screen.
_IN_FILE_ALONE = ("settings", "back_off_db")

Goal = Annotated[
    Path | None, typer.Argument(help="YAML file of the goal; --example prints one.")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Folder for file, table and picture."),
]
Example = Annotated[bool, typer.Option("--example", help="Print a complete goal.")]

app = typer.Typer(
    help="Design signals: constellations and waveforms.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Design signals to a purpose."""


@app.command()
def constellation(
    goal: Goal = None,
    output: Output = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random starts.")] = 0,
    starts: Annotated[
        int, typer.Option(min=1, help="Searches, of which the best one is kept.")
    ] = 8,
    link: Annotated[
        Path | None,
        typer.Option(
            help="Recorded I/Q pairs (.npz of x and y): design through that link."
        ),
    ] = None,
    example: Example = False,
    samples: Annotated[
        int | None,
        typer.Option(min=2, help="Different ones near the best, in place of one."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Model of constellations that samples are drawn from."),
    ] = None,
    within: Annotated[
        float, typer.Option(help="Bits that samples may carry less than the best.")
    ] = 0.05,
    force: ForceOption = False,
) -> None:
    """Search the constellation that carries a rate at the least SNR.

    Writes constellation.npz, which a link takes, constellation.csv and
    constellation.png: decision regions, and what is missing to Shannon. With --samples
    a sample-NN.npz for each, samples.csv and samples.png. With --link table and
    picture tell what is sent through the recorded link, and what that carries.
    """
    from commgen.design.goal import ConstellationGoal

    if example:
        typer.echo(write_yaml(_example(ConstellationGoal)), nl=False)
        return
    if goal is None or output is None:
        raise ValueError(
            "design constellation needs GOAL.yaml and --output DIR, or --example."
        )
    asked = validate(ConstellationGoal, read_yaml(goal))
    if model is not None and samples is None:
        raise ValueError("--samples must be given where --model is.")
    if link is not None and samples is not None:
        raise ValueError(f"--samples must be left out where --link is, got {samples}.")
    settings = {
        "verb": "constellation",
        "goal": asked.model_dump(mode="json"),
        **{"seed": seed, "starts": starts},
    }
    if samples is not None:
        settings |= {"samples": samples, "within": within}
    if model is not None:
        settings["model"] = _digest(model)
    if link is not None:
        settings["link"] = _checked_link(asked, link)
    with claimed_folder(output, settings, "design", force=force, goes_on=False) as done:
        if done:
            say_done(output)
            return
        if link is not None:
            rows = _design_through(asked, link, output, seed, starts)
        elif samples is None:
            rows = _design(asked, output, seed, starts)
        else:
            rows = _sample(asked, output, samples, seed, model, within)
    console = table_console()
    title = f"SNR for {asked.rate:g} bits a symbol" if asked.rate else "Bits a symbol"
    title = title if link is None else "Bits a symbol through the learned link"
    console.print(interval_table(title, rows))
    console.print(f"written to {output}", soft_wrap=True)


@app.command()
def model(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the model.")
    ],
    bits: Annotated[int, typer.Option(min=1, max=8, help="Bits of a symbol.")] = 6,
    snr_start: Annotated[float, typer.Option(help="Lowest SNR [dB].")] = 4.0,
    snr_stop: Annotated[float, typer.Option(help="Highest SNR [dB].")] = 20.0,
    tracks: Annotated[int, typer.Option(min=2, help="Searches along the SNR.")] = 12,
    steps: Annotated[int, typer.Option(min=1, help="Of the training on GMI.")] = 1500,
    seed: Annotated[int, typer.Option(min=0, help="Of all of it.")] = 0,
    force: ForceOption = False,
) -> None:
    """Learn one model of constellations for a range of SNRs.

    Searches constellations along the SNR, learns them with a Gaussian-mixture
    autoencoder, and lets its decoder climb the exact GMI. OUTPUT/model goes to
    ``design constellation --model``.
    """
    if not snr_start < snr_stop:
        raise ValueError(
            f"--snr-stop must be above --snr-start = {snr_start:g}, got {snr_stop:g}."
        )
    settings = {
        "verb": "model",
        **{"bits": bits, "snr_db": [snr_start, snr_stop], "seed": seed},
        **{"tracks": tracks, "steps": steps},
    }
    with claimed_folder(output, settings, "design", force=force, goes_on=False) as done:
        if done:
            say_done(output)
            return
        start_tensorflow()
        from commgen.design.model import learn_constellations, sweep_of

        learned = learn_constellations(
            bits,
            sweep_of(snr_start, snr_stop),
            seed=seed,
            num_tracks=tracks,
            num_steps=steps,
            progress=True,
        )
        learned.save(output / "model", {"seed": seed})
    plain_console().print(f"written to {output / 'model'}", soft_wrap=True)


def _design(asked, output: Path, seed: int, starts: int):
    """Search, and write what was found."""
    from commgen.design.report import rows, save_design_figure
    from commgen.design.search import design_constellation

    found = design_constellation(asked, seed=seed, num_starts=starts, progress=True)
    found[0].constellation.save(output / "constellation.npz")
    table = rows(found, asked)
    write_csv(output / "constellation.csv", table)
    save_design_figure(output / "constellation.png", found, asked)
    return table


def _sample(asked, output: Path, n: int, seed: int, folder: Path | None, within):
    """Draw different ones, and write them."""
    from commgen.design.report import save_samples_figure
    from commgen.design.sampler import sample_constellations, sample_rows

    model = None
    if folder is not None:
        start_tensorflow()
        from commgen.design.model import ConstellationModel

        model = ConstellationModel.load(folder)
    of = {"seed": seed, "model": model, "within": within, "progress": True}
    found = sample_constellations(asked, n, **of)
    for i, one in enumerate(found):
        one.constellation.save(output / f"sample-{i:02}.npz")
    table = sample_rows(found, asked)
    write_csv(output / "samples.csv", table)
    save_samples_figure(output / "samples.png", found)
    return table


def _digest(model: Path) -> str:
    from commgen._files.whole import sha256
    from commgen.generative.files import model_file

    return sha256(model_file(model))


def _checked_link(asked, link: Path) -> str:
    """Return the checksum of a recording; refuse a goal that it leaves no room for."""
    from commgen._files.whole import sha256
    from commgen.channels.pairs import read_pairs

    told = asked.model_dump(exclude_defaults=True, exclude_none=True).keys()
    others = sorted(told - {"num_bits_per_symbol", "rate"})
    if others or asked.rate is None:
        raise ValueError(
            "With --link the goal must have num_bits_per_symbol and rate alone, for "
            f"the recording says the rest, got {', '.join(others) or 'no rate'}."
        )
    read_pairs(link)
    return sha256(link)


def _design_through(asked, link: Path, output: Path, seed: int, starts: int):
    """Learn a recorded link, design through it, and write what was found."""
    from dataclasses import replace

    start_tensorflow()
    from commgen.channels.pairs import read_pairs
    from commgen.design.points_figure import save_points_figure
    from commgen.design.search import design_constellation
    from commgen.phy.neural.recorded import design_for_pairs

    x, y = read_pairs(link)
    start = design_constellation(asked, seed=seed, num_starts=starts, progress=True)
    found = design_for_pairs(x, y, start[0].constellation, seed=seed, progress=True)
    best = found["designed"]
    card = {"goal": asked.model_dump(mode="json"), "seed": seed, "drive": best.drive}
    replace(best.constellation, card=card).save(output / "constellation.npz")
    rows = [
        {
            "constellation": name,
            "bits": one.rate,
            "bits_low": one.low,
            "bits_high": one.high,
            "drive": one.drive,
            "peak_db": one.constellation.peak_to_average_db,
        }
        for name, one in found.items()
    ]
    write_csv(output / "constellation.csv", rows)
    sent = {n: one.drive * one.constellation.points for n, one in found.items()}
    titles = {
        f"sent: {n}, {found[n].rate:.3f} bit": points for n, points in sent.items()
    }
    save_points_figure(output / "constellation.png", titles)
    return rows


def _example(model):
    return model(rate=4.0, peak_db=4.0).model_dump(mode="json", exclude_none=True)


@app.command()
def waveform(
    goal: Goal = None,
    output: Output = None,
    seed: Annotated[int, typer.Option(min=0, help="Of symbols and noise.")] = 0,
    steps: Annotated[
        int, typer.Option(min=1, help="Gradient steps of learning.")
    ] = 600,
    example: Example = False,
    force: ForceOption = False,
) -> None:
    """Learn the waveform that carries a rate through an amplifier at the least cost.

    Writes waveform.npz, waveform.csv (total degradation beside classical waveforms)
    and waveform.png: peaks, spectra, what is received, and the cost over the back-off.
    """
    from commgen.design.waveform.goal import WaveformGoal

    if example:
        typer.echo(write_yaml(WaveformGoal().model_dump(mode="json")), nl=False)
        return
    if goal is None or output is None:
        raise ValueError(
            "design waveform needs GOAL.yaml and --output DIR, or --example."
        )
    asked = validate(WaveformGoal, read_yaml(goal))
    settings = {
        "verb": "waveform",
        "goal": asked.model_dump(mode="json"),
        **{"seed": seed, "steps": steps},
    }
    with claimed_folder(output, settings, "design", force=force, goes_on=False) as done:
        if done:
            say_done(output)
            return
        table = _design_waveform(asked, output, seed, steps)
    console = table_console()
    shown = [{k: v for k, v in r.items() if k not in _IN_FILE_ALONE} for r in table]
    console.print(interval_table(f"Total degradation at {asked.rate:g} bits", shown))
    console.print(f"written to {output}", soft_wrap=True)


def _design_waveform(asked, output: Path, seed: int, steps: int):
    """Learn, search the classical ones, and write what was found."""
    start_tensorflow()
    from commgen.design.waveform.classical import classical
    from commgen.design.waveform.report import rows, save_waveform_figure
    from commgen.design.waveform.search import design_waveform
    from commgen.design.waveform.training import TrainingSize

    size = TrainingSize(num_steps=steps)
    best = design_waveform(asked, seed=seed, size=size, progress=True)[0].waveform
    best.save(output / "waveform.npz")
    others = classical(asked, seed=seed + 2, num_blocks=_SEARCH_BLOCKS, progress=True)
    table = rows(best, others, asked, seed=seed + 3)
    write_csv(output / "waveform.csv", table)
    save_waveform_figure(output / "waveform.png", best, others, table, asked)
    return table
