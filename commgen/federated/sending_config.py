"""What is done to an answer before it leaves a node: how small, and how private."""

from typing import Annotated, Literal

from pydantic import Field

from commgen._settings import Float, Int, PositiveFloat, Settings

#: What a model card says of a private training.
COVERED = "the training channels of each node: gradients, and sums under the networks"
NOT_COVERED = (
    "how many channels a node has, and their mean power; losses, calibration and "
    "errors, which come from validation and test channels alone; a mixture under the "
    "networks"
)


class UplinkConfig(Settings):
    """What of the change of an array is sent, and how finely.

    The defaults send all of it in int8, a quarter of the bytes.
    """

    bits: Annotated[Int, Field(ge=2, le=8)] = Field(
        default=8, description="Of a sent entry of the weights."
    )
    keep: Annotated[Float, Field(gt=0, le=1)] = Field(
        default=1.0, description="Share of the weights that is sent, the most changed."
    )
    rounding: Literal["nearest", "stochastic"] = "nearest"
    aid_bits: Annotated[Int, Field(ge=2, le=8)] = Field(
        default=8, description="Of moments and controls, which are sent whole."
    )


class PrivacyConfig(Settings):
    """Differential privacy of each channel of a node, against all who see its answers.

    The unit is one training channel, added or removed.
    """

    epsilon: PositiveFloat = 8.0
    delta: Annotated[Float, Field(gt=0, lt=1)] = 1e-5
    clip: PositiveFloat | None = Field(
        default=None,
        description="Greatest norm of one channel's gradient; null scales all to one.",
    )
    statistics_noise: PositiveFloat = Field(
        default=8.0,
        description="Noise of the sums that a family stands on, in units of what one "
        "channel can change; its part of epsilon is accounted for.",
    )
    noise: Literal["seeded", "secret"] = Field(
        default="seeded",
        description="From the run's seed, for simulations: who knows it takes the "
        "noise away; or from a number of the node's own.",
    )
