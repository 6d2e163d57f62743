"""How much a validation simulates."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ValidationSize:
    """Numbers of draws, and how sharp a line must be at least.

    The defaults are those of the whole run.

    Parameters
    ----------
    bit_errors
        Expected at each point of the uncoded group.
    bit_error_tolerance
        Largest half width of a bit error rate's interval, relative to it.
    bit_error_rates
        At which the uncoded group works without fading.
    branches
        Receive antennas of its fading channels.
    frames
        LDPC frames at each point.
    frame_error_rates
        At which SNRs are read.
    code_tolerance_db
        Largest half width of an SNR at a frame error rate.
    codes
        Information and coded bits of the LDPC codes.
    paired_frames
        Frames that Sionna's decoder gets too.
    channels
        Draws of each channel.
    statistic_tolerance
        Largest half width of a correlation or of a power relative to the whole.
    profiles
        Tapped delay lines.
    slots
        Frames of each coded point under the capacity bounds.
    processes
        HARQ processes of TS 38.104 at each SNR.
    snr_tolerance_db
        Largest half width of the SNR at 70 % throughput.
    reference_channels, num_rx_ant
        Its rows.
    """

    bit_errors: int = 100_000
    bit_error_tolerance: float = 0.025
    bit_error_rates: tuple[float, ...] = (3e-2, 2e-3)
    branches: tuple[int, ...] = (1, 2, 4)
    frames: int = 20_000
    frame_error_rates: tuple[float, ...] = (1e-1, 1e-2)
    code_tolerance_db: float = 0.07
    codes: tuple[tuple[int, int], ...] = (
        (512, 1024),
        (6144, 12288),
        (1024, 2048),
        (256, 768),
        (3000, 4000),
    )
    paired_frames: int = 3000
    channels: int = 20_000
    statistic_tolerance: float = 0.04
    profiles: tuple[str, ...] = ("A", "B", "C", "D", "E", "A30", "B100", "C300")
    slots: int = 600
    processes: int = 2500
    snr_tolerance_db: float = 0.35
    reference_channels: tuple[str, ...] = (
        "G-FR1-A3-8",
        "G-FR1-A4-8",
        "G-FR1-A5-8",
        "G-FR1-A3-11",
        "G-FR1-A4-11",
        "G-FR1-A5-11",
    )
    num_rx_ant: tuple[int, ...] = (2, 4)


QUICK = ValidationSize(
    bit_errors=1500,
    bit_error_tolerance=0.2,
    bit_error_rates=(3e-2,),
    branches=(1, 4),
    frames=400,
    frame_error_rates=(1e-1,),
    code_tolerance_db=0.25,
    codes=((512, 1024),),
    paired_frames=150,
    channels=1500,
    statistic_tolerance=0.15,
    profiles=("A", "D", "B100"),
    slots=60,
    processes=300,
    snr_tolerance_db=0.6,
    reference_channels=("G-FR1-A4-11",),
    num_rx_ant=(4,),
)
