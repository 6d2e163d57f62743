"""``commgen evaluate``: judge a model or a file of channels against held-out truth."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

import commgen.datasets as sets
from commgen._console import plain_console
from commgen._files.claims import claimed_folder
from commgen._files.whole import sha256, shown
from commgen.cli._done import ForceOption, say_done
from commgen.cli._quiet import start_tensorflow

# Measures down, sources across: (heading, column, digits).
_LINES = (
    ("nearest neighbours (0.5 is best)", "nn_accuracy", 3),
    ("classifier (0.5 is best)", "classifier_accuracy", 3),
    ("precision", "precision", 2),
    ("recall", "recall", 2),
    ("density", "density", 2),
    ("coverage", "coverage", 2),
    ("KS power", "ks_power", 3),
    ("KS effective rank", "ks_effective_rank", 3),
    ("KS peak beam", "ks_peak_beam", 3),
    ("KS angular spread", "ks_angular_spread", 3),
    ("KS delay spread", "ks_delay_spread", 3),
    ("KS Doppler spread", "ks_doppler_spread", 3),
    ("KS Rician factor", "ks_k_factor", 3),
    ("KS condition number", "ks_condition_number", 3),
    ("KS capacity", "ks_capacity", 3),
    ("autocorrelation error", "autocorrelation_error", 3),
    ("sliced W2 (sees covariance)", "sliced_w2", 3),
    ("Frechet (sees covariance)", "frechet", 3),
    ("MMD squared", "mmd", 5),
    ("distance to training (1)", "memorisation_ratio", 2),
    ("share near training (0.01)", "memorised_share", 3),
    ("log-likelihood [nats]", "log_likelihood", 2),
)


def evaluate(
    candidate: Annotated[
        Path, typer.Argument(help="Model folder, or channel file of generated ones.")
    ],
    truth: Annotated[Path, typer.Option(help="Channel file that no model has seen.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Report folder.")],
    train: Annotated[
        Path | None,
        typer.Option(help="What the model was fitted to: Gaussian, memorisation."),
    ] = None,
    floor: Annotated[
        Path | None,
        typer.Option(help="Another draw of the truth; else halves of TRUTH."),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=20, help="Channels compared.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    group_by: Annotated[
        str,
        typer.Option(help="Labels that near-copies share, such as day,period,loc."),
    ] = "",
    downstream: Annotated[
        bool,
        typer.Option(help="Also train on generated, and run the link over both."),
    ] = True,
    num_components: Annotated[
        int, typer.Option(min=1, help="Of the estimators that are trained.")
    ] = 64,
    force: ForceOption = False,
) -> None:
    """Judge generated channels beside truth again (the floor) and a Gaussian.

    Writes report.csv, report.png and card.json, and with the downstream tasks link.csv
    and, where --train is given, exchange.csv.
    """
    if output.exists() and not output.is_dir():
        raise ValueError(f"output must be a folder, got the file {output}.")
    labels = tuple(name for name in group_by.split(",") if name)
    others = {"train": train, "floor": floor}
    _check_inputs(candidate, truth, others, labels)
    options = {"seed": seed, "n": n, "group_by": labels, "downstream": downstream}
    options["num_components"] = num_components
    told = {
        **{"candidate": shown(candidate), "truth": shown(truth), **options},
        "inputs": _digests({"candidate": candidate, "truth": truth, **others}),
    }
    claim = claimed_folder(output, told, "evaluation", force=force, goes_on=False)
    with claim as done:
        if done:
            say_done(output)
            return
        start_tensorflow()
        from commgen.evaluation import run_evaluation, save_evaluation

        found = run_evaluation(candidate, truth, **others, **options, progress=True)
        save_evaluation(output, found)
    console = plain_console()
    console.print(_table(found))
    for line in _told(found):
        console.print(line, soft_wrap=True)
    console.print(f"written to {output}", soft_wrap=True)


def _check_inputs(
    candidate: Path,
    truth: Path,
    others: dict[str, Path | None],
    labels: tuple[str, ...],
) -> None:
    """Tell what is not there, or has no such label, before TensorFlow is loaded."""
    from commgen.evaluation.load import check_labels

    for name, path in {"candidate": candidate, "truth": truth, **others}.items():
        if path is not None and not path.exists():
            raise FileNotFoundError(f"{name} {path} is not there.")
    with sets.ChannelFile.open(truth) as file:
        check_labels(labels, file.labels)


def _digests(paths: dict[str, Path | None]) -> dict[str, str]:
    """Return the digest of each input by name: of a model folder, or of a file."""
    from commgen.generative.checksum import model_checksum

    given = {name: path for name, path in paths.items() if path is not None}
    return {
        name: model_checksum(path) if path.is_dir() else sha256(path)
        for name, path in given.items()
    }


def _table(found: Any) -> Table:
    rows = found.report.rows
    num = rows[-1]["num_samples"]
    table = Table(
        title=f"{found.title}, {num:.0f} channels each",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_column(row["source"], justify="right", overflow="fold")
    for heading, column, digits in _LINES:
        if any(column in row for row in rows):
            table.add_row(heading, *(_cell(row, column, digits) for row in rows))
    return table


def _cell(row: dict[str, Any], column: str, digits: int) -> str:
    if column not in row:
        return "-"
    text = f"{row[column]:.{digits}f}"
    if f"{column}_low" in row:
        half = (row[f"{column}_high"] - row[f"{column}_low"]) / 2
        text += f" ±{half:.{digits}f}"
    return text


def _told(found: Any) -> list[str]:
    """Say in words what the table means, and what came of the downstream tasks."""
    lines = [f"{row['source']}: {row['verdict']}." for row in found.report.rows[2:]]
    lines += found.report.notes
    if found.exchange is not None:
        for tested_on in ("real", "generated"):
            row = found.exchange.mean(tested_on)
            lines.append(
                f"Estimator tested on {tested_on}: NMSE "
                f"{row.trained_on_real_db:.2f} dB trained on real, "
                f"{row.trained_on_generated_db:.2f} dB on generated; "
                f"difference {row.difference_db:+.2f} dB "
                f"({row.low_db:+.2f} to {row.high_db:+.2f})."
            )
    if found.link is not None:
        for gap in found.link.gaps:
            lines.append(
                f"Link at BLER {gap.bler:g}: {gap.real.snr_db:.2f} dB over real, "
                f"{gap.generated.snr_db:.2f} dB over generated; gap "
                f"{gap.gap_db:+.2f} dB ({gap.low_db:+.2f} to {gap.high_db:+.2f})."
            )
    return lines
