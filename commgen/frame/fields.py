"""What of a link makes its frame: what whoever receives must know."""

from typing import Any

from commgen.frame.constellation import Constellation

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
    """Return what a receiver must know of a ``LinkConfig``, as JSON holds it.

    Of a constellation of its own it is the digest, under that name, and of shaped QAM
    that of its points and probabilities.
    """
    dumped = link.model_dump(mode="json")
    found = {key: dumped[key] for key in FRAME_FIELDS}
    path, shaping = (getattr(link, key, None) for key in ("constellation", "shaping"))
    if path is not None:
        found["constellation"] = Constellation.load(path).digest
    if shaping is not None:
        # What has no shaping loads no code.
        from commgen.frame.shaped import matched_qam

        num_bits = link.num_bits_per_symbol
        found["constellation"] = matched_qam(num_bits, shaping.of(num_bits)).digest
    return found
