"""Reports of moving terminals: what memory at both ends saves, and what losses cost."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.npz import read_npz, write_npz
from commgen.channels import RECIPES, draw_channels
from commgen.channels.grid_config import GridConfig
from commgen.measures import nmse_interval, paired_interval_db
from commgen.phy.feedback import (
    DifferentialCodec,
    MixtureTransformCodec,
    lag_correlations,
)
from commgen.studies.feedback.figure import save_rate_figure
from commgen.studies.feedback.umi64 import MIXTURE, umi64_models
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

TITLE, LOST_TITLE = "Reports of moving terminals", "Reports that are lost"
MEMORYLESS = f"{MIXTURE}, each slot alone"
#: CSI every 5 ms, as is usual for periodic reports.
SLOT_S = 5e-3
#: Lags that the filter knows of.
ORDERS = {"AR(1)": 1, "AR(2)": 2}
# Slots before these are no steady state; judged are those from there on.
_STEADY = 5


@dataclass(frozen=True)
class TrackingSize:
    """How much is sent.

    Parameters
    ----------
    num_bits
        Of a mean report.
    speeds_kmh
        Of terminals, all alike.
    num_slots
        Of a track.
    num_choice, num_test
        Tracks that set correlations and prices, and that are judged.
    num_components
        Of the mixture, which is Toeplitz.
    loss, refresh
        Shares of reports that are lost, and slots between whole ones, at ``lost_bits``
        and the first speed.
    lost_bits
        Of a mean report among which some are lost.
    quick
        Few channels to learn from.
    """

    num_bits: tuple[int, ...] = (16, 32, 64, 128)
    speeds_kmh: tuple[float, ...] = (3.0, 10.0)
    num_slots: int = 20
    num_choice: int = 100
    num_test: int = 300
    num_components: int = 64
    loss: tuple[float, ...] = (0.0, 0.05)
    refresh: tuple[int | None, ...] = (5, None)
    lost_bits: int = 32
    quick: bool = False


#: In a minute, most of it for channels; the figures mean little.
QUICK = TrackingSize((16,), (3.0,), 8, 10, 16, 4, (0.0, 0.1), (4,), 16, True)


def tracking_study(
    output: Path, size: TrackingSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Report channels slot by slot, with memory and without, and lose some reports.

    Parameters
    ----------
    output
        Folder of tracks, steps and picture; the mixture is that of ``umi64`` beside it.
    size, seed
        How much, and the seed of everything.
    asked
        Gets the gain over reports without memory at each of the bits.

    Returns
    -------
    dict
        Title to rows: bits and NMSE from the sixth slot on, with intervals, paired over
        those without memory; and NMSE of all slots where reports are lost.
    """
    stages = Stages(output / "stages")
    told = [seed, size.num_slots, size.num_choice, size.num_test]
    told += [size.num_components, size.quick]
    tracks = _Tracks(output, size, seed)
    rows: Rows = []
    for kmh in size.speeds_kmh:
        for bits in size.num_bits:
            rows += stages.result(
                f"{kmh:g}-kmh-{bits}-bits",
                told,
                lambda kmh=kmh, bits=bits: tracks.reported(kmh, bits),
            )
    lost: Rows = []
    told += [size.speeds_kmh[0], size.loss, size.lost_bits]
    for refresh in size.refresh:
        lost += stages.result(
            f"refresh-{refresh}", told, lambda refresh=refresh: tracks.lost(refresh)
        )
    for row in rows:
        if row["over_high_db"] is not None:
            asked(
                f"{TITLE}, {row['speed_kmh']:g} km/h, {row['num_bits']:.0f} bits, "
                f"{row['codec']}, over each slot alone",
                "an interval below 0",
                f"{row['over_low_db']:.2f} to {row['over_high_db']:.2f} dB",
                row["over_high_db"] < 0,
            )
    first = [row for row in rows if row["speed_kmh"] == size.speeds_kmh[0]]
    save_rate_figure(output / "rate.png", first, "nmse_db", "NMSE [dB]")
    return {TITLE: rows, LOST_TITLE: lost}


