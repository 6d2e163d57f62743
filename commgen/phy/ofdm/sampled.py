"""From the configuration of a link to its samples and devices."""

from typing import Any

from commgen.waveform.chain import Chain
from commgen.waveform.ofdm import CpOfdm

_OVERSAMPLING, _MOST_OVERSAMPLING = 4, 16
_TOLERANCE = 1e-6


def oversampling_of(link: Any) -> int:
    """Return how many times faster a link samples than its FFT size says.

    Raises
    ------
    ValueError
        If the sampling rate of its waveform is below its bandwidth, or no whole
        multiple.
    """
    rate = link.waveform.sampling_rate_hz if link.waveform else None
    if rate is None:
        return _OVERSAMPLING
    bandwidth = link.subcarrier_spacing_hz * (
        link.fft_size - sum(link.num_guard_carriers)
    )
    if rate < bandwidth:
        raise ValueError(
            f"waveform.sampling_rate_hz must be at least the bandwidth, {bandwidth:g} "
            f"Hz, got {rate:g}"
        )
    times = rate / (link.fft_size * link.subcarrier_spacing_hz)
    whole = round(times)
    if abs(times - whole) > _TOLERANCE or not 1 <= whole <= _MOST_OVERSAMPLING:
        raise ValueError(
            f"waveform.sampling_rate_hz must be 1 to {_MOST_OVERSAMPLING} times "
            f"fft_size * subcarrier_spacing_hz, a whole number, got {times:g} times"
        )
    return whole


def ofdm_of(link: Any) -> CpOfdm:
    """Return the OFDM modulation of a link, its subcarriers in use alone.

    Raises
    ------
    ValueError
        As :func:`oversampling_of`, or if the window is longer than the prefix.
    """
    left, right = link.num_guard_carriers
    tones = [k - link.fft_size // 2 for k in range(left, link.fft_size - right)]
    window = link.waveform.window_length if link.waveform else 0
    if window > link.cyclic_prefix_length:
        raise ValueError(
            "waveform.window_length must be at most cyclic_prefix_length = "
            f"{link.cyclic_prefix_length}, got {window}"
        )
    return CpOfdm(
        [k for k in tones if k or not link.dc_null],
        link.fft_size,
        cyclic_prefix_length=link.cyclic_prefix_length,
        oversampling=oversampling_of(link),
        window_length=window,
        subcarrier_spacing_hz=link.subcarrier_spacing_hz,
    )


def devices_of(link: Any) -> tuple[Chain, Chain]:
    """Return what transmitter and receiver of a link do to samples.

    Raises
    ------
    ValueError
        If one cannot be; it names the key.
    """
    rate = oversampling_of(link) * link.fft_size * link.subcarrier_spacing_hz
    chains = []
    for side in ("transmitter", "receiver"):
        made = []
        for i, entry in enumerate(getattr(link.impairments, side, ())):
            try:
                made += entry.build(rate)
            except ValueError as error:
                raise ValueError(f"impairments.{side}.{i}.{error}") from error
        chains.append(Chain(made))
    return chains[0], chains[1]
