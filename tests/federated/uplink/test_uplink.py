"""Packed training answers: what arrives, what is lost, and what is refused."""

import math

import numpy as np
import pytest

from commgen.federated.sending_config import UplinkConfig
from commgen.federated.tasks import Answer, Task
from commgen.federated.uplink.bits import (
    pack_bits,
    pack_positions,
    positions_bytes,
    unpack_bits,
    unpack_positions,
)
from commgen.federated.uplink.coding import Coding
from commgen.federated.uplink.uplink import PACKED, Uplink

CONFIGS = {
    "int8": UplinkConfig(),
    "top": UplinkConfig(keep=0.1),
    "both, few bits, stochastic": UplinkConfig(bits=4, keep=0.2, rounding="stochastic"),
}


def exchange(num_rounds=1, config=None, drift=0.0):
    """Pack answers around weights that stay; yield what was meant and what arrived."""
    rng = np.random.default_rng(3)
    shapes = {"weights/a": (40, 30), "weights/b": (30,)}
    sent = {k: rng.normal(size=s).astype(np.float32) for k, s in shapes.items()}
    uplink, residual = Uplink(config or UplinkConfig()), {}
    for r in range(1, num_rounds + 1):
        own = {
            k: v + drift + 0.01 * rng.normal(size=v.shape).astype(np.float32)
            for k, v in sent.items()
        }
        own["moments/second/a"] = rng.random((7,)).astype(np.float32)
        own["sums/power"] = rng.normal(size=5)
        task, answer = Task("train", r, sent), Answer(own, 60, {"loss": 1.0})
        packed, residual = uplink.pack(task, answer, residual)
        yield task, answer, packed, uplink.unpack(task, packed), residual


@pytest.mark.parametrize("width", [0, 1, 3, 8, 13])
def test_numbers_of_few_bits_come_back(width):
    values = np.random.default_rng(width).integers(0, 2**width, 101)
    packed = pack_bits(values, width)
    assert packed.nbytes == math.ceil(101 * width / 8)
    assert (unpack_bits(packed, width, 101) == values).all()


@pytest.mark.parametrize(
    ("count", "size"), [(1, 1), (1, 999), (50, 64), (1000, 10_000)]
)
def test_positions_come_back_within_the_bound(count, size):
    """Elias and Fano need at most 2 + log2(n / k) bits each, and the last byte."""
    rng = np.random.default_rng(count)
    positions = np.sort(rng.choice(size, count, replace=False))
    packed = pack_positions(positions, size)
    assert (unpack_positions(packed, count, size) == positions).all()
    bound = count * (2 + math.log2(size / count)) + 16
    assert 8 * packed.nbytes == 8 * positions_bytes(count, size) <= bound + 8


def test_positions_are_refused_where_they_do_not_rise():
    packed = pack_positions([3, 900], 1000)
    with pytest.raises(ValueError, match="positions must be 2, got 0"):
        unpack_positions(np.zeros_like(packed), 2, 1000)
    # Within one gap the low bits alone can fall.
    packed = pack_positions([1, 2], 1000)
    low = pack_bits([2, 1], 8)
    with pytest.raises(ValueError, match="positions must rise below 1000"):
        unpack_positions(np.concatenate([low, packed[2:]]), 2, 1000)


@pytest.mark.parametrize("bits", [2, 5, 8])
def test_nearest_levels_miss_half_a_step_at_most(bits):
    x = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    coding = Coding(bits)
    y = coding.decode(coding.encode(x, np.random.default_rng(1)), x.size)
    step = np.abs(x).max() / (2 ** (bits - 1) - 1)
    assert 0 < np.abs(y - x).max() <= step / 2 * (1 + 1e-5)


def test_stochastic_levels_are_right_in_the_mean():
    x = np.array([0.3, -1.0, 0.77], np.float32)
    coding, rng = Coding(2, rounding="stochastic"), np.random.default_rng(2)
    y = np.array([coding.decode(coding.encode(x, rng), 3) for _ in range(4000)])
    # A level is at most 1/2 from the mean, in units of the step, 1.
    assert y.mean(axis=0) == pytest.approx(x, abs=4 * 0.5 / np.sqrt(4000))
    assert y[:, 0].std() > 0.4


def test_the_greatest_entries_are_sent():
    x = np.random.default_rng(0).normal(size=500).astype(np.float32)
    coding = Coding(8, keep=0.1)
    y = coding.decode(coding.encode(x, np.random.default_rng(1)), x.size)
    sent = np.flatnonzero(y)
    assert set(sent) <= set(np.argsort(-np.abs(x))[:50])
    assert y[sent] == pytest.approx(x[sent], abs=float(np.abs(x).max()) / 254)


