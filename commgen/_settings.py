"""Building blocks of the configurations: frozen, strict, every number bounded."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Settings(BaseModel):
    """Frozen model that refuses unknown keys, NaN and infinity."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
    )


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def _no_fraction(value: Any) -> Any:
    """Accept ``2`` and, as YAML may give it, ``"2"``; not ``True``, not ``2.0``."""
    value = _no_bool(value)
    if isinstance(value, float):
        raise ValueError("must be a whole number")
    return value


Int = Annotated[int, BeforeValidator(_no_fraction)]
Count = Annotated[Int, Field(ge=1, le=10**9)]
Float = Annotated[float, BeforeValidator(_no_bool)]
PositiveFloat = Annotated[Float, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]{0,39}$")]
