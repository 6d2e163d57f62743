"""From a recording to a channel file: one walk for all importers, power explicit."""

from pathlib import Path
from typing import get_args

import numpy as np

from commgen._progress import progress_bar
from commgen.datasets.channel_file import ChannelFile
from commgen.datasets.channel_meta import ChannelMeta, Normalise
from commgen.datasets.power import scale_to_unit_power
from commgen.datasets.precision import to_single
from commgen.datasets.source import Source
from commgen.datasets.walk import SourceWalk

_ADVICE = {
    "none": "; --normalise packet or set would scale it",
    "packet": "",
    "set": " of the mean of all; --normalise packet would scale it",
}


def import_source(
    source: Source,
    path: str | Path,
    *,
    rows: np.ndarray | None = None,
    normalise: Normalise | None = None,
    progress: bool = True,
    made: str | None = None,
) -> int:
    """Write a recording to a channel file, a few megabytes at a time.

    Parameters
    ----------
    source
        The recording.
    path
        Channel file to write.
    rows : [num_rows], int, optional
        Which samples, in which order; all by default.
    normalise
        "none" keeps the power of the recording. "packet" scales every sample to unit
        mean power, the ideal power control. "set" scales all of them by one factor, so
        that their mean power is one. The gain that was taken away is the label
        ``gain_db``: multiply by ``10 ** (gain_db / 20)`` to undo it. By default what
        the source prefers.
    progress
        Whether to show a progress bar.
    made
        As in :meth:`~commgen.datasets.ChannelFile.create`.

    Returns
    -------
    int
        Number of samples written.

    Raises
    ------
    ValueError
        If ``rows`` is empty, a channel is not finite, a sample without power is to be
        scaled, or one has amplitudes that single precision does not hold. Samples and
        entries are named by their index in the recording.
    """
    mode = source.normalise if normalise is None else normalise
    if mode not in get_args(Normalise):
        raise ValueError(
            f"normalise must be one of {list(get_args(Normalise))}, got {mode!r}."
        )
    rows = np.arange(source.shape[0]) if rows is None else np.asarray(rows)
    if not len(rows):
        raise ValueError("rows must hold at least one sample, got 0.")
    kinds = dict(source.kinds)
    if mode != "none":
        kinds["gain_db"] = "float"
    passes = 2 if mode == "set" else 1
    with progress_bar(
        "importing", passes * len(rows), unit="samples", enabled=progress
    ) as advance:
        walk = SourceWalk(source, rows, advance)
        power = walk.mean_power() if mode == "set" else None
        described = _describe(source.meta, mode)
        with ChannelFile.create(path, described, kinds, made=made) as file:
            for block, h in walk.blocks(scaled=mode != "none"):
                labels = {name: source.labels[name][block] for name in source.kinds}
                if mode == "packet":
                    walk.check_power(h, block)
                if mode != "none":
                    h, labels["gain_db"] = scale_to_unit_power(h, source.meta, power)
                file.append(to_single(h, block, _ADVICE[mode]), labels)
    return len(rows)


def _describe(meta: ChannelMeta, mode: str) -> ChannelMeta:
    if mode == "none":
        return meta
    what = {
        "packet": "every sample scaled to unit mean power",
        "set": "all samples scaled by one factor to unit mean power",
    }[mode]
    text = f"{what}; multiply by 10^(gain_db/20) to undo. Before: {meta.normalisation}"
    return meta.model_copy(update={"normalisation": text})
