"""Several slot receivers on the same frames: block errors, bit errors, time."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.frame.received import FrameConditions, at_unit_level, receive_grids
from commgen.measures.crossing import DrawnCrossing, error_rate_crossing
from commgen.sdr.reception.decoding import decode_slots
from commgen.sdr.reception.slots import Measured, SlotReceiver
from commgen.sdr.waveform.code import transport_block

_CHUNK = 256  # frames at a time, each with a seed of its own


@dataclass(frozen=True, eq=False)
class ReceiverComparison:
    """What receivers made of the same frames.

    Parameters
    ----------
    snr_db : [num_snr], float
        Mean SNR.
    block_errors
        Name to [num_snr, num_frames], bool: whether a frame is wrong.
    ber
        Name to [num_snr], float: coded bits that are wrong before the decoder.
    cpu_ms
        Name to what a slot takes from grid to LLRs.
    taken
        Name to [num_snr], float: share of the slots that went to another estimator.
    """

    snr_db: np.ndarray
    block_errors: dict[str, np.ndarray]
    ber: dict[str, np.ndarray]
    cpu_ms: dict[str, float]
    taken: dict[str, np.ndarray]

    def bler(self, name: str) -> np.ndarray:
        """Block error rate, [num_snr]."""
        return self.block_errors[name].mean(axis=1)

    def snr_at(self, name: str, target: float) -> DrawnCrossing:
        """Return where the block error rate is ``target``."""
        return error_rate_crossing(self.snr_db, self.block_errors[name], target)

    def gain_db(self, name: str, than: str, target: float):
        """Return by how much less SNR one needs than another, with the interval.

        Returns
        -------
        gain_db, low, high : float
            NaN where one of them does not reach the target.
        """
        return self.snr_at(than, target).minus(self.snr_at(name, target))


def compare_receivers(
    h: np.ndarray,
    receivers: Mapping[str, SlotReceiver],
    snr_db: Sequence[float],
    conditions: FrameConditions,
    *,
    seed: int,
    frame: Frame = RADIO_FRAME,
) -> ReceiverComparison:
    """Send a frame over each channel at each SNR, and let all receive it.

    Parameters
    ----------
    h : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
        Channels, with their fading.
    receivers
        Name to receiver.
    snr_db
        Mean SNRs.
    conditions
        What else frames meet; its range of SNRs counts for nothing.
    seed
        Bits, noise and interference follow from it.
    frame
        The frame.
    """
    shape = (len(snr_db), len(h))
    wrong = {name: np.zeros(shape, bool) for name in receivers}
    flipped, taken = ({n: np.zeros(shape) for n in receivers} for _ in range(2))
    seconds = dict.fromkeys(receivers, 0.0)
    block = transport_block(frame)
    for i, snr in enumerate(snr_db):
        for start in range(0, len(h), _CHUNK):
            rows = slice(start, start + _CHUNK)
            rng = np.random.default_rng([seed, start])  # the same at all SNRs
            bits = rng.integers(0, 2, (len(h[rows]), block.tbs), np.uint8)
            coded = block.encode(bits)
            seen = receive_grids(
                h[rows], frame, conditions, rng, bits=coded, snr_db=snr
            )
            seen = at_unit_level(seen, frame)
            none = np.zeros(len(bits))
            measured = Measured(-10 * np.log10(seen.no), none, none, none)
            for name, receiver in receivers.items():
                began = time.process_time()
                found = receiver.receive(seen.y, seen.no, measured)
                seconds[name] += time.process_time() - began
                decoded = decode_slots(frame, found.llr)
                right = decoded.accepted & (decoded.bits == bits).all(axis=1)
                wrong[name][i, rows] = ~right
                flipped[name][i, rows] = np.mean((found.llr > 0) != coded, axis=1)
                taken[name][i, rows] = [n != receiver.name for n in found.names]
    cpu_ms = {name: 1e3 * s / wrong[name].size for name, s in seconds.items()}
    ber, taken = (
        {n: x.mean(axis=1) for n, x in counts.items()} for counts in (flipped, taken)
    )
    return ReceiverComparison(np.asarray(snr_db, float), wrong, ber, cpu_ms, taken)
