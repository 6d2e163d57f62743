"""Pictures of confidence ellipses."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._files.whole import atomic_path


def save_ellipse_figure(path: Path, posterior, *, num_rows: int = 6) -> None:
    """Draw the confidence ellipses of the first two paths of some observations.

    Parameters
    ----------
    path
        PNG file.
    posterior : ParameterPosterior
        Of at least two paths.
    num_rows
        Observations, from the first one on.

    Raises
    ------
    ValueError
        If there is one path only.
    """
    if posterior.mean.shape[1] < 2:
        raise ValueError(
            f"posterior must have two paths, got {posterior.mean.shape[1]}."
        )
    figure = Figure(figsize=(5, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for i in range(min(num_rows, len(posterior.mean))):
        (line,) = axes.plot(*posterior.ellipse(i).T, linewidth=1.2)
        axes.plot(*posterior.mean[i, :2], "+", color=line.get_color())
    axes.set(
        xlabel=f"first {posterior.kind} [{posterior.unit}]",
        ylabel=f"second {posterior.kind} [{posterior.unit}]",
        title=f"{100 * posterior.level:g} % confidence ellipses",
    )
    axes.grid(alpha=0.25)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130, format="png")
