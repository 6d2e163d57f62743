"""Configuration of the spatial model: few paths with Laplacian angular spectra."""

from typing import Literal

from pydantic import Field

from commgen.channels.grid_config import Frozen, GridConfig


class SpatialConfig(Frozen):
    """Flat channel between two linear arrays over a few paths of Laplacian spread.

    The 3GPP spatial channel model (TR 25.996) as estimators of channels are compared
    on (Neumann, Wiese and Utschick, *Learning the MMSE Channel Estimator*, IEEE Trans.
    Signal Process. 66 (2018), sec. VI; Fesl et al., *Diffusion-Based Generative Prior
    for Low-Complexity MIMO Channel Estimation*, IEEE Wireless Commun. Lett. 2024): a
    base station receives with a spread of 2 degrees what a terminal sends with 35. See
    :class:`~commgen.channels.SpatialChannel`. The expected power of every entry is 1.
    """

    scenario: Literal["spatial"] = "spatial"
    num_rx_ant: int = Field(default=64, ge=1, description="Receive antennas.")
    num_tx_ant: int = Field(default=1, ge=1, description="Transmit antennas.")
    num_paths: int = Field(default=3, ge=1, description="Paths of random power.")
    rx_spread_deg: float = Field(
        default=2.0, gt=0, description="Angular spread of a path at the receiver."
    )
    tx_spread_deg: float = Field(
        default=35.0, gt=0, description="Angular spread of a path at the transmitter."
    )
    max_angle_deg: float = Field(
        default=90.0,
        gt=0,
        le=180,
        description="Path angles are uniform up to this on both sides of broadside.",
    )
    rx_spacing_wavelengths: float = Field(
        default=0.5, gt=0, description="Between two receive antennas."
    )
    tx_spacing_wavelengths: float = Field(
        default=0.5, gt=0, description="Between two transmit antennas."
    )
    grid: GridConfig = GridConfig()
