"""What a node of a federation owns, and what it may spend."""

from typing import Any

from pydantic import Field, model_validator

from commgen._settings import Count, Float, Int, PositiveFloat, Settings
from commgen.channels.config import ChannelConfig

#: The number of a channel in its file, which rows may be chosen by as by a label.
ROW = "row"

#: A value, or the least and the greatest one.
Values = Int | Float | str | tuple[Float, Float]


class SplitConfig(Settings):
    """Which channels of a file a node learns from, chooses by, and is tested on.

    Channels of a recording that lie near each other are alike: they are told apart by a
    label, or in the order of the file (label ``row``), never at random.
    """

    label: str = Field(description="Label of the file, or row.")
    train: Values
    validation: Values
    test: Values

    @model_validator(mode="after")
    def _check_apart(self):
        parts = [self.train, self.validation, self.test]
        for i, one in enumerate(parts):
            for other in parts[i + 1 :]:
                if meet(one, other):
                    raise ValueError(
                        "split must have parts that do not meet, got "
                        f"{shown(one)} and {shown(other)} of {self.label}."
                    )
        return self


class BudgetConfig(Settings):
    """What a node may spend: one that needs more is late, as on the air."""

    memory_mib: PositiveFloat | None = Field(
        default=None, description="Channels, weights and optimizer together."
    )
    cpu_seconds: PositiveFloat | None = Field(
        default=None, description="Processor time in a round."
    )
    uplink_kbit_s: PositiveFloat | None = Field(
        default=None, description="Rate at which an answer leaves; see timeout_s."
    )


class NodeConfig(Settings):
    """A node: the channels of a configuration, or rows of a file."""

    channel: ChannelConfig | None = Field(
        default=None, description="What its channels are drawn from."
    )
    num_channels: Count = Field(default=500, description="To learn from (drawn).")
    num_validation: Count = Field(default=100, description="To choose by (drawn).")
    num_test: Count = Field(default=200, description="To be tested on (drawn).")
    seed: Int | None = Field(
        default=None,
        ge=0,
        description="Of its channels; else of the federation's seed and its place.",
    )
    file: str | None = Field(default=None, description="Channel file.")
    rows: dict[str, Values] = Field(
        default_factory=dict,
        description="Labels of the file to a value, or to [least, greatest].",
    )
    split: SplitConfig | None = Field(
        default=None, description="Of the file; else the federation's."
    )
    budget: BudgetConfig = BudgetConfig()
    absent: bool = Field(
        default=False, description="Takes no part, and is tested at the end."
    )

    @model_validator(mode="before")
    @classmethod
    def _check_one_source(cls, data: Any) -> Any:
        """Before its parts are checked: one line that says what is wrong."""
        if isinstance(data, dict):
            named = [key for key in ("channel", "file") if data.get(key) is not None]
            if len(named) != 1:
                raise ValueError(
                    "a node must have one of channel and file, got "
                    f"{' and '.join(named) or 'neither'}."
                )
        return data

    @model_validator(mode="after")
    def _check_source(self):
        drawn = {"num_channels", "num_validation", "num_test", "seed"}
        stray = (drawn if self.file else {"rows", "split"}) & self.model_fields_set
        if stray:
            raise ValueError(
                f"{sorted(stray)[0]} must be left out where a node has a "
                f"{'file' if self.file else 'channel'}."
            )
        return self


def meet(one: Any, other: Any) -> bool:
    """Whether two values, or ranges, have something in common.

    Examples
    --------
    >>> meet([1, 3], 3), meet("office", "hall")
    (True, False)
    """
    if isinstance(one, str) or isinstance(other, str):
        return str(one) == str(other)
    (low, high), (least, greatest) = _range(one), _range(other)
    return low <= greatest and least <= high


def shown(values: Any) -> str:
    """Return a value, or a range, as a configuration has it."""
    return str(list(values) if isinstance(values, tuple) else values)


def _range(values: Any) -> tuple[float, float]:
    return tuple(values) if isinstance(values, list | tuple) else (values, values)  # pyright: ignore[reportReturnType]