def test_nothing_changed_is_nothing_sent():
    coding = Coding(8, keep=0.1)
    y = coding.decode(coding.encode(np.zeros(50), np.random.default_rng(1)), 50)
    assert not y.any()


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_what_lacks_is_the_residual_and_comes_later(config):
    """Sums of what arrived differ from those of what was meant by the last residual."""
    meant, arrived, left = 0.0, 0.0, np.zeros(())
    for task, answer, _, received, residual in exchange(12, config, drift=0.01):
        meant = meant + answer.arrays["weights/a"] - task.arrays["weights/a"]
        arrived = arrived + received.arrays["weights/a"] - task.arrays["weights/a"]
        left = residual["weights/a"]
    assert arrived + left == pytest.approx(meant, abs=1e-5)
    assert np.linalg.norm(left) < 0.5 * np.linalg.norm(meant)


def test_sums_and_metrics_pass_untouched_and_second_moments_stay_positive():
    for task, answer, packed, received, _ in exchange(5, UplinkConfig(aid_bits=2)):
        assert set(packed.arrays) == {PACKED, "sums/power"}
        assert set(received.arrays) == set(answer.arrays)
        same = received.arrays["sums/power"] == answer.arrays["sums/power"]
        assert same.all()
        assert received.num_examples == answer.num_examples
        assert received.metrics == answer.metrics
        assert (received.arrays["moments/second/a"] >= 0).all()
        for name in task.arrays:
            assert received.arrays[name].dtype == np.float32


def test_bytes_are_as_few_as_promised():
    """Of 33,000 weights in three arrays, and 25 bytes or so of a header."""
    rng = np.random.default_rng(0)
    shapes = {"weights/a": (128, 128), "weights/b": (128, 128), "weights/c": (128,)}
    sent = {k: np.zeros(s, np.float32) for k, s in shapes.items()}
    own = {k: rng.normal(size=s).astype(np.float32) for k, s in shapes.items()}
    plain = sum(v.nbytes for v in own.values())
    ratios = {}
    for keep in (1.0, 0.1):
        packed, _ = Uplink(UplinkConfig(keep=keep)).pack(
            Task("train", 1, sent), Answer(own, 1), {}
        )
        ratios[keep] = plain / packed.arrays[PACKED].nbytes
    assert ratios[1.0] == pytest.approx(4, rel=2e-3)
    # 8 bits a value and 5.25 a position, of each tenth entry; 32 without.
    assert ratios[0.1] == pytest.approx(32 / (0.8 + 0.525), rel=1e-2)


def test_one_round_repeats_and_another_does_not():
    config = UplinkConfig(bits=3, rounding="stochastic")
    first, again = (list(exchange(2, config)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert (one[2].arrays[PACKED] == other[2].arrays[PACKED]).all()
    task, answer, packed, *_ = first[0]
    later, _ = Uplink(config).pack(Task("train", 9, task.arrays), answer, {})
    assert (later.arrays[PACKED] != packed.arrays[PACKED]).any()


def test_damage_is_refused_in_one_line():
    task, _, packed, *_ = next(exchange(1, UplinkConfig(keep=0.1)))
    uplink, buffer = Uplink(UplinkConfig(keep=0.1)), packed.arrays[PACKED]

    def refused(buffer, match):
        with pytest.raises(ValueError, match=match):
            uplink.unpack(task, Answer({PACKED: buffer}, 1))

    refused(buffer.astype(np.float32), "packed must be .n., uint8, got float32")
    refused(np.zeros(0, np.uint8), "must have a header")
    refused(buffer[:-1], "a packed array of 7 entries must be 11 bytes, got 10")
    refused(np.append(buffer, np.uint8(1)), "packed must be")
    with pytest.raises(ValueError, match="must be"):
        Uplink(UplinkConfig()).unpack(task, packed)
    for i in range(len(buffer)):
        for bit in (1, 128):
            damaged = buffer.copy()
            damaged[i] ^= bit
            try:
                received = uplink.unpack(task, Answer({PACKED: damaged}, 1))
            except ValueError:
                continue
            for name, value in task.arrays.items():
                assert received.arrays[name].shape == value.shape
    with pytest.raises(ValueError, match=r"weights/b must be .30,., got .31,"):
        uplink.pack(task, Answer({"weights/b": np.zeros(31)}, 1), {})
