"""Channels on a plain grid, cut to the elements of a frame."""

import numpy as np

from commgen.frame.frame import Frame

#: How far spacing and symbol time may be from the frame's, relative to these.
_TOLERANCE = 1e-3


def slots_of(
    h: np.ndarray,
    frame: Frame,
    *,
    subcarrier_spacing_hz: float,
    time_step_s: float | None,
) -> np.ndarray:
    """Return the channels of a frame's slots, one for each pair of antennas.

    Parameters
    ----------
    h : [n, num_rx_ant, num_tx_ant, num_time_steps, num_subcarriers], complex
        Channel arrays, subcarriers by ascending frequency. There are as many time steps
        as OFDM symbols, or one, which then holds for the slot. The subcarriers are the
        effective ones of the frame, or these with DC between them, or all of the FFT.
    frame
        The frame.
    subcarrier_spacing_hz, time_step_s
        Of ``h``; the second is None for one time step.

    Returns
    -------
    [n * num_rx_ant * num_tx_ant, *grid_shape], complex64

    Raises
    ------
    ValueError
        If ``h`` lies on another grid.
    """
    if h.ndim != 5:
        raise ValueError(f"h must be a channel array of 5 axes, got {h.shape}.")
    steps, num_subcarriers = h.shape[3:]
    if steps not in (1, frame.num_ofdm_symbols):
        raise ValueError(
            f"num_time_steps must be {frame.num_ofdm_symbols}, the OFDM symbols of the "
            f"frame, or 1, got {steps}."
        )
    _check_near(
        "subcarrier_spacing_hz", subcarrier_spacing_hz, frame.subcarrier_spacing_hz
    )
    if steps > 1:
        _check_near("time_step_s", time_step_s, frame.symbol_duration_s)
    kept = _columns(num_subcarriers, frame)
    h = h[..., kept].reshape(-1, steps, len(kept)).astype(np.complex64)
    return np.repeat(h, frame.num_ofdm_symbols // steps, axis=1)


def pilots_of(h: np.ndarray, frame: Frame) -> np.ndarray:
    """Return channels of :func:`slots_of` where the frame has pilots.

    Returns
    -------
    [n, num_pilot_symbols, num_pilot_subcarriers], complex64
    """
    return h[:, frame.pilot_rows][..., frame.pilot_subcarriers]


def _columns(num_subcarriers: int, frame: Frame) -> np.ndarray:
    """Return the places of the effective subcarriers among so many."""
    effective = frame.subcarriers
    if num_subcarriers == len(effective):
        return np.arange(num_subcarriers)
    inside = int(effective[-1] - effective[0]) + 1
    if num_subcarriers == inside:
        return effective - effective[0]
    if num_subcarriers == frame.fft_size:
        return effective + frame.fft_size // 2
    counts = sorted({len(effective), inside, frame.fft_size})
    raise ValueError(
        f"num_subcarriers must be one of {', '.join(map(str, counts))}, the "
        "subcarriers of the frame without DC, with it, or all of the FFT, got "
        f"{num_subcarriers}."
    )


def _check_near(name: str, value: float | None, wanted: float) -> None:
    if value is None or abs(value - wanted) > _TOLERANCE * wanted:
        told = "none" if value is None else f"{value:g}"
        raise ValueError(f"{name} must be {wanted:g}, as in the frame, got {told}.")
