"""Pictures of what was found over time."""

from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._figure import column, curve_style, tidy
from commgen._files.whole import atomic_path


def draw_events(
    path: Path, rows: list[dict[str, Any]], x: str, y: str, kind: str, label: str
) -> None:
    """Draw column ``y`` of rows over column ``x`` [s], a panel for each file.

    Parameters
    ----------
    path
        PNG file.
    rows
        With a column ``file``; without rows an empty picture says so.
    x, y, kind
        Columns: time, value, and what gives the colour.
    label
        Of the values.
    """
    files = list(dict.fromkeys(row["file"] for row in rows)) or ["nothing was found"]
    kinds = sorted(dict.fromkeys(row[kind] for row in rows), key=str)
    figure = Figure(figsize=(8, 1 + 2.2 * len(files)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(files), squeeze=False)[:, 0]
    for axes, file in zip(panels, files, strict=True):
        for i, value in enumerate(kinds):
            own = [r for r in rows if r["file"] == file and r[kind] == value]
            style = {**curve_style(i), "linestyle": "", "markersize": 4}
            if own:
                label_of = f"{kind} {value}"
                axes.plot(column(own, x), column(own, y), label=label_of, **style)
        axes.set_title(file, fontsize="small")
        axes.set_ylabel(label)
        tidy(axes, "time [s]")
        if rows:
            axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
