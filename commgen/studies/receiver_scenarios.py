"""Links that receivers are compared over, as configurations: PUSCH, OFDM, an array."""

from collections.abc import Callable
from typing import Any

#: The scenario in which a network receives, too.
WITH_NETWORK = "OFDM 16-QAM"


def versions(
    kind: str, name: str, *, iterations=(3,), again=None, **options
) -> list[dict[str, Any]]:
    """Return an estimator as it is, without ``err_var``, and iterated.

    Parameters
    ----------
    kind, options
        Of the estimator's configuration.
    name
        Of the first; the others are called ``NAME untold`` and ``NAME xN``.
    iterations
        Numbers of iterations, an estimator each.
    again
        What else the iterated ones are told.
    """
    entry = {"kind": kind, **options}
    iterated = [
        {**entry, **(again or {}), "name": f"{name} x{n}", "iterations": n}
        for n in iterations
    ]
    untold = {**entry, "name": f"{name} untold", "use_err_var": False}
    return [{**entry, "name": name}, untold, *iterated]


def baselines(names: list[str]) -> dict[str, str]:
    """Compare ``NAME untold`` and ``NAME xN`` with ``NAME``, where it is there."""
    stems = {name: name.rsplit(" ", 1)[0] for name in names}
    return {name: stem for name, stem in stems.items() if stem in names}


def _pusch(
    name: str, model: str, max_doppler_hz: float, start_db: float
) -> dict[str, Any]:
    """Return a fixed reference channel of TS 38.104 with two receive antennas."""
    return {
        "channel": {
            "source": "3gpp",
            "scenario": "tdl",
            "model": model,
            "max_doppler_hz": max_doppler_hz,
            "num_rx_ant": 2,
        },
        "link": {"kind": "pusch", "reference_channel": name, "num_rx_ant": 2},
        "estimators": [
            {"kind": "perfect"},
            *versions("ls", "ls"),
            *versions("lmmse-interpolation", "lmmse", iterations=(1, 2, 3)),
        ],
        "sweep": _sweep(start_db, start_db + 6, 1.0, 512),
    }


def _sweep(
    start_db: float, stop_db: float, step_db: float, num_blocks: int
) -> dict[str, Any]:
    """All blocks at every SNR: a paired gain needs common slots."""
    return {
        "snr_start_db": start_db,
        "snr_stop_db": stop_db,
        "snr_step_db": step_db,
        "batch_size": 64,
        "max_num_blocks": num_blocks,
        "target_block_errors": num_blocks,
        "target_bler": [0.1],
    }


def _ofdm() -> dict[str, Any]:
    """Return 16-QAM over a channel that moves; one covariance is a guess."""
    guess = {"delay_spread_s": 2e-7, "max_doppler_hz": 100.0}
    return {
        "channel": {
            "source": "3gpp",
            "scenario": "tdl",
            "model": "A",
            "delay_spread_s": 1e-7,
            "max_doppler_hz": 100.0,
            "num_rx_ant": 2,
        },
        "link": {
            "fft_size": 72,
            "subcarrier_spacing_hz": 30e3,
            "cyclic_prefix_length": 6,
            "num_rx_ant": 2,
            "num_bits_per_symbol": 4,
            "coderate": 0.5,
        },
        "estimators": [
            {"kind": "perfect"},
            *versions("ls", "ls"),
            *versions("lmmse-interpolation", "lmmse"),
            *versions("lmmse-interpolation", "guess", **guess),
        ],
        "sweep": _sweep(4, 14.5, 1.5, 640),
    }


def _umi() -> dict[str, Any]:
    """Return the link of the demo with 64 antennas; the mixture is fitted here."""
    again = {"block": (14, 6)}
    size = {"num_train_channels": 1000, "num_components": 16}
    return {
        "channel": {
            "source": "3gpp",
            "scenario": "umi",
            "carrier_hz": 3.5e9,
            "bs_array": {"columns": 64},
            "direction": "uplink",
            "distance_min_m": 10.0,
            "distance_max_m": 150.0,
            "azimuth_min_deg": -60.0,
            "azimuth_max_deg": 60.0,
            "indoor_probability": 0.5,
            "num_floors": 4,
            "bs_height_m": 10.0,
        },
        "link": {
            "num_rx_ant": 64,
            "fft_size": 24,
            "subcarrier_spacing_hz": 30e3,
            "cyclic_prefix_length": 2,
            "pilot_subcarrier_step": 2,
            "time_interpolation": "average",
            "num_bits_per_symbol": 4,
            "coderate": 0.5,
        },
        "estimators": [
            {"kind": "perfect"},
            *versions("ls", "ls", again=again),
            *versions("gmm", "gmm", again=again, **size),
        ],
        "sweep": {**_sweep(-12, 3, 1.5, 256), "batch_size": 32},
    }


#: Title to what returns the values of a simulation's configuration.
SCENARIOS: dict[str, Callable[[], dict[str, Any]]] = {
    "PUSCH A3-11": lambda: _pusch("G-FR1-A3-11", "B100", 400.0, -7.0),
    "PUSCH A4-11": lambda: _pusch("G-FR1-A4-11", "C300", 100.0, 6.0),
    WITH_NETWORK: _ofdm,
    "UMi, 64 antennas": _umi,
}


def slug(title: str) -> str:
    """Return the folder and the command line's name of a scenario.

    Examples
    --------
    >>> slug("UMi, 64 antennas")
    'UMi-64-antennas'
    """
    return title.replace(", ", "-").replace(" ", "-")
