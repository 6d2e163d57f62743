"""Precoders of a simulation."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from commgen._settings import Count, Float, Name, Settings


class _PrecoderSettings(Settings):
    """Precoder by its ``kind``, with what it knows and how careful its schemes are.

    Parameters
    ----------
    name
        For tables; the ``kind`` where it is left out.
    knows
        What the base station believes, or the channels themselves.
    offset_db
        Added to the SNR that schemes need, as an outer loop for its block error rate
        would find it.
    """

    kind: str
    name: Name = ""
    knows: Literal["belief", "channels"] = "belief"
    offset_db: Annotated[Float, Field(ge=-40, le=40)] = 0.0

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, data: Any) -> Any:
        if isinstance(data, dict) and "name" not in data:
            return {**data, "name": data.get("kind")}
        return data

    def build(self, num_streams: int) -> Any:
        """Return the :class:`~commgen.phy.beams.Precoder`."""
        raise NotImplementedError(f"{type(self).__name__} has no build.")


class LinearPrecoder(_PrecoderSettings):
    """A precoder in closed form."""

    kind: Literal["mrt", "zf", "rzf", "robust-rzf"]

    def build(self, num_streams: int) -> Any:
        """Return the precoder."""
        from commgen.phy.beams import linear

        kinds = {
            "mrt": linear.MRT,
            "zf": linear.ZF,
            "rzf": linear.RZF,
            "robust-rzf": linear.RobustRZF,
        }
        return kinds[self.kind](num_streams)


class WMMSEPrecoder(_PrecoderSettings):
    """Weighted minimum mean squared error.

    Parameters
    ----------
    num_steps, of
        As of :class:`~commgen.phy.beams.WMMSE`.
    """

    kind: Literal["wmmse"] = "wmmse"
    num_steps: Annotated[Count, Field(le=10_000)] = 100
    of: Literal["mean", "samples"] = "mean"

    @model_validator(mode="after")
    def _check_samples(self):
        if self.of == "samples" and self.knows == "channels":
            raise ValueError("of must be mean where knows is channels, got samples")
        return self

    def build(self, num_streams: int) -> Any:
        """Return the precoder."""
        from commgen.phy.beams.wmmse import WMMSE

        return WMMSE(num_streams, num_steps=self.num_steps, of=self.of)


class SavedPrecoder(_PrecoderSettings):
    """A precoder that has learned.

    Parameters
    ----------
    model
        Folder of :meth:`~commgen.phy.beams.LearnedPrecoder.save`; relative to the
        configuration file.
    """

    kind: Literal["learned"] = "learned"
    model: Path

    def build(self, num_streams: int) -> Any:
        """Return the precoder, of one stream."""
        from commgen.phy.beams.learned import LearnedPrecoder

        if num_streams > 1:
            raise ValueError(
                f"link.num_streams must be 1 for a learned precoder, got {num_streams}"
            )
        return LearnedPrecoder.load(self.model)


PrecoderConfig = Annotated[
    LinearPrecoder | WMMSEPrecoder | SavedPrecoder, Field(discriminator="kind")
]
