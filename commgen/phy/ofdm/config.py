"""Configuration of the slot, its code and its receiver."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commgen._settings import Count, Float, Int, PositiveFloat, Settings
from commgen.frame.codewords import CodewordLayout
from commgen.phy.ofdm.sampled import devices_of, ofdm_of
from commgen.phy.ofdm.shaping import ShapingConfig
from commgen.phy.ofdm.waveform_config import ImpairmentsConfig, WaveformConfig


class LinkConfig(Settings):
    """One coded OFDM slot from one transmitter to one receiver.

    Parameters
    ----------
    fft_size, num_ofdm_symbols
        Size of the grid in subcarriers and OFDM symbols.
    subcarrier_spacing_hz
        Subcarrier spacing.
    cyclic_prefix_length
        In samples; it sets the time from one OFDM symbol to the next.
    num_guard_carriers
        Unused subcarriers at the lower and the upper edge.
    dc_null
        Whether the subcarrier in the middle is unused.
    pilot_ofdm_symbol_indices
        OFDM symbols with pilots; the streams take them in turns.
    pilot_subcarrier_step
        1: pilots on all subcarriers of these symbols; n: on every n-th.
    time_interpolation
        Of all estimators: ``linear`` between pilot symbols, or their ``average`` held
        over the slot, for channels that do not change within it.
    num_bits_per_symbol
        2, 4, 6, 8: QPSK to 256-QAM; 1 to 8 with a constellation of that size.
    constellation
        File of points for the data in place of QAM, of
        :class:`~commgen.frame.constellation.Constellation`, all equally likely.
    shaping
        Send QAM of 16 points or more with probabilities that a matcher makes.
    coderate
        Of the NR LDPC code, at least 30/1024; under 1/5 coded bits are repeated. With
        ``shaping`` bits of data over bits of the symbols, which it leaves as they are.
    num_streams
        Streams, one for each transmit antenna; each has unit power.
    num_rx_ant
        Receive antennas.
    num_decoder_iterations
        Greatest number of LDPC iterations; a codeword is done once its parity holds.
    waveform, impairments
        How the grid becomes samples, and what devices do to these, see their classes.
        Without them the link knows no samples.
    """

    kind: Literal["ofdm"] = "ofdm"
    fft_size: Annotated[Count, Field(le=4096)]
    num_ofdm_symbols: Annotated[Count, Field(le=1024)] = 14
    subcarrier_spacing_hz: PositiveFloat
    cyclic_prefix_length: Annotated[Int, Field(ge=0)] = 0
    num_guard_carriers: tuple[
        Annotated[Int, Field(ge=0)], Annotated[Int, Field(ge=0)]
    ] = (0, 0)
    dc_null: bool = False
    pilot_ofdm_symbol_indices: tuple[Annotated[Int, Field(ge=0)], ...] = (2, 11)
    pilot_subcarrier_step: Count = 1
    time_interpolation: Literal["linear", "average"] = "linear"
    num_bits_per_symbol: Literal[1, 2, 3, 4, 5, 6, 7, 8] = 2
    constellation: Path | None = None
    shaping: ShapingConfig | None = None
    coderate: Float
    num_streams: Annotated[Count, Field(le=8)] = 1
    num_rx_ant: Annotated[Count, Field(le=1024)]
    num_decoder_iterations: Annotated[Count, Field(le=200)] = 20
    waveform: WaveformConfig | None = None
    impairments: ImpairmentsConfig | None = None

    @property
    def is_spread(self) -> bool:
        """Whether data are spread over the subcarriers."""
        return self.waveform is not None and self.waveform.kind == "dft-spread"

    @property
    def num_effective_subcarriers(self) -> int:
        """Subcarriers without guards and DC."""
        return self.fft_size - sum(self.num_guard_carriers) - self.dc_null

    @property
    def num_channel_entries(self) -> int:
        """Complex numbers of one slot's channel."""
        per_pair = self.fft_size * self.num_ofdm_symbols
        return per_pair * self.num_rx_ant * self.num_streams

    @property
    def num_data_symbols(self) -> int:
        """Data symbols of one stream in a slot."""
        num_pilots = -(-self.num_effective_subcarriers // self.pilot_subcarrier_step)
        total = self.num_effective_subcarriers * self.num_ofdm_symbols
        return total - len(self.pilot_ofdm_symbol_indices) * num_pilots

    @property
    def layout(self) -> CodewordLayout:
        """How codewords fill the data symbols of a stream."""
        size = self.num_data_symbols, self.num_bits_per_symbol, self.coderate
        if self.shaping is None:
            return CodewordLayout.of(*size)
        try:
            return self.shaping.layout(*size)
        except ValueError as error:
            raise ValueError(f"shaping must fit the slot: {error}") from error

    @model_validator(mode="after")
    def _check_grid(self):
        if self.cyclic_prefix_length > self.fft_size:
            raise ValueError(
                f"cyclic_prefix_length must be at most fft_size = {self.fft_size}, "
                f"got {self.cyclic_prefix_length}"
            )
        left, right = self.num_guard_carriers
        middle = (self.fft_size - self.fft_size % 2) // 2
        if self.num_effective_subcarriers < 1 or (
            self.dc_null and not left <= middle < self.fft_size - right
        ):
            raise ValueError(
                "num_guard_carriers must leave at least one subcarrier of fft_size = "
                f"{self.fft_size} on each side that is used, got [{left}, {right}]"
            )
        if self.pilot_subcarrier_step > self.num_effective_subcarriers:
            raise ValueError(
                "pilot_subcarrier_step must be at most the "
                f"{self.num_effective_subcarriers} subcarriers in use, "
                f"got {self.pilot_subcarrier_step}"
            )
        return self

    @model_validator(mode="after")
    def _check_pilots(self):
        pilots = list(self.pilot_ofdm_symbol_indices)
        if max(pilots, default=0) >= self.num_ofdm_symbols:
            raise ValueError(
                "pilot_ofdm_symbol_indices must lie in the slot, in "
                f"0..{self.num_ofdm_symbols - 1}, got {pilots}"
            )
        if len(set(pilots)) < len(pilots):
            raise ValueError(
                f"pilot_ofdm_symbol_indices must be distinct, got {pilots}"
            )
        if len(pilots) % self.num_streams:
            raise ValueError(
                f"pilot_ofdm_symbol_indices must be a multiple of num_streams = "
                f"{self.num_streams} in number, got {pilots}"
            )
        if self.num_data_symbols < 1:
            raise ValueError(
                "pilot_ofdm_symbol_indices must leave room for data, got all "
                f"{self.num_ofdm_symbols} symbols"
            )
        return self

    @model_validator(mode="after")
    def _check_points(self):
        if self.num_bits_per_symbol % 2 and self.constellation is None:
            raise ValueError(
                "num_bits_per_symbol must be 2, 4, 6 or 8, got "
                f"{self.num_bits_per_symbol} without a constellation"
            )
        if self.shaping is None:
            return self
        if self.constellation is not None:
            raise ValueError(
                "shaping must be left out with a constellation, for matchers make "
                f"amplitudes of QAM alone, got both and {self.constellation}"
            )
        if self.num_bits_per_symbol < 4:
            raise ValueError(
                "num_bits_per_symbol must be 4, 6 or 8 with shaping, got "
                f"{self.num_bits_per_symbol}"
            )
        return self

    @model_validator(mode="after")
    def _check_samples(self):
        if self.is_spread and self.pilot_subcarrier_step > 1:
            raise ValueError(
                "pilot_subcarrier_step must be 1 where data are spread over all "
                f"subcarriers of a symbol, got {self.pilot_subcarrier_step}"
            )
        if self.waveform:
            ofdm_of(self)
        if self.impairments:
            if not (self.impairments.transmitter or self.impairments.receiver):
                raise ValueError("impairments must name at least one, got none")
            devices_of(self)
        return self

    @model_validator(mode="after")
    def _check_code(self):
        self.layout  # noqa: B018 - raises where no codewords fit
        return self
