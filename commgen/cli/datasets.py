"""``commgen datasets``: list, show, import and make channel files."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

import commgen.datasets as sets
from commgen._console import plain_console, say
from commgen._files.made import made_by
from commgen._files.npz import npz_made
from commgen._files.whole import sha256, shown
from commgen._progress import progress_bar
from commgen.cli._done import ForceOption, already_made, channels_made
from commgen.cli._importing import open_recording
from commgen.cli._quiet import start_tensorflow
from commgen.datasets.card import Card
from commgen.datasets.channel_meta import Normalise
from commgen.datasets.splits import Part

app = typer.Typer(help="Channel files and measured sets.", no_args_is_help=True)

Output = Annotated[Path, typer.Option("--output", "-o", help="Channel file to write.")]


@app.command("list")
def list_sets() -> None:
    """List the measured sets, and whether their files are here."""
    table = Table("name", "kind", "title", "licence", "here")
    for card in sets.catalogue().values():
        here = "yes" if _is_here(card) else "no"
        table.add_row(card.name, card.kind, card.title, card.licence, here)
    plain_console().print(table)


@app.command()
def show(
    name_or_file: Annotated[str, typer.Argument(help="Set or channel file.")],
) -> None:
    """Show a data card, or what a channel file holds; the file is verified."""
    cards = sets.catalogue()
    if name_or_file in cards:
        _show_card(cards[name_or_file])
    elif Path(name_or_file).exists():
        _show_file(Path(name_or_file))
    else:
        raise FileNotFoundError(
            f"{name_or_file} is neither a file nor one of {sorted(cards)}."
        )


@app.command("import")
def import_set(
    name_or_file: Annotated[
        str,
        typer.Argument(help="Set, .npz, .npy or .mat file, or Intel 5300 log."),
    ],
    output: Output,
    part: Annotated[Part, typer.Option(help="Part of the set's split.")] = "all",
    normalise: Annotated[
        Normalise | None,
        typer.Option(
            help="Unit power for each packet, for the set, or leave it. Default: "
            "packet for measured sets and logs, none for plain arrays."
        ),
    ] = None,
    array: Annotated[
        str | None,
        typer.Option(
            help="Name of the array in a .npz or .mat file; s.h in a struct, or two "
            "names, re,im, of its real and imaginary part."
        ),
    ] = None,
    axes: Annotated[
        str | None,
        typer.Option(
            help="Axes of a plain array in their order, such as subcarrier,rx,sample; "
            "of sample, rx, tx, time, subcarrier or tap."
        ),
    ] = None,
    subcarrier_spacing_hz: Annotated[
        float | None, typer.Option(help="Of a plain array over subcarriers.")
    ] = None,
    sample_rate_hz: Annotated[
        float | None, typer.Option(help="Of a plain array over taps.")
    ] = None,
    time_step_s: Annotated[
        float | None, typer.Option(help="Of a plain array with time steps.")
    ] = None,
    carrier_hz: Annotated[float | None, typer.Option(help="Of a plain array.")] = None,
    drop_partial: Annotated[
        bool, typer.Option(help="Leave out a cut-off last record of a log.")
    ] = False,
    strict: Annotated[
        bool, typer.Option(help="Refuse a log of which something would be left out.")
    ] = False,
    num_rx: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=3,
            help="Take packets of a log with so many receive antennas. Default: the "
            "most frequent number.",
        ),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write a measured set, a raw log or a plain array as a channel file.

    Says at the end what was left out, and how the axes were read.
    """
    options = {
        "part": part,
        "array": array,
        "axes": axes,
        "subcarrier_spacing_hz": subcarrier_spacing_hz,
        "sample_rate_hz": sample_rate_hz,
        "time_step_s": time_step_s,
        "carrier_hz": carrier_hz,
        "drop_partial": drop_partial,
        "strict": strict,
        "num_rx": num_rx,
    }
    path, card = Path(name_or_file), sets.catalogue().get(name_or_file)
    made = made_by(
        "datasets import",
        {"name": shown(path), "normalise": normalise, **options},
        _digests(card, path),
    )
    if already_made(output, made, channels_made, force=force):
        return
    source, card = open_recording(name_or_file, options)
    rows = None if card is None else sets.split_indices(card, source.labels, part)
    sets.import_source(source, output, rows=rows, normalise=normalise, made=made)
    _say_written(output, source.notes)


@app.command()
def make(
    recipe_or_scenario: Annotated[
        str,
        typer.Argument(
            help="umi64, tdl-grid, a YAML file with a channel configuration, or a "
            "scenario with its defaults: tdl, cdl, umi, uma, rma, rayleigh."
        ),
    ],
    output: Output,
    num_samples: Annotated[int, typer.Option("-n", min=1, help="Channels to draw.")],
    seed: Annotated[int, typer.Option(min=0, help="One seed, one file.")],
    force: ForceOption = False,
) -> None:
    """Draw channels of a 3GPP scenario into a channel file."""
    config = _channel_config(recipe_or_scenario)
    settings = {"n": num_samples, "seed": seed, **config.model_dump(mode="json")}
    made = made_by("datasets make", settings)
    if already_made(output, made, channels_made, force=force):
        return
    start_tensorflow()
    from commgen.channels import iterate_channels
    from commgen.datasets.channel_file import kinds_of

    with ExitStack() as stack:
        advance = stack.enter_context(
            progress_bar("drawing", num_samples, unit="channels")
        )
        file = None
        for draw in iterate_channels(config, num_samples, seed=seed):
            if file is None:
                kinds = kinds_of(draw.labels)
                file = stack.enter_context(
                    sets.ChannelFile.create(output, draw.meta, kinds, made=made)
                )
            file.append(draw.h, draw.labels)
            advance(len(draw.h))
    _say_written(output)


