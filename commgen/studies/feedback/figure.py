"""What codecs reach over the bits that they take."""

from pathlib import Path

from commgen._figure import column, curve_style, tidy
from commgen._files.whole import atomic_path
from commgen.studies.tables import Rows


def save_rate_figure(path: Path, rows: Rows, name: str, label: str) -> None:
    """Draw a column over ``num_bits``, a curve for each codec.

    Parameters
    ----------
    path
        A ``.png``.
    rows
        With ``codec``, ``num_bits``, and ``name``.
    name, label
        Column that is drawn, and what its axis says.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for i, codec in enumerate(dict.fromkeys(row["codec"] for row in rows)):
        kept = sorted(
            (row for row in rows if row["codec"] == codec),
            key=lambda row: row["num_bits"],
        )
        style = curve_style(i)
        if "ideal" in codec:
            style |= {"marker": None, "linestyle": ":"}
        x, y = column(kept, "num_bits"), column(kept, name)
        axes.plot(x, y, label=codec, markersize=5, **style)
    tidy(axes, "bits of a channel")
    axes.set_ylabel(label)
    axes.legend(fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")
