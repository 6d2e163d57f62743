"""Receivers side by side on the same simulated air, with interference and without."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from commgen._figure import column, curve_style, tidy
from commgen._files.whole import atomic_path
from commgen.frame.bursts import Bursts
from commgen.frame.frame import RADIO_FRAME
from commgen.sdr.air.config import AirConfig
from commgen.sdr.live.build import build_session
from commgen.sdr.live.config import RunConfig
from commgen.sdr.waveform.transmitter import FrameTransmitter

ESTIMATORS = ("learned", "lmmse", "ls")
CONDITIONS = {"no interference": None, "a burst in every frame": Bursts()}
SNR_DB = (4.0, 7.0, 10.0, 13.0)
_FRAMES_A_DRAW = 10  # with the same fading, so that there are many draws
_LEAST = 1e-4  # error rates of 0 are drawn there

Rows = list[dict[str, Any]]


def demo_rows(
    num_frames: int, seed: int, advance: Callable[..., None] | None = None
) -> tuple[Rows, dict[str, Any]]:
    """Receive frames with each estimator, at each SNR and condition.

    All estimators get the same samples: TDL-A, 100 ns, 10 m/s at 3.5 GHz, a CFO of
    5 kHz and a clock 2 ppm off.

    Parameters
    ----------
    num_frames
        Of each point.
    seed
        Of payloads, fading, noise and interference.
    advance
        Called after each point.

    Returns
    -------
    rows
        One for each condition, SNR and estimator.
    facts
        What it went through, and what it cost.
    """
    rows, samples, cpu_s, through = [], 0, 0.0, ""
    for condition, bursts in CONDITIONS.items():
        for snr_db in SNR_DB:
            for name in ESTIMATORS:
                session = build_session(_config(name, snr_db, bursts, num_frames, seed))
                session.run()
                row = session.row()
                told = {"condition": condition, "snr_db": snr_db, "estimator": name}
                rows.append({**told, **{key: row[key] for key in _KEPT}})
                samples += session.num_samples
                cpu_s += session.cpu_s
                through = session.engine.through
                if advance is not None:
                    advance(1, note=f"{name}: BLER {row['bler']:.3f}")
    facts = {"through": through, "num_samples": samples, "cpu_seconds": round(cpu_s, 2)}
    return rows, facts


_KEPT = ("sent", "decoded", "failed", "lost", "bler", "bler_low", "bler_high", "ber")


def _config(
    name: str, snr_db: float, bursts: Bursts | None, num_frames: int, seed: int
) -> RunConfig:
    length = FrameTransmitter(RADIO_FRAME).num_samples
    air = AirConfig(
        channel="TDL-A",
        delay_spread_s=100e-9,
        speed_m_s=10.0,
        carrier_hz=3.5e9,
        renewal=_FRAMES_A_DRAW * length,
        snr_db=snr_db,
        cfo_hz=5e3,
        clock_error_ppm=2.0,
        bursts=bursts,
        seed=seed,
    )
    # Half a frame more, so that no rounding makes it one fewer.
    seconds = (num_frames + 0.5) * length / RADIO_FRAME.sample_rate_hz
    return RunConfig(estimator=name, seconds=seconds, seed=seed, air=air)


def table_rows(rows: Rows) -> Rows:
    """Return a row for each condition and estimator: its BLER over SNR."""
    shown = []
    for condition in CONDITIONS:
        for name in ESTIMATORS:
            own = [
                row
                for row in rows
                if (row["condition"], row["estimator"]) == (condition, name)
            ]
            rates = {f"{row['snr_db']:g} dB": f"{row['bler']:.3f}" for row in own}
            shown.append({"condition": condition, "estimator": name, **rates})
    return shown


def save_demo_picture(path: Path, rows: Rows) -> None:
    """Draw BLER over SNR, a panel for each condition, with 95 % intervals."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(CONDITIONS), sharey=True)
    for axes, condition in zip(panels, CONDITIONS, strict=True):
        for i, name in enumerate(ESTIMATORS):
            own = [
                row
                for row in rows
                if (row["condition"], row["estimator"]) == (condition, name)
            ]
            snr_db, bler = column(own, "snr_db"), column(own, "bler").clip(_LEAST)
            axes.semilogy(snr_db, bler, label=name, **curve_style(i))
            low, high = column(own, "bler_low"), column(own, "bler_high")
            colour = curve_style(i)["color"]
            axes.fill_between(
                snr_db, low.clip(_LEAST), high, color=colour, alpha=0.2, linewidth=0
            )
        axes.set_title(condition, fontsize="medium")
        tidy(axes)
        axes.legend(fontsize="small")
    panels[0].set_ylabel("block error rate, lost frames counted")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