@app.command("repack")
def repack_set(
    name: Annotated[str, typer.Argument(help="Set of the catalogue.")],
    clone: Annotated[Path, typer.Argument(help="Clone of its upstream repository.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the archive.")
    ],
    force: ForceOption = False,
) -> None:
    """Make the archive of a measured set from what its authors published."""
    from commgen.datasets.repack import archive_of, logs_of, repack

    logs = {log.name: sha256(log) for log in logs_of(name, clone)}
    made = made_by("datasets repack", {"name": name}, logs)
    if not already_made(output / archive_of(name), made, npz_made, force=force):
        path = repack(name, clone, output, made=made)
        say(str(path))


def _channel_config(name: str) -> Any:
    """Return the channel configuration that a word or a YAML file stands for."""
    from commgen._files.yaml_file import read_yaml
    from commgen.channels import RECIPES, parse_channel_config

    if name in RECIPES:
        return RECIPES[name]
    content: Any = {"scenario": name}
    if Path(name).suffix in (".yaml", ".yml"):
        content = read_yaml(name)
        if not isinstance(content, dict):
            kind = type(content).__name__
            raise ValueError(f"{name} must hold keys and values, got {kind}.")
    return parse_channel_config(content)


def _digests(card: Card | None, path: Path) -> dict[str, str]:
    """Return the digest of each file that is imported."""
    if card is not None:
        return {file.path: file.sha256 for file in card.files}
    return {"file": sha256(path)} if path.is_file() else {}


def _say_written(output: Path, notes: tuple[str, ...] = ()) -> None:
    with sets.ChannelFile.open(output) as file:
        told = "".join(f"; {note}" for note in notes)
        plain_console().print(
            f"{output}: {len(file)} channels {list(file.shape[1:])}, "
            f"SHA-256 {file.checksum[:12]}...{told}",
            soft_wrap=True,
        )


def _is_here(card: Card) -> bool:
    try:
        return (sets.data_root() / card.folder).is_dir()
    except FileNotFoundError:
        return False


def _show_card(card: Card) -> None:
    table = Table("field", "value", title=card.title, show_lines=True)
    for name in ("name", "kind", "what", "licence", "citation"):
        table.add_row(name, getattr(card, name))
    up = card.upstream
    table.add_row("upstream", f"{up.repository}\ncommit {up.commit}\n{up.paths}")
    steps = [f"{k}. {step}" for k, step in enumerate(card.recipe, start=1)]
    table.add_row("how to obtain it", "\n".join(steps))
    table.add_row("folder", f"$COMMGEN_DATA/{card.folder}")
    table.add_row("arrays", "\n".join(f"{k}: {v}" for k, v in card.arrays.items()))
    files = [f"{f.path}, {f.bytes:,} bytes, {f.sha256[:12]}..." for f in card.files]
    table.add_row("files", "\n".join(files))
    if card.split is not None:
        split = card.split
        by = split.label + (f" modulo {split.modulo}" if split.modulo else "")
        parts = [
            f"{name}: {', '.join(map(str, getattr(split, name)))}"
            for name in ("train", "validation", "test")
        ]
        table.add_row("split", "\n".join([f"by {by}: {split.why}", *parts]))
    table.add_row("facts", "\n".join(f"- {fact}" for fact in card.facts))
    plain_console().print(table)


def _show_file(path: Path) -> None:
    with sets.ChannelFile.open(path) as file:
        file.verify()
        table = Table("field", title=str(path))
        table.add_column("value", overflow="fold")
        table.add_row("shape", str(list(file.shape)))
        for name, value in file.meta.model_dump().items():
            if value not in (None, ""):
                table.add_row(name, str(value))
        for name, values in sorted(file.labels.items()):
            kind = file.label_kinds[name]
            table.add_row(f"label {name}", f"{kind}, {_range_of(kind, values)}")
        table.add_row("SHA-256", f"{file.checksum} (verified)")
    plain_console().print(table)


def _range_of(kind: str, values: Any) -> str:
    if kind == "bool":
        return f"{int(values.sum())} of {len(values)} true"
    if kind == "str":
        found = sorted(set(values.tolist()))
        return ", ".join(found[:8]) + (", ..." if len(found) > 8 else "")
    known = values[values == values]
    if not len(known):
        return "not known"
    unknown = len(values) - len(known)
    note = f", {unknown} not known" if unknown else ""
    figures = "d" if kind == "int" else "g"
    return f"{known.min():{figures}} to {known.max():{figures}}{note}"
