"""What codecs reach over the bits that they take."""

from pathlib import Path

from commgen._figure import column, curve_style, tidy
from commgen._files.whole import atomic_path
from commgen.studies.tables import Rows

# Limits are dotted, in the colour of what they are the limit of.
_IDEAL = ", ideal codes"


def save_rate_figure(path: Path, rows: Rows, value: str, label: str) -> None:
    """Draw a column over ``num_bits``, a curve for each codec.

    Parameters
    ----------
    path
        A ``.png``.
    rows
        With ``codec``, ``num_bits``, and ``value``.
    value, label
        Column that is drawn, and what its axis says.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    names: list[str] = []
    for codec in dict.fromkeys(row["codec"] for row in rows):
        name = codec.removesuffix(_IDEAL)
        names += [] if name in names else [name]
        kept = sorted(
            (row for row in rows if row["codec"] == codec),
            key=lambda row: row["num_bits"],
        )
        style = curve_style(names.index(name))
        if codec.endswith(_IDEAL):
            style |= {"marker": None, "linestyle": ":"}
        x, y = column(kept, "num_bits"), column(kept, value)
        axes.plot(x, y, label=codec, markersize=5, **style)
    tidy(axes, "bits of a channel")
    axes.set_ylabel(label)
    axes.legend(fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")
