"""Antenna arrays in configurations."""

from typing import Literal

from pydantic import Field

from commgen.channels.grid_config import Frozen

Polarisation = Literal["V", "H", "VH", "cross"]


class ArrayConfig(Frozen):
    """One panel of antenna elements, TR 38.901 section 7.3.

    A base station looks along the x axis; columns lie along y, rows along z. "VH" and
    "cross" put two antennas at every element: all first polarisations, then all second.
    """

    rows: int = Field(default=1, ge=1, description="Elements one above the other.")
    columns: int = Field(default=1, ge=1, description="Elements side by side.")
    polarisation: Polarisation = Field(
        default="V", description="V, H: one; VH, cross: two."
    )
    pattern: Literal["omni", "38.901"] = Field(
        default="omni", description="Of one element."
    )
    vertical_spacing_wavelengths: float = Field(default=0.5, gt=0)
    horizontal_spacing_wavelengths: float = Field(default=0.5, gt=0)

    @property
    def dual_polarised(self) -> bool:
        """Whether every element holds two antennas."""
        return self.polarisation in ("VH", "cross")

    @property
    def num_antennas(self) -> int:
        """Antennas in the array."""
        return self.rows * self.columns * (2 if self.dual_polarised else 1)

    @property
    def is_horizontal_ula(self) -> bool:
        """Whether this is a horizontal line of omnidirectional V antennas."""
        omni_v = self.polarisation == "V" and self.pattern == "omni"
        return self.rows == 1 and omni_v

    def describe(self) -> str:
        """Give the array in words, for a data card."""
        return (
            f"{self.rows} x {self.columns} (rows x columns), "
            f"{self.polarisation}-polarised, {self.pattern} elements, "
            f"{self.vertical_spacing_wavelengths:g} x "
            f"{self.horizontal_spacing_wavelengths:g} wavelengths apart"
        )


class ArrayPair(Frozen):
    """The arrays at the two ends of a link, and which of them receives."""

    bs_array: ArrayConfig = ArrayConfig()
    ut_array: ArrayConfig = ArrayConfig()
    direction: Literal["uplink", "downlink"] = "uplink"

    @property
    def num_rx_ant(self) -> int:
        """Receive antennas."""
        uplink = self.direction == "uplink"
        return (self.bs_array if uplink else self.ut_array).num_antennas

    @property
    def num_tx_ant(self) -> int:
        """Transmit antennas."""
        uplink = self.direction == "uplink"
        return (self.ut_array if uplink else self.bs_array).num_antennas
