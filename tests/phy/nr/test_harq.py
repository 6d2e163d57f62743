"""HARQ by itself: who is sent again, what combining gives, what throughput counts."""

import numpy as np
import pytest

from commgen.coding import TransportBlock
from commgen.montecarlo import CountedBatch, Tally
from commgen.phy.counts import Counts
from commgen.phy.nr import run_harq
from commgen.phy.simulation.layout import THROUGHPUT, link_layout


class Obedient:
    """Stands for a transport block: accepts process b at its appointed attempt."""

    def __init__(self, attempts, wrong=()):
        self._attempts = np.asarray(attempts)
        self._wrong = list(wrong)

    def new_buffer(self, batch_size):
        return np.zeros((batch_size, 2), int)

    def combine(self, buffer, llr, rv):
        return np.stack([llr[:, 0].astype(int), buffer[:, 1] + 1], axis=1)

    def decode(self, buffer):
        who, attempt = buffer.T
        accepted = attempt >= self._attempts[who]
        bits = np.where(accepted, 1, 0)[:, None].repeat(3, axis=1).astype(np.uint8)
        bits[np.isin(who, self._wrong), 0] = 0
        return bits, accepted


def run(block, versions=(0, 2, 3, 1), batch_size=4):
    asked = []

    def receive(n, index):
        asked.append((n, index.tolist()))
        return index[:, None].astype(float)

    bits = np.ones((batch_size, 3), np.uint8)
    return run_harq(block, bits, versions, receive), asked


def throughput(result):
    """What a run would say of these processes."""
    ones = np.ones(len(result.delivered))
    counts = Counts(
        result.bit_errors,
        result.block_errors,
        ones,
        ones,
        ones,
        transmissions=result.transmissions,
        delivered=result.delivered,
    )
    layout = link_layout(["any"], [0.0], harq=True)
    tally = Tally.empty(layout)
    tally.add(CountedBatch.of(0, {(0, 0): counts.point(num_bits=3)}))
    return tally.rate(layout, THROUGHPUT, 0, 0)[0]


def test_only_what_failed_is_sent_again():
    result, asked = run(Obedient([1, 3, 9, 2]))
    assert asked == [(0, [0, 1, 2, 3]), (1, [1, 2, 3]), (2, [1, 2]), (3, [2])]
    assert result.transmissions.tolist() == [1, 3, 4, 2]
    assert result.delivered.tolist() == [1, 1, 0, 1]
    assert result.block_errors.tolist() == [0, 1, 1, 1]
    assert result.bit_errors.tolist() == [0, 3, 3, 3]
    # Three blocks in ten slots.
    assert throughput(result) == 0.3


def test_it_ends_when_all_have_arrived():
    result, asked = run(Obedient([1, 1, 1, 1]))
    assert asked == [(0, [0, 1, 2, 3])]
    assert throughput(result) == 1.0


def test_a_wrong_block_whose_crc_passes_is_not_delivered():
    """The receiver cannot know it, so nothing is sent again."""
    result, _ = run(Obedient([1, 1, 1, 1], wrong=[2]))
    assert result.transmissions.tolist() == [1, 1, 1, 1]
    assert result.delivered.tolist() == [1, 1, 0, 1]
    assert result.bit_errors.tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize(("versions", "num_delivered"), [((0, 2), 60), ((0, 0), 0)])
def test_incremental_redundancy_helps_where_repetition_does_not(
    rng, versions, num_delivered
):
    """At rate 948/1024 a fifth of the bits is lost: only new parity brings them back.

    The lost positions are the same in both transmissions, so that sending version 0
    twice tells nothing new about them.
    """
    block = TransportBlock(1128, 1236, num_bits_per_symbol=6, coderate=948 / 1024)
    bits = rng.integers(0, 2, (60, 1128)).astype(np.uint8)
    received = np.arange(1236) % 5 != 0

    def receive(n, index):
        sent = block.encode(bits[index], versions[n])
        return 8.0 * (2.0 * sent - 1) * received

    result = run_harq(block, bits, versions, receive)
    assert result.block_errors.sum() == 60
    assert result.transmissions.tolist() == [2] * 60
    assert result.delivered.sum() == num_delivered


@pytest.mark.parametrize("versions", [(1, 0), (2, 0), (3, 0)])
def test_what_was_not_received_is_not_acknowledged(rng, versions):
    """Zeros are decided where nothing is known, and pass every CRC.

    Version 0 decodes by itself, as version 3 does; 1 and 2 give messages no beginning.
    """
    block = TransportBlock(
        1352, 1584, num_bits_per_symbol=6, coderate=0.853, solve_erasures=False
    )
    bits = rng.integers(0, 2, (20, 1352)).astype(np.uint8)

    def receive(n, index):
        return 20.0 * block.encode(bits[index], versions[n]) - 10

    result = run_harq(block, bits, versions, receive)
    assert result.delivered.all()
    assert set(result.transmissions) == {1 if versions[0] == 3 else 2}
    assert throughput(result) == (1 if versions[0] == 3 else 0.5)
