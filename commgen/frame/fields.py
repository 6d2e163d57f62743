"""What of a link makes its frame: what whoever receives must know."""

from typing import Any

#: The code is not among them: a receiver that gives LLRs never sees it.
FRAME_FIELDS = (
    "fft_size",
    "num_ofdm_symbols",
    "subcarrier_spacing_hz",
    "cyclic_prefix_length",
    "num_guard_carriers",
    "dc_null",
    "pilot_ofdm_symbol_indices",
    "pilot_subcarrier_step",
    "time_interpolation",
    "num_bits_per_symbol",
    "num_streams",
    "num_rx_ant",
)


def frame_of(link: Any) -> dict[str, Any]:
    """Return what a receiver must know of a ``LinkConfig``, as JSON holds it."""
    dumped = link.model_dump(mode="json")
    return {key: dumped[key] for key in FRAME_FIELDS}
