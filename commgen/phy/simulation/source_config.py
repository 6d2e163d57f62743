"""Configurations of where the channels of a simulation come from."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_serializer, model_validator

from commgen._settings import Count, Float, Settings
from commgen.channels import ChannelConfig


class ThreeGPPSource(Settings):
    """``source: 3gpp`` and the keys of a commgen channel, such as ``scenario``.

    The keys of ``config`` stand beside ``source`` in the file. Its ``grid`` has no
    meaning here, since the link has one: it is refused.
    """

    source: Literal["3gpp"] = "3gpp"
    config: ChannelConfig

    @model_validator(mode="before")
    @classmethod
    def _collect(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "config" in data:
            return data
        if "grid" in data:
            raise ValueError("grid must be left out, the link sets it")
        config = {key: value for key, value in data.items() if key != "source"}
        return {"source": "3gpp", "config": config}

    @model_serializer
    def _flatten(self) -> dict[str, Any]:
        config = self.config.model_dump(
            mode="json", exclude={"grid"}, exclude_none=True
        )
        return {"source": self.source, **config}


class RecordedSource(Settings):
    """Channels of a file, each once in a random order before any comes again.

    Parameters
    ----------
    path
        Channel file of :mod:`commgen.datasets`; relative to the configuration file.
    select
        Label to [low, high], both included: which channels of the file are used.
    """

    source: Literal["recorded"] = "recorded"
    path: Path
    select: dict[str, tuple[Float, Float]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_ranges(self):
        for label, (low, high) in self.select.items():
            if low > high:
                raise ValueError(
                    f"select.{label} must be [low, high] with low <= high, "
                    f"got [{low}, {high}]"
                )
        return self


class GeneratedSource(Settings):
    """Channels that a saved generative model draws.

    Parameters
    ----------
    model
        Folder of the model; relative to the configuration file.
    layout
        Meaning of the axes of the model's events, as in
        :class:`~commgen.channels.GeneratedChannel`.
    pool_size
        Channels drawn once, from which the batches are then taken.
    """

    source: Literal["generated"] = "generated"
    model: Path
    layout: tuple[str, ...]
    pool_size: Count = 10_000


def _source_of(data: Any) -> Any:
    if isinstance(data, dict):
        return data.get("source")
    return getattr(data, "source", None)


SourceConfig = Annotated[
    Annotated[ThreeGPPSource, Tag("3gpp")]
    | Annotated[RecordedSource, Tag("recorded")]
    | Annotated[GeneratedSource, Tag("generated")],
    Discriminator(
        _source_of,
        custom_error_type="source",
        custom_error_message="source must be one of 3gpp, recorded, generated",
    ),
]
