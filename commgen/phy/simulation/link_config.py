"""The links that a simulation may have."""

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from commgen.phy.nr.config import PuschConfig
from commgen.phy.ofdm.config import LinkConfig


def _kind_of(data: Any) -> Any:
    if isinstance(data, dict):
        return data.get("kind", "ofdm")
    return getattr(data, "kind", None)


AnyLinkConfig = Annotated[
    Annotated[LinkConfig, Tag("ofdm")] | Annotated[PuschConfig, Tag("pusch")],
    Discriminator(
        _kind_of,
        custom_error_type="kind",
        custom_error_message="kind must be one of ofdm, pusch",
    ),
]
