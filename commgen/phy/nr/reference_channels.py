"""Fixed reference channels of TS 38.104 and what it asks of a receiver with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from commgen.channels import TdlConfig


@dataclass(frozen=True)
class ReferenceChannel:
    """An uplink of 3GPP TS 38.104 8.2.1, mapping type A, one additional DMRS position.

    Parameters
    ----------
    name
        As in annex A.3 to A.5, such as ``"G-FR1-A3-11"``.
    num_prb
        Resource blocks, the whole bandwidth.
    subcarrier_spacing_hz
        15 or 30 kHz.
    num_bits_per_symbol
        2, 4 or 6: QPSK, 16QAM, 64QAM.
    coderate
        Target code rate.
    num_layers
        1 or 2.
    tdl_model, max_doppler_hz
        Propagation conditions of annex G.2, with low antenna correlation.
    requirement_db
        Number of receive antennas to the SNR [dB] at which the throughput must be at
        least 70 % of the maximum: tables 8.2.1.2-1, -3, -4 and -7 of version 16.4.
        What is missing there is not known here.
    """

    name: str
    num_prb: int
    subcarrier_spacing_hz: float
    num_bits_per_symbol: int
    coderate: float
    num_layers: int
    tdl_model: str
    max_doppler_hz: float
    requirement_db: Mapping[int, float]

    def required_snr_db(self, num_rx_ant: int) -> float | None:
        """Return the requirement [dB], or None where it is not known here."""
        return self.requirement_db.get(num_rx_ant)

    def channel_config(self, num_rx_ant: int) -> TdlConfig:
        """Return the channel in which the requirement holds."""
        return TdlConfig.model_validate(
            {
                "model": self.tdl_model,
                "max_doppler_hz": self.max_doppler_hz,
                "num_rx_ant": num_rx_ant,
                "num_tx_ant": self.num_layers,
            }
        )


# Bits per symbol, rate x 1024 and propagation conditions: annex A.3, A.4, A.5.
_SERIES = {
    "A3": (2, 193, "B100", 400.0),
    "A4": (4, 658, "C300", 100.0),
    "A5": (6, 567, "A30", 10.0),
}
# Resource blocks and spacing of the seven members of each series, in their order.
_BANDWIDTHS = (
    (25, 15e3),
    (52, 15e3),
    (106, 15e3),
    (24, 30e3),
    (51, 30e3),
    (106, 30e3),
    (273, 30e3),
)
_FIRST_NUMBER = {("A3", 1): 8, ("A4", 1): 8, ("A5", 1): 8, ("A3", 2): 22, ("A4", 2): 22}

# SNR [dB] for 2, 4 and (where known) 8 receive antennas.
_REQUIREMENTS_DB = {
    "G-FR1-A3-8": (-2.3, -5.8),
    "G-FR1-A4-8": (10.1, 6.2),
    "G-FR1-A5-8": (12.3, 8.8),
    "G-FR1-A3-10": (-2.1, -5.5, -8.5),
    "G-FR1-A4-10": (10.0, 6.2, 3.0),
    "G-FR1-A5-10": (12.4, 8.6, 5.5),
    "G-FR1-A3-11": (-2.3, -5.6),
    "G-FR1-A4-11": (10.2, 6.4),
    "G-FR1-A5-11": (12.8, 8.6),
    "G-FR1-A3-14": (-2.8, -5.8, -8.7),
    "G-FR1-A4-14": (10.2, 6.5, 3.2),
    "G-FR1-A5-14": (13.0, 9.0, 5.8),
    "G-FR1-A3-24": (2.1, -1.8, -5.3),
    "G-FR1-A4-24": (18.3, 11.1, 6.9),
    "G-FR1-A3-28": (1.4, -2.2, -5.2),
    "G-FR1-A4-28": (19.2, 11.6, 7.1),
}


def _build() -> dict[str, ReferenceChannel]:
    channels = {}
    for (series, num_layers), first in _FIRST_NUMBER.items():
        num_bits, rate, model, doppler_hz = _SERIES[series]
        for number, (num_prb, spacing_hz) in enumerate(_BANDWIDTHS, start=first):
            name = f"G-FR1-{series}-{number}"
            required = zip((2, 4, 8), _REQUIREMENTS_DB.get(name, ()), strict=False)
            channels[name] = ReferenceChannel(
                name=name,
                num_prb=num_prb,
                subcarrier_spacing_hz=spacing_hz,
                num_bits_per_symbol=num_bits,
                coderate=rate / 1024,
                num_layers=num_layers,
                tdl_model=model,
                max_doppler_hz=doppler_hz,
                requirement_db=MappingProxyType(dict(required)),
            )
    return channels


#: Name to reference channel.
REFERENCE_CHANNELS: Mapping[str, ReferenceChannel] = MappingProxyType(_build())


def reference_channel(name: str) -> ReferenceChannel:
    """Look a reference channel up.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> reference_channel("G-FR1-A3-11").required_snr_db(2)
    -2.3
    """
    if name not in REFERENCE_CHANNELS:
        raise ValueError(
            "reference_channel must be one of TS 38.104 A.3 to A.5 with mapping type A "
            f"and one additional DMRS position, {', '.join(REFERENCE_CHANNELS)}, "
            f"got {name!r}."
        )
    return REFERENCE_CHANNELS[name]
