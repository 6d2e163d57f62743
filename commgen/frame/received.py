"""Frames as a receiver sees them after its FFT: channel, noise, bursts, offsets."""

from dataclasses import dataclass

import numpy as np

from commgen._checks import check_snr_db
from commgen._random import complex_normal
from commgen.frame.bursts import Bursts
from commgen.frame.frame import Frame
from commgen.measures.decibel import noise_variance

_LEAST_SNR = 0.05
#: In six frames of ten, and as strong as both meanings of 0 to 10 dB over a signal.
TRAINING_BURSTS = Bursts(power_db=(0.0, 22.0), probability=0.6)


@dataclass(frozen=True)
class FrameConditions:
    """What frames meet beside their channel.

    Parameters
    ----------
    snr_range_db
        Least and greatest SNR of a channel of unit power, uniform in dB.
    bursts
        Interference; its ``probability`` is the share of frames that have some.
    max_cfo_hz
        Greatest carrier offset that a receiver leaves uncorrected [Hz], uniform.
    max_delay_s
        Greatest error of its timing, early or late [s], uniform.

    Raises
    ------
    ValueError
        If a range is empty or not finite, or a greatest value negative.
    """

    snr_range_db: tuple[float, float] = (-5.0, 25.0)
    bursts: Bursts = TRAINING_BURSTS
    max_cfo_hz: float = 100.0
    max_delay_s: float = 260e-9

    def __post_init__(self):
        low, high = check_snr_db("snr_range_db", self.snr_range_db).tolist()
        if not low < high:
            raise ValueError(f"snr_range_db must be ascending, got {(low, high)}.")
        for name in ("max_cfo_hz", "max_delay_s"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and at least 0, got {value}.")


@dataclass(frozen=True)
class ReceivedGrids:
    """Frames as a receiver sees them after its FFT.

    Parameters
    ----------
    y : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
        Received grids.
    no : [n], float32
        Noise variance, without the interference, which nobody tells.
    bits : [n, num_data_symbols * num_bits_per_symbol], uint8
        What was sent.
    """

    y: np.ndarray
    no: np.ndarray
    bits: np.ndarray


def receive_grids(
    h: np.ndarray,
    frame: Frame,
    conditions: FrameConditions,
    rng: np.random.Generator,
    *,
    bits: np.ndarray | None = None,
    snr_db: float | None = None,
) -> ReceivedGrids:
    """Send a frame over each channel.

    Parameters
    ----------
    h : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
        Channels.
    frame
        The frame.
    conditions
        What it meets.
    rng
        Draws bits, SNR, offsets, noise and interference.
    bits : [n, num_coded_bits], uint8
        Coded bits; random ones where None.
    snr_db
        SNR of all frames, in place of the range.
    """
    n = len(h)
    drawn = rng.integers(0, 2, (n, frame.num_coded_bits), np.uint8)
    bits = drawn if bits is None else bits
    levels = rng.uniform(*conditions.snr_range_db, n)
    no = noise_variance(levels if snr_db is None else np.full(n, snr_db))
    h = h * _offsets(n, frame, conditions, rng)
    # A burst may begin in the preamble, in front of the slot.
    rows, columns = frame.grid_shape
    interference = conditions.bursts.draw(n, (rows + 1, columns), seed=rng)[:, 1:]
    noise = np.sqrt(no)[:, None, None] * complex_normal(rng, h.shape)
    y = h * sent_grids(bits, frame) + interference + noise
    return ReceivedGrids(y.astype(np.complex64), no.astype(np.float32), bits)


def at_unit_level(seen: ReceivedGrids, frame: Frame) -> ReceivedGrids:
    """Scale each frame to a channel of about unit power, as its pilots tell.

    A burst on pilots counts as signal, and noise is taken off. What is received 13 dB
    under the noise or less is scaled as if it were there.
    """
    places = np.ix_(np.arange(len(seen.y)), frame.pilot_rows, frame.pilot_subcarriers)
    power = np.mean(np.abs(seen.y[places]) ** 2, axis=(1, 2))
    level = np.maximum(power - seen.no, _LEAST_SNR * seen.no)
    y = seen.y / np.sqrt(level)[:, None, None]
    return ReceivedGrids(y, (seen.no / level).astype(np.float32), seen.bits)


def sent_grids(bits: np.ndarray, frame: Frame) -> np.ndarray:
    """Return what is sent on each element, [n, *grid_shape], complex64."""
    q = frame.num_bits_per_symbol
    labels = bits.reshape(len(bits), -1, q) @ (1 << np.arange(q)[::-1])
    x = np.zeros((len(bits), frame.pilot_mask.size), np.complex64)
    x[:, frame.data_ind] = frame.points[labels]
    x = x.reshape(-1, *frame.grid_shape)
    x[:, frame.pilot_mask] = frame.pilots.reshape(-1)
    return x


def _offsets(n, frame, conditions, rng) -> np.ndarray:
    """Return what is left of carrier offset and timing error, on each element."""
    cfo_hz = rng.uniform(-1, 1, (n, 1, 1)) * conditions.max_cfo_hz
    delay_s = rng.uniform(-1, 1, (n, 1, 1)) * conditions.max_delay_s
    times_s = frame.symbol_duration_s * np.arange(frame.num_ofdm_symbols)[:, None]
    frequencies_hz = frame.subcarrier_spacing_hz * frame.subcarriers
    turns = cfo_hz * times_s - delay_s * frequencies_hz
    return np.exp(2j * np.pi * turns).astype(np.complex64)
