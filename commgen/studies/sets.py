"""The sets of channels that studies learn from and judge by, each with its split."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from commgen._progress import progress_bar
from commgen.channels import RECIPES, UmaConfig, draw_channels, taps_to_response
from commgen.datasets import (
    Card,
    catalogue,
    import_source,
    open_set,
    read_channels,
    split_indices,
    write_channels,
)
from commgen.datasets.events import Events, load_events
from commgen.studies.seeds import part_seed

# Taps of the ultra-wideband responses around the first path near tap 746: 64 ns
# before it, 64 ns behind.
_UWB_TAPS = slice(716, 844)
# Of the packets of the office one in so many is taken: those within a group see one
# channel.
_POLYU_EVERY = {"train": 4, "validation": 8, "test": 4}


@dataclass(frozen=True)
class StudySet:
    """Channels to learn from, to choose by, and to judge by.

    Parameters
    ----------
    name
        Of the set.
    layout
        Axes of an event.
    train, validation, test
        Events with their labels.
    again
        Another draw of the truth, or None where there is only one.
    symmetries
        Changes that leave the distribution as it is.
    group_by
        Labels that near-copies share.
    path
        File of the training channels.
    """

    name: str
    layout: tuple[str, ...]
    train: Events
    validation: Events
    test: Events
    again: Events | None
    symmetries: tuple[str, ...]
    group_by: tuple[str, ...]
    path: Path

    def groups(self, part: str) -> np.ndarray | None:
        """Return the group of each channel of a part, [n]; None where each is alone."""
        if not self.group_by:
            return None
        labels = getattr(self, part).labels
        columns = [np.asarray(labels[name]).astype(str) for name in self.group_by]
        joined = np.array(["/".join(row) for row in zip(*columns, strict=True)])
        return np.unique(joined, return_inverse=True)[1]


def drawn_set(
    folder: Path,
    config: Any,
    name: str,
    sizes: dict[str, int],
    *,
    seed: int,
    symmetries: tuple[str, ...],
) -> StudySet:
    """Draw the parts of a set from a channel configuration, or find them in ``folder``.

    Parameters
    ----------
    folder
        Where the channel files are kept.
    config
        Channel configuration.
    name
        Of the set; files are called ``NAME-PART.h5``.
    sizes
        Channels of "train", "validation", "test" and "again".
    seed
        The parts take this one and those that follow.
    symmetries
        As in :class:`StudySet`.
    """
    parts = {}
    for part, size in sizes.items():
        path = folder / f"{name}-{part}.h5"
        parts[part] = drawn_events(
            path, config, size, seed=part_seed(seed, f"set/{part}")
        )
    return StudySet(
        name,
        parts["train"].layout,
        **parts,
        symmetries=symmetries,
        group_by=(),
        path=folder / f"{name}-train.h5",
    )


def drawn_events(path: Path, config: Any, num_samples: int, *, seed: int) -> Events:
    """Draw channels into a file, or read those that an earlier call drew."""
    if not path.exists():
        with progress_bar(f"drawing {path.stem}", num_samples, unit="channels") as go:
            last = 0

            def advance(done: int, total: int) -> None:
                nonlocal last
                go(done - last)
                last = done

            draw = draw_channels(config, num_samples, seed=seed, progress=advance)
        write_channels(path, draw.h, draw.meta, draw.labels)
    return load_events(path)


def umi64_set(folder: Path, *, seed: int, quick: bool = False) -> StudySet:
    """Draw UMi-64: 8,000 to learn, 1,000 to choose, twice 2,000 to judge."""
    sizes = {"train": 8000, "validation": 1000, "test": 2000, "again": 2000}
    if quick:
        sizes = {"train": 600, "validation": 200, "test": 200, "again": 200}
    return drawn_set(
        folder,
        RECIPES["umi64"],
        "umi64",
        sizes,
        seed=seed,
        symmetries=("phase", "reversal"),
    )


#: Another site for the array of UMi-64: urban macrocell, taller and farther away.
UMA64 = UmaConfig(
    carrier_hz=3.5e9,
    bs_array=RECIPES["umi64"].bs_array,
    direction="uplink",
    distance_min_m=35.0,
    distance_max_m=300.0,
    azimuth_min_deg=-60.0,
    azimuth_max_deg=60.0,
    indoor_probability=0.5,
    num_floors=4,
    bs_height_m=25.0,
)


def polyu_set(folder: Path, *, quick: bool = False) -> StudySet:
    """Import the office, split by day; needs ``COMMGEN_DATA``."""
    every = {part: n * (20 if quick else 1) for part, n in _POLYU_EVERY.items()}
    group_by = ("day", "period", "loc")
    return _measured("wifi_polyu_mimo", folder, "polyu", group_by, every)


def uwb_set(folder: Path) -> StudySet:
    """Import the flat, split by geometry; needs ``COMMGEN_DATA``.

    Of the 1016 taps those near the first path are taken, and turned into the response
    on as many subcarriers.
    """
    return _measured("uwb_apartment_cir", folder, "uwb", ("config",), {})


def _near_first_path(taps: np.ndarray) -> np.ndarray:
    h = taps_to_response(taps[..., _UWB_TAPS])
    power = np.mean(np.abs(h) ** 2, axis=(1, 2, 3, 4), keepdims=True)
    return (h / np.sqrt(power)).astype(np.complex64)


def _measured(
    card_name: str,
    folder: Path,
    name: str,
    group_by: tuple[str, ...],
    every: dict[str, int],
) -> StudySet:
    card = catalogue()[card_name]
    parts: dict[str, Events] = {}
    for part in ("train", "validation", "test"):
        path = folder / f"{name}-{part}.h5"
        if not path.exists():
            _import(card, part, path, every.get(part, 1))
        parts[part] = load_events(path)
    return StudySet(
        name,
        parts["train"].layout,
        **parts,
        again=None,
        symmetries=("phase",),
        group_by=group_by,
        path=folder / f"{name}-train.h5",
    )


def _import(card: Card, part: Any, path: Path, every: int) -> None:
    source = open_set(card)
    rows = split_indices(card, source.labels, part)[::every]
    plain = path.with_suffix(".whole.h5")
    import_source(source, plain, rows=rows, normalise="packet", progress=True)
    h, meta, labels = read_channels(plain)
    if meta.domain == "delay":
        h = _near_first_path(h)
        meta = meta.model_copy(
            update={
                "domain": "frequency",
                "subcarrier_spacing_hz": (meta.sample_rate_hz or 1.0) / h.shape[-1],
                "sample_rate_hz": None,
            }
        )
    write_channels(path, h, meta, labels)
    plain.unlink()


def few_channels(events: Events, n: int, *, seed: int) -> Events:
    """Take ``n`` channels at random, without any twice."""
    rows = np.random.default_rng(seed).permutation(len(events.h))[:n]
    labels = {name: values[rows] for name, values in events.labels.items()}
    return replace(events, h=events.h[rows], labels=labels)
