"""HARQ: which blocks are sent again, and what arrives in the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from commgen.coding import extrinsic_llr


@dataclass(frozen=True)
class HarqResult:
    """What became of a batch of HARQ processes, [batch] each.

    Parameters
    ----------
    bit_errors, block_errors
        Wrong information bits and whether there were any, after the first transmission.
    transmissions
        Transmissions that each process took.
    delivered
        1 where the block was accepted and is right, else 0.
    """

    bit_errors: np.ndarray
    block_errors: np.ndarray
    transmissions: np.ndarray
    delivered: np.ndarray


def run_harq(
    transport_block,
    bits: np.ndarray,
    rv_sequence: Sequence[int],
    receive: Callable[[int, np.ndarray], np.ndarray],
    *,
    refine: Callable[[int, np.ndarray, np.ndarray], np.ndarray] | None = None,
    iterations: int = 0,
) -> HarqResult:
    """Send transport blocks until each is acknowledged or has been sent often enough.

    The soft bits of all transmissions are added up in one circular buffer (TS 38.212
    5.4.2): where redundancy versions overlap they add, elsewhere they fill it up. The
    receiver acknowledges by what it can know: the CRC, and that the decoder has found a
    codeword with all its information bits.

    Parameters
    ----------
    transport_block : TransportBlock
        Decoder and soft buffers, :class:`commgen.coding.TransportBlock`.
    bits : [batch, tbs], uint8
        What is sent.
    rv_sequence
        Redundancy version of each transmission.
    receive
        ``receive(n, index) -> llr`` [len(index), num_coded_bits]: LLRs of transmission
        ``n`` of the processes ``index`` of the batch.
    refine
        ``refine(n, index, llr) -> llr``: LLRs of the same transmission, now that the
        decoder has found out ``llr`` of its coded bits, beyond what the transmission
        itself said of them; asked where a block is not accepted.
    iterations
        Times that it is asked at most, in each transmission.

    Raises
    ------
    ValueError
        If there are ``iterations`` without ``refine``.
    """
    if iterations and refine is None:
        raise ValueError(f"refine must be given for {iterations} iterations, got None.")
    batch_size = len(bits)
    active = np.arange(batch_size)
    transmissions = np.zeros(batch_size, np.int64)
    delivered = np.zeros(batch_size, np.int64)
    bit_errors = np.zeros(batch_size, np.int64)
    buffer = transport_block.new_buffer(batch_size)
    for n, rv in enumerate(rv_sequence):
        before = buffer.copy() if iterations else buffer
        llr = receive(n, active)
        buffer = transport_block.combine(buffer, llr, rv)
        known = partial(_ask, refine, n, active)
        bits_hat, accepted = _decode(
            transport_block, before, buffer, rv, llr, known, iterations
        )
        wrong = (bits_hat != bits[active]).sum(1)
        if n == 0:
            bit_errors = wrong.astype(np.int64)
        transmissions[active] = n + 1
        delivered[active] = accepted & (wrong == 0)
        active, buffer = active[~accepted], buffer[~accepted]
        if not len(active):
            break
    block_errors = (bit_errors > 0).astype(np.int64)
    return HarqResult(bit_errors, block_errors, transmissions, delivered)


def _ask(refine, n, active, failed, known):
    return refine(n, active[failed], known)


def _decode(transport_block, before, buffer, rv, llr, refine, iterations):
    """Decode ``buffer``, and where that fails make it anew from ``before``, in place.

    ``before`` is the buffer without this transmission, which said ``llr``.
    """
    if not iterations:
        return transport_block.decode(buffer)
    bits_hat, accepted, posterior = transport_block.decode_soft(buffer)
    for _ in range(iterations):
        failed = np.flatnonzero(~accepted)
        if not len(failed):
            break
        known = transport_block.coded(posterior[failed], rv)
        llr[failed] = refine(failed, extrinsic_llr(known, llr[failed]))
        again = transport_block.combine(before[failed], llr[failed], rv)
        found = transport_block.decode_soft(again)
        bits_hat[failed], accepted[failed], posterior[failed] = found
        buffer[failed] = again
    return bits_hat, accepted
