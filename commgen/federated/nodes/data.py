"""The channels that a node owns: to learn from, to choose by, to be tested on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from commgen.channels.conditions import ConditionSpec
from commgen.datasets.channel_file import read_channels
from commgen.datasets.channel_meta import ChannelMeta
from commgen.datasets.events import event_layout, squeeze
from commgen.federated.config import FederationConfig
from commgen.federated.node_config import ROW, shown

PARTS = ("train", "validation", "test")
# Channels of one source are a few dB apart in power; more is another unit.
_LEAST, _MOST = 1e-6, 1e6


@dataclass(frozen=True)
class Part:
    """Some channels.

    Parameters
    ----------
    h : [n, *event_shape], complex64
        As drawn or recorded, of any power.
    labels
        Name to values, [n].
    """

    h: np.ndarray
    labels: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.h)


@dataclass(frozen=True)
class NodeData:
    """What a node owns.

    Parameters
    ----------
    train, validation, test
        Channels that have nothing to do with each other.
    layout
        Meaning of the axes of a channel.
    meta
        What its file, or configuration, says of the channels.
    condition
        Labels that a model is conditioned on.
    """

    train: Part
    validation: Part
    test: Part
    layout: tuple[str, ...]
    meta: ChannelMeta
    condition: tuple[str, ...] = ()

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of a channel."""
        return self.train.h.shape[1:]

    @cached_property
    def power(self) -> float:
        """Mean of abs(h)^2 over the channels to learn from."""
        return float(np.mean(np.abs(self.train.h.astype(np.complex128)) ** 2))

    def channels(self, part: str, power: float) -> np.ndarray:
        """Return the channels of a part, divided by the root of ``power``.

        Returns
        -------
        h : [n, *event_shape], complex64
        """
        h = getattr(self, part).h
        return h if power == 1 else (h / np.sqrt(power)).astype(np.complex64)

    def conditions(self, part: str) -> np.ndarray | None:
        """Return the conditions of a part, [n, num_conditions], float32, or None."""
        if not self.condition:
            return None
        return ConditionSpec(self.condition).encode(getattr(self, part).labels)


def load_node_data(config: FederationConfig, index: int) -> NodeData:
    """Draw or read the channels of a node.

    Parameters
    ----------
    config
        The federation.
    index
        Place of the node in it.

    Raises
    ------
    ValueError
        If a part has no channel, a label is not there, or the power is nothing that a
        channel has.
    OSError
        If a file cannot be read.
    """
    name, node = config.names[index], config.node(index)
    load = _drawn if node.file is None else _recorded
    parts, meta = load(config, index, node)
    layout = event_layout(next(iter(parts.values())).h.shape)
    for part, channels in parts.items():
        if not len(channels):
            raise ValueError(
                f"nodes.{name} must have channels in each part, got none for {part}."
            )
    squeezed = {part: Part(squeeze(p.h, layout), p.labels) for part, p in parts.items()}
    data = NodeData(**squeezed, layout=layout, meta=meta, condition=config.condition)
    if not _LEAST <= data.power <= _MOST:
        raise ValueError(
            f"nodes.{name} must have a mean power |h|^2 between {_LEAST:g} and "
            f"{_MOST:g}, got {data.power:.3g}."
        )
    _check_condition(data, name)
    return data


def node_seed(config: FederationConfig, index: int) -> int:
    """Return the seed of a node's channels: its own, or of the federation's."""
    given = config.node(index).seed
    if given is not None:
        return given
    return int(np.random.SeedSequence([config.seed, index]).generate_state(1)[0])


def _drawn(config, index, node: Any) -> tuple[dict[str, Part], Any]:
    from commgen.channels.draw import draw_channels  # loads Sionna

    sizes = (node.num_channels, node.num_validation, node.num_test)
    drawn = draw_channels(node.channel, sum(sizes), seed=node_seed(config, index))
    ends = np.cumsum((0, *sizes))
    rows = {part: slice(*ends[i : i + 2]) for i, part in enumerate(PARTS)}
    return {part: _part(drawn.h, drawn.labels, rows[part]) for part in PARTS}, (
        drawn.meta
    )


def _recorded(config, index, node: Any) -> tuple[dict[str, Part], Any]:
    h, meta, labels = read_channels(node.file)
    labels = {**labels, ROW: np.arange(len(h))}
    where = f"nodes.{config.names[index]}"
    own = np.ones(len(h), bool)
    for label, values in node.rows.items():
        own &= _chosen(labels, label, values, f"{where}.rows")
    split = node.split or config.split
    rows = {
        part: own & _chosen(labels, split.label, getattr(split, part), f"{where}.split")
        for part in PARTS
    }
    return {part: _part(h, labels, rows[part]) for part in PARTS}, meta


def _chosen(labels, label: str, values: Any, where: str) -> np.ndarray:
    """Return which rows have a value, or lie in a range, [n], bool."""
    if label not in labels:
        raise ValueError(
            f"{where} must name labels of the file, {sorted(labels)}, got {label!r}."
        )
    there = np.asarray(labels[label])
    if isinstance(values, str):
        return there.astype(str) == values
    if there.dtype.kind not in "biuf":
        raise ValueError(
            f"{where}.{label} must be a word as in the file, got {shown(values)}."
        )
    low, high = values if isinstance(values, tuple) else (values, values)
    return (there >= low) & (there <= high)


def _part(h, labels, rows) -> Part:
    return Part(h[rows], {name: value[rows] for name, value in labels.items()})


def _check_condition(data: NodeData, name: str) -> None:
    """Refuse words: nodes that know different ones would count differently."""
    for label in data.condition:
        values = data.train.labels.get(label)
        if values is not None and np.asarray(values).dtype.kind not in "biuf":
            raise ValueError(
                f"condition must name labels that are numbers, got {label} of "
                f"nodes.{name}."
            )
    for part in PARTS:
        data.conditions(part)
