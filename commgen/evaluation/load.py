"""From a model folder or a channel file to the sets that a report compares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.whole import sha256
from commgen.datasets import read_channels
from commgen.datasets.events import AXES, event_layout
from commgen.evaluation._sets import check_set


@dataclass(frozen=True)
class Channels:
    """A set of channels and where it came from.

    Parameters
    ----------
    h : [n, *event_shape], complex64
        Channels in the frequency domain, without the axes of one entry.
    layout
        Axes of an event.
    inputs
        File to SHA-256.
    labels
        Labels of the file, [n] each; none for what a model drew.
    model
        The model that drew them and has their density, or None.
    """

    h: np.ndarray
    layout: tuple[str, ...]
    inputs: dict[str, str]
    labels: dict[str, np.ndarray]
    model: Any = None

    def groups(self, names: tuple[str, ...]) -> np.ndarray | None:
        """Return one number for each combination of labels, [n]; None without names.

        Raises
        ------
        ValueError
            If there is no such label.
        """
        if not names:
            return None
        check_labels(names, self.labels)
        group = np.zeros(len(self.h), np.int64)
        for name in names:
            value = np.unique(self.labels[name], return_inverse=True)[1]
            group = np.unique(group * (value.max() + 1) + value, return_inverse=True)[1]
        return group


def check_labels(names: Sequence[str], labels: Mapping[str, Any]) -> None:
    """Raise ValueError unless a file has labels of these names."""
    missing = [name for name in names if name not in labels]
    if missing:
        raise ValueError(
            f"group_by must name labels of the file, which has "
            f"{', '.join(sorted(labels)) or 'none'}, got {missing[0]!r}."
        )


def read_set(
    path: str | Path, name: str = "truth", like: Channels | None = None
) -> Channels:
    """Read a channel file, in either domain, as a set of events.

    Parameters
    ----------
    path
        Channel file.
    name
        What errors call it.
    like
        Channels whose shape and axes it must have.

    Raises
    ------
    OSError
        If the file is not there.
    ValueError
        If it is damaged, has another shape than ``like``, or fails
        :func:`~commgen.evaluation.check_set`.
    """
    h, meta, labels = read_channels(path)
    if meta.domain == "delay":
        h = _to_frequency(h, -1)
    sizes: dict[str, int] = dict(zip(AXES, h.shape[1:], strict=True))
    layout = event_layout(h.shape)
    shape = tuple(sizes[axis] for axis in layout)
    if like is not None and (layout, shape) != (like.layout, like.h.shape[1:]):
        raise ValueError(
            f"{name} must hold channels {like.h.shape[1:]} over {like.layout}, as the "
            f"truth, got {shape} over {layout}."
        )
    h = check_set(name, h.reshape(len(h), *shape))
    return Channels(h, layout, {str(path): sha256(path)}, labels)


def load_candidate(path: str | Path, truth: Channels, n: int, *, seed: int) -> Channels:
    """Draw ``n`` channels of a model folder, or read a channel file.

    Parameters
    ----------
    path
        Folder that :meth:`~commgen.generative.GenerativeModel.save` wrote, or file.
    truth
        What the candidate must have the shape and axes of.
    n
        Channels to draw; of a file, all are taken.
    seed
        Seed of the draw.

    Raises
    ------
    OSError
        If there is nothing at ``path``.
    ValueError
        If it is damaged, its channels have another shape than the truth, or they fail
        :func:`~commgen.evaluation.check_set`.
    """
    path = Path(path)
    if not path.is_dir():
        return read_set(path, "candidate", truth)
    from commgen.generative import load_model, read_card
    from commgen.generative.files import MODEL_FILE

    model, card = load_model(path), read_card(path)
    if tuple(model.event_shape) != truth.h.shape[1:]:
        raise ValueError(
            f"candidate must draw channels {truth.h.shape[1:]}, as the truth, got "
            f"{tuple(model.event_shape)}."
        )
    h = model.sample(n, seed=seed)
    exact = model if hasattr(model, "log_prob") else None
    if card.get("meta", {}).get("domain") == "delay" and "subcarrier" in truth.layout:
        h = _to_frequency(h, 1 + truth.layout.index("subcarrier"))
        exact = None  # its density is that of taps
    inputs = {str(path / MODEL_FILE): sha256(path / MODEL_FILE)}
    return Channels(check_set("candidate", h), truth.layout, inputs, {}, exact)


def _to_frequency(taps: np.ndarray, axis: int) -> np.ndarray:
    """Turn taps into responses, DC in the middle."""
    h = np.fft.fftshift(np.fft.fft(taps, axis=axis), axis)
    return h.astype(np.complex64)