class _Tracks:
    """Channels and models, made when a step first needs them."""

    def __init__(self, output: Path, size: TrackingSize, seed: int):
        self._output, self._size, self._seed = output, size, seed
        self._made: Any = None

    def _mixture(self):
        if self._made is None:
            size = self._size
            *_, self._made = umi64_models(
                self._output.parent / "umi64",
                size.num_components,
                seed=self._seed,
                quick=size.quick,
            )
        return self._made

    def _parts(self, kmh: float) -> list[np.ndarray]:
        """Return tracks to choose by, and to judge by, [n, num_slots, num_ant]."""
        size = self._size
        return [
            drawn_tracks(
                self._output / "data" / f"{part}-{kmh:g}-kmh.npz",
                num,
                size.num_slots,
                kmh,
                seed=part_seed(self._seed, "feedback/tracks", i),
            )
            for i, (part, num) in enumerate(
                {"choice": size.num_choice, "test": size.num_test}.items()
            )
        ]

    def reported(self, kmh: float, num_bits: int) -> Rows:
        """Return bits and errors of codecs with memory and without, at one rate."""
        mixture, (choice, test) = self._mixture(), self._parts(kmh)
        every = choice.reshape(-1, choice.shape[2])
        alone = MixtureTransformCodec.of_rate(mixture, every, num_bits)
        late = test[:, _STEADY:]
        report = alone.encode(late.reshape(-1, late.shape[2]))
        h_hat = alone.decode(report).mean.reshape(late.shape)
        found = {MEMORYLESS: (report.num_bits.mean(), _power(h_hat - late), None)}
        for name, order in ORDERS.items():
            r = lag_correlations(choice, order)
            codec = DifferentialCodec.of_rate(
                mixture, choice, num_bits, r, start=_STEADY
            )
            bits, error, promised = followed(codec, test)
            found[f"differential, {name}"] = (
                bits[:, _STEADY:].mean(),
                error[:, _STEADY:].sum(axis=1),
                promised[:, _STEADY:].sum(axis=1),
            )
        power, base = _power(late), found[MEMORYLESS][1]
        rows = []
        for name, (bits, error, promised) in found.items():
            row = {"speed_kmh": kmh, "codec": name, "num_bits": float(bits)}
            row |= _nmse(error, power)
            row["promised_db"] = None
            low = high = None
            if promised is not None:
                row["promised_db"] = float(10 * np.log10(promised.sum() / power.sum()))
                low, high = paired_interval_db(
                    error[None], base[None], np.arange(len(test))
                )
            rows.append(row | {"over_low_db": low, "over_high_db": high})
        return rows

    def lost(self, refresh: int | None) -> Rows:
        """Return errors where reports are lost, with terminals told and not."""
        size = self._size
        kmh = size.speeds_kmh[0]
        mixture, (choice, test) = self._mixture(), self._parts(kmh)
        r = lag_correlations(choice, max(ORDERS.values()))
        price = DifferentialCodec.of_rate(
            mixture, choice, size.lost_bits, r, refresh=refresh
        ).price
        rows = []
        for told in (False, True):
            codec = DifferentialCodec(mixture, price, r, refresh=refresh, told=told)
            for loss in size.loss:
                rng = np.random.default_rng(part_seed(self._seed, "feedback/losses"))
                arrives = rng.random(test.shape[:2]) >= loss
                bits, error, _ = followed(codec, test, arrives)
                row = {"refresh": refresh or 0, "told": told, "loss": loss}
                row["num_bits"] = float(bits.mean())
                rows.append(row | _nmse(error.sum(axis=1), _power(test)))
        return rows


def followed(
    codec: DifferentialCodec, h: np.ndarray, arrives: np.ndarray | None = None
) -> tuple[np.ndarray, ...]:
    """Take both ends through all slots.

    Parameters
    ----------
    codec
        Of both.
    h : [n, num_slots, num_ant], complex
        Channels.
    arrives : [n, num_slots], bool, or None
        Which reports do; None for all.

    Returns
    -------
    bits, error, promised : [n, num_slots]
        Bits, squared error, and the error that the base station expects.
    """
    terminal = station = codec.start(len(h))
    found = []
    for t in range(h.shape[1]):
        arrived = None if arrives is None else arrives[:, t]
        before = terminal
        report, terminal = codec.encode(before, h[:, t])
        posterior, station = codec.decode(station, report, arrived)
        if codec.told and arrived is not None:
            terminal = codec.heard(before, terminal, arrived)
        error = np.sum(np.abs(posterior.mean - h[:, t]) ** 2, axis=1)
        found.append((report.num_bits, error, posterior.err_var.sum(axis=1)))
    return tuple(np.transpose(found, (1, 2, 0)))


def drawn_tracks(
    path: Path, num: int, num_slots: int, kmh: float, *, seed: int
) -> np.ndarray:
    """Draw channels of UMi-64 that move, into a file, or find them.

    Returns
    -------
    [num, num_slots, num_ant], complex64
    """
    told = np.array([num, num_slots, kmh, seed])
    if path.exists():
        kept = read_npz(path)
        if "told" in kept and np.array_equal(kept["told"], told):
            return kept["h"]
    grid = GridConfig(num_time_steps=num_slots, time_step_s=SLOT_S)
    speed = {"speed_min_m_s": kmh / 3.6, "speed_max_m_s": kmh / 3.6}
    config = RECIPES["umi64"].model_copy(update={"grid": grid, **speed})
    h = np.swapaxes(draw_channels(config, num, seed=seed).h[:, :, 0, :, 0], 1, 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_npz(path, {"h": h, "told": told})
    return h


def _power(x) -> np.ndarray:
    """Return the power of each track, [n]."""
    power = np.abs(x.astype(np.complex128)) ** 2
    return power.reshape(len(x), -1).sum(axis=1)


def _nmse(error, power) -> dict[str, float]:
    found = 10 * np.log10(nmse_interval(error, power))
    return dict(zip(("nmse_db", "low_db", "high_db"), map(float, found), strict=True))
