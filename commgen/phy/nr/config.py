"""Configuration of an NR uplink."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from commgen._settings import Count, Float, Int, Settings
from commgen.coding import transport_block_size
from commgen.phy.nr.numerology import (
    NUM_OFDM_SYMBOLS,
    dmrs_symbol_indices,
    mcs_coderate,
    num_data_re_per_prb,
    slot_duration_s,
)
from commgen.phy.nr.reference_channels import ReferenceChannel, reference_channel

_FROM_REFERENCE = (
    "num_prb",
    "subcarrier_spacing_hz",
    "num_layers",
    "num_bits_per_symbol",
    "coderate",
)

_RANGES = {
    "num_prb": (1, 275, "TS 38.331 6.4"),
    "num_layers": (1, 2, "of the 4 of TS 38.211 6.3.1.3"),
    "cell_id": (0, 1007, "TS 38.211 7.4.2.1"),
    "rnti": (0, 65535, "TS 38.211 6.3.1.1"),
}


class HarqConfig(Settings):
    """Retransmissions; the defaults are those of TS 38.104 table 8.2.1.1-1.

    Parameters
    ----------
    max_num_transmissions
        After that many a transport block is lost; 1 switches HARQ off.
    rv_sequence
        Redundancy version of each transmission, TS 38.212 5.4.2.1.
    round_trip_slots
        Slots from one transmission of a block to the next, in which the channel fades
        on.
    """

    max_num_transmissions: Annotated[Count, Field(le=16)] = 4
    rv_sequence: tuple[Int, ...] = (0, 2, 3, 1)
    round_trip_slots: Annotated[Count, Field(le=10_000)] = 8

    @model_validator(mode="after")
    def _check_versions(self):
        versions = list(self.rv_sequence)
        if any(rv not in range(4) for rv in versions):
            raise ValueError(
                f"rv_sequence must be of 0 to 3 (TS 38.212 5.4.2.1), got {versions}."
            )
        if len(versions) < self.max_num_transmissions:
            raise ValueError(
                "rv_sequence must name a version for each of the "
                f"{self.max_num_transmissions} transmissions, got {versions}."
            )
        return self


class PuschConfig(Settings):
    """PUSCH over a whole slot without transform precoding, mapping type A.

    Either ``reference_channel`` sets resource blocks, spacing, layers and modulation,
    or these are given one by one. No data are sent in DMRS symbols (two CDM groups
    without data), so that DMRS have twice the energy of data (TS 38.214 table 6.2.2-1).

    Parameters
    ----------
    reference_channel
        Name of a fixed reference channel, such as ``G-FR1-A3-11``.
    num_prb
        Resource blocks, 1 to 275 (TS 38.331 6.4, maxNrofPhysicalResourceBlocks).
    subcarrier_spacing_hz
        15, 30 or 60 kHz.
    num_layers
        1 or 2, each from an antenna of its own (TPMI 0, TS 38.211 table 6.3.1.5-4).
    num_bits_per_symbol, coderate
        2, 4, 6 or 8, and a target code rate that goes with it in a table of TS 38.214
        5.1.3.1; it is taken for the nearest of those if within 0.0005.
    num_rx_ant
        Receive antennas.
    type_a_position, dmrs_additional_position
        First DMRS symbol, 2 or 3, and how many more, 0 to 3 (TS 38.211 table
        6.4.1.1.3-3, single-symbol DMRS).
    harq
        Retransmissions.
    cell_id, rnti
        Of DMRS and scrambling, TS 38.211 6.4.1.1.1.1 and 6.3.1.1.
    time_interpolation
        Of all estimators: ``linear`` between DMRS symbols, or their ``average``.
    num_decoder_iterations
        At most that many; the decoder stops at a valid codeword.
    """

    kind: Literal["pusch"] = "pusch"
    reference_channel: str | None = None
    num_prb: Int
    subcarrier_spacing_hz: Float
    num_layers: Int = 1
    num_bits_per_symbol: Int
    coderate: Float
    num_rx_ant: Annotated[Count, Field(le=1024)]
    mapping_type: Literal["A"] = "A"
    type_a_position: Int = 2
    dmrs_additional_position: Int = 1
    harq: HarqConfig = HarqConfig()
    cell_id: Int = 0
    rnti: Int = 1
    time_interpolation: Literal["linear", "average"] = "linear"
    num_decoder_iterations: Annotated[Count, Field(le=200)] = 20

    @model_validator(mode="before")
    @classmethod
    def _take_reference(cls, data: Any) -> Any:
        """Fill in what the reference channel sets; what is given must agree."""
        name = data.get("reference_channel") if isinstance(data, dict) else None
        if not isinstance(name, str):
            return data
        frc = reference_channel(name)
        values = {key: getattr(frc, key) for key in _FROM_REFERENCE}
        for key, value in values.items():
            if data.get(key, value) != value:
                raise ValueError(
                    f"{key} must be left out where reference_channel sets it to "
                    f"{value}, got {data[key]}."
                )
        return {**data, **values}

    @field_validator("num_prb", "num_layers", "cell_id", "rnti")
    @classmethod
    def _check_range(cls, value: int, info: Any) -> int:
        low, high, clause = _RANGES[info.field_name]
        if not low <= value <= high:
            raise ValueError(
                f"{info.field_name} must be in {low}..{high} ({clause}), got {value}."
            )
        return value

    @field_validator("subcarrier_spacing_hz")
    @classmethod
    def _check_spacing(cls, value: float) -> float:
        slot_duration_s(value)
        return value

    @field_validator("coderate")
    @classmethod
    def _check_coderate(cls, value: float, info: Any) -> float:
        num_bits = info.data.get("num_bits_per_symbol")
        return value if num_bits is None else mcs_coderate(num_bits, value)

    @model_validator(mode="after")
    def _check_dmrs(self):
        dmrs_symbol_indices(self.type_a_position, self.dmrs_additional_position)
        return self

    @property
    def reference(self) -> ReferenceChannel | None:
        """The reference channel, if one is named."""
        name = self.reference_channel
        return None if name is None else reference_channel(name)

    @property
    def num_streams(self) -> int:
        """Streams of the grid: one for each layer."""
        return self.num_layers

    @property
    def num_ofdm_symbols(self) -> int:
        """OFDM symbols of a slot with normal cyclic prefix."""
        return NUM_OFDM_SYMBOLS

    @property
    def fft_size(self) -> int:
        """Subcarriers, all of them in use."""
        return 12 * self.num_prb

    @property
    def num_effective_subcarriers(self) -> int:
        """Subcarriers without guards and DC: all."""
        return self.fft_size

    @property
    def num_guard_carriers(self) -> tuple[int, int]:
        """Unused subcarriers at the two edges: none."""
        return 0, 0

    @property
    def dc_null(self) -> bool:
        """Whether the subcarrier in the middle is unused: it is not."""
        return False

    @property
    def pilot_subcarrier_step(self) -> int:
        """Subcarriers from one DMRS to the next, configuration type 1."""
        return 2

    @property
    def num_channel_entries(self) -> int:
        """Complex numbers of the channels of one HARQ process, all transmissions."""
        per_pair = self.fft_size * self.num_ofdm_symbols
        num_pairs = self.num_rx_ant * self.num_layers
        return per_pair * num_pairs * self.harq.max_num_transmissions

    @property
    def slot_duration_s(self) -> float:
        """Duration of a slot [s]."""
        return slot_duration_s(self.subcarrier_spacing_hz)

    @property
    def dmrs_symbol_indices(self) -> tuple[int, ...]:
        """OFDM symbols with DMRS."""
        return dmrs_symbol_indices(self.type_a_position, self.dmrs_additional_position)

    @property
    def num_data_symbols(self) -> int:
        """Data symbols of one layer in a slot."""
        return self.num_prb * num_data_re_per_prb(len(self.dmrs_symbol_indices))

    @property
    def num_coded_bits(self) -> int:
        """Coded bits of a slot, all layers together."""
        return self.num_data_symbols * self.num_layers * self.num_bits_per_symbol

    @property
    def transport_block_size(self) -> int:
        """Information bits of a slot, TS 38.214 6.1.4.2."""
        return transport_block_size(
            self.num_data_symbols,
            self.num_bits_per_symbol,
            self.num_layers,
            self.coderate,
        )
