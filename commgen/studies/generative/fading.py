"""Whether a model of fading knows Doppler: its autocorrelation against Jakes'."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.special import j0

from commgen._figure import column, curve_style
from commgen._files.tables import write_csv
from commgen._files.whole import atomic_path
from commgen.generative import Autoregressive, TrainingConfig, load_model
from commgen.generative._untyped import keras
from commgen.studies.stages import Stages, model_digests
from commgen.studies.tables import Rows

#: Doppler shifts of the table, in units of the sampling rate, and the highest learned.
SHIFTS = (0.01, 0.03, 0.05, 0.1)
HIGHEST = 0.12
_NUM_LAGS = 33


@dataclass(frozen=True)
class FadingSize:
    """How much the study of fading draws and learns.

    Parameters
    ----------
    num_train, num_steps
        Sequences to learn, and their length.
    num_epochs, width
        Of the model.
    num_drawn
        Sequences that are judged, four times as long.
    """

    num_train: int = 6000
    num_steps: int = 32
    num_epochs: int = 40
    width: int = 64
    num_drawn: int = 2000


#: All steps in seconds; the figures mean little.
QUICK = FadingSize(256, 16, 1, 16, 200)


def fading_study(output: Path, size: FadingSize, *, seed: int) -> dict[str, Rows]:
    """Teach a stationary autoregressive model Clarke's fading, and judge its draws.

    The Doppler shift is the model's condition. It draws sequences four times as long
    as those it learned from, whose autocorrelation is held against J0(2 pi f_d k T).

    Parameters
    ----------
    output
        Folder of ``fading.csv``, ``autocorrelation.csv``, ``fading.png`` and ``model``.
    size
        How much.
    seed
        Seed of everything.

    Returns
    -------
    dict
        Title to rows: for each shift the RMS deviation from J0 over 33 lags of what
        the model draws, of as many draws of the truth, and of white noise, exactly.
    """
    rng = np.random.default_rng(seed)
    shift = rng.uniform(0, HIGHEST, size.num_train)
    h = clarke(rng, shift, size.num_steps).astype(np.complex64)
    model = _trained(output / "model", h, shift, size, seed)

    def compute():
        rows = []
        for value in SHIFTS:
            told = np.full(size.num_drawn, value)
            length = 4 * size.num_steps
            drawn = model.sample_sequence(size.num_drawn, length, [value], seed=seed)
            rows += _lags(value, drawn, clarke(rng, told, length))
        return rows

    depends_on = [model_digests(output, ["model"]), asdict(size), seed]
    curves = Stages(output / "stages").result("fading", depends_on, compute)
    rows = [_deviations(value, curves) for value in SHIFTS]
    write_csv(output / "autocorrelation.csv", curves)
    write_csv(output / "fading.csv", rows)
    _save_figure(output / "fading.png", curves)
    return {"RMS deviation of the autocorrelation from J0, 33 lags": rows}


def clarke(
    rng: np.random.Generator, shift: np.ndarray, num_steps: int, num_paths: int = 32
) -> np.ndarray:
    """Draw Clarke's fading, sums of plane waves from all sides.

    Parameters
    ----------
    rng
        Generator.
    shift : [n], float
        Greatest Doppler shift, in units of the sampling rate.
    num_steps, num_paths
        Length of the sequences, and waves in each.

    Returns
    -------
    [n, num_steps], complex
        Of unit expected power.
    """
    n = len(shift)
    angle, phase = rng.uniform(0, 2 * np.pi, (2, n, num_paths, 1))
    turn = 2 * np.pi * shift[:, None, None] * np.cos(angle) * np.arange(num_steps)
    return np.exp(1j * (turn + phase)).sum(axis=1) / np.sqrt(num_paths)


def autocorrelation(h: np.ndarray, num_lags: int = _NUM_LAGS) -> np.ndarray:
    """Return the real autocorrelation of h : [n, num_steps] over its power, [lags]."""
    power, length = np.mean(np.abs(h) ** 2), h.shape[1]
    found = [np.mean(h[:, k:] * h[:, : length - k].conj()) for k in range(num_lags)]
    return np.real(found) / power


def _trained(folder: Path, h, shift, size: FadingSize, seed: int) -> Any:
    if not folder.is_dir():
        keras.utils.set_random_seed(seed)
        model = Autoregressive(
            (size.num_steps,),
            0,
            over_time=True,
            num_mixtures=1,
            width=size.width,
            num_conditions=1,
        )
        model.fit(
            h,
            shift[:, None],
            seed=seed,
            training=TrainingConfig(
                num_epochs=size.num_epochs, batch_size=128, learning_rate=5e-3
            ),
            folder=folder.with_name("training"),
            progress=True,
        )
        model.save(folder, card={"seed": seed, **asdict(size)})
    return load_model(folder)


def _lags(value: float, drawn: np.ndarray, truth: np.ndarray) -> Rows:
    wanted = j0(2 * np.pi * value * np.arange(_NUM_LAGS))
    found = autocorrelation(drawn), autocorrelation(truth)
    return [
        {"fd_t": value, "lag": k, "j0": w, "drawn": d, "truth": t}
        for k, (w, d, t) in enumerate(
            zip(wanted.tolist(), *(x.tolist() for x in found), strict=True)
        )
    ]


def _deviations(value: float, curves: Rows) -> dict[str, float]:
    own = [row for row in curves if row["fd_t"] == value]
    wanted = column(own, "j0")
    known = {"drawn": column(own, "drawn"), "truth": column(own, "truth")}
    known["white noise"] = column(own, "lag") == 0
    return {
        "fd_t": value,
        **{
            f"{name.replace(' ', '_')}_rms": float(np.sqrt(np.mean((x - wanted) ** 2)))
            for name, x in known.items()
        },
    }


def _save_figure(path: Path, curves: Rows) -> None:
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for i, value in enumerate(SHIFTS):
        own = [row for row in curves if row["fd_t"] == value]
        lag, style = column(own, "lag"), curve_style(i)
        axes.plot(lag, column(own, "j0"), color=style["color"], linewidth=0.8)
        style |= {"linestyle": "", "markersize": 4}
        axes.plot(lag, column(own, "drawn"), label=f"f_d T = {value:g}", **style)
    axes.plot([], [], color="grey", linewidth=0.8, label="J0")
    axes.set(xlabel="lag", ylabel="autocorrelation of what the model draws")
    axes.legend(frameon=False, fontsize=8)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130, format="png")
