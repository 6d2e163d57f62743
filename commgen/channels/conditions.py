"""From the labels of channels to the condition of a generative model, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class ConditionSpec:
    """How labels become the numbers of a condition.

    A label of numbers or truth values is one number, in its own unit; a label of words
    is one number for each word, 1 for its own and 0 for the others.

    Parameters
    ----------
    names
        Labels, in order.
    words
        Label to its words, sorted, for labels that are words.
    """

    names: tuple[str, ...]
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, labels: Mapping[str, np.ndarray], names: Sequence[str]
    ) -> "ConditionSpec":
        """Describe the condition that ``names`` make of the labels of a training set.

        Raises
        ------
        ValueError
            If ``names`` is empty or repeats one, or a label is not there.
        """
        if not names or len(set(names)) < len(names):
            raise ValueError(f"condition must name different labels, got {names}.")
        words = {}
        for name in names:
            values = _label(labels, name)
            if values.dtype.kind not in "biuf":
                words[name] = tuple(sorted({str(v) for v in values}))
        return cls(tuple(names), words)

    @property
    def size(self) -> int:
        """Numbers in a condition."""
        return sum(len(self.words.get(name, (name,))) for name in self.names)

    def encode(self, labels: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return conditions, [num_samples, size], float32.

        Raises
        ------
        ValueError
            If a label is not there, not a finite number, or an unknown word.
        """
        return np.concatenate(
            [self._column(name, _label(labels, name)) for name in self.names], axis=1
        )

    def _column(self, name: str, values: np.ndarray) -> np.ndarray:
        if name not in self.words:
            numbers = np.asarray(values, np.float32)[:, None]
            if not np.isfinite(numbers).all():
                row = int(np.argmin(np.isfinite(numbers)[:, 0]))
                raise ValueError(
                    f"label {name} must be finite where it is a condition, got "
                    f"{numbers[row, 0]} in row {row}."
                )
            return numbers
        known = np.array(self.words[name])
        same = np.asarray(values).astype(str)[:, None] == known
        if not same.any(axis=1).all():
            row = int(np.argmin(same.any(axis=1)))
            raise ValueError(
                f"label {name} must be of {list(self.words[name])}, got "
                f"{str(values[row])!r} in row {row}."
            )
        return same.astype(np.float32)

    def parse(self, text: str) -> np.ndarray:
        """Read one condition from text, such as ``"los=1,distance_m=80"``, [size].

        Raises
        ------
        ValueError
            If not every name of the condition has one value, or a value does not fit.
        """
        pairs = [part.split("=", 1) for part in text.split(",")]
        given = {pair[0].strip(): pair[-1].strip() for pair in pairs if len(pair) == 2}
        if set(given) != set(self.names) or len(pairs) != len(self.names):
            wanted = ",".join(f"{name}=VALUE" for name in self.names)
            raise ValueError(f"condition must be {wanted}, got {text!r}.")
        return self.encode({name: self._value(name, given[name]) for name in given})[0]

    def _value(self, name: str, text: str) -> np.ndarray:
        if name in self.words:
            return np.array([text])
        truth = {"true": 1.0, "false": 0.0}.get(text.lower())
        try:
            return np.array([float(text) if truth is None else truth])
        except ValueError as error:
            raise ValueError(
                f"condition {name} must be a number, true or false, got {text!r}."
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Return it for a model's card, as JSON."""
        return {
            "names": list(self.names),
            "words": {name: list(words) for name, words in self.words.items()},
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "ConditionSpec":
        """Undo :meth:`to_dict`."""
        words = {name: tuple(w) for name, w in content["words"].items()}
        return cls(tuple(content["names"]), words)


def _label(labels: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in labels:
        raise ValueError(
            f"condition must name labels of the file, {sorted(labels) or 'none'}, got "
            f"{name!r}."
        )
    return np.asarray(labels[name])
