"""Small channels and a writer of Intel 5300 logs, shared by the tests of this room."""

from types import SimpleNamespace

import numpy as np
import pytest

from commgen.datasets import ChannelMeta, write_channels


@pytest.fixture
def meta():
    return ChannelMeta(domain="frequency", subcarrier_spacing_hz=30e3, time_step_s=1e-3)


@pytest.fixture
def draw():
    """Draw complex64 channels of a shape."""

    def draw_channels(shape, seed=0):
        rng = np.random.default_rng(seed)
        parts = rng.standard_normal((*shape, 2), dtype=np.float32)
        return parts[..., 0] + 1j * parts[..., 1]

    return draw_channels


def _record(csi, *, t_us=7, rssi=(40, 38, 0), noise=-90, agc=30, perm=(0, 1, 2), **kw):
    """One record, its bits packed one value after the other, unlike the parser."""
    num_rx, num_tx, num_subcarriers, _ = csi.shape
    bits = []
    for k in range(num_subcarriers):
        bits += [1, 0, 1]  # three bits that mean nothing
        for rx in range(num_rx):
            for tx in range(num_tx):
                for value in csi[rx, tx, k]:
                    bits += [int(value) >> b & 1 for b in range(8)]
    bits += [0] * (-len(bits) % 8)
    packed = bytes(
        sum(bit << b for b, bit in enumerate(bits[i : i + 8]))
        for i in range(0, len(bits), 8)
    )
    antennas = sum(p << 2 * k for k, p in enumerate(perm))
    header = bytearray(20)
    header[0:4] = int(t_us).to_bytes(4, "little")
    header[8:16] = bytes([num_rx, num_tx, *rssi, noise % 256, agc, antennas])
    header[16:18] = int(kw.get("length", len(packed))).to_bytes(2, "little")
    header[18:20] = int(kw.get("rate", 0x90C)).to_bytes(2, "little")
    body = bytes([kw.get("code", 0xBB)]) + bytes(header) + packed
    return len(body).to_bytes(2, "big") + body


@pytest.fixture
def intel():
    """Return ``record(csi, ...)`` and ``draw(num_rx, num_tx, seed)``."""

    def draw_csi(num_rx, num_tx, seed=0):
        rng = np.random.default_rng(seed)
        return rng.integers(-128, 128, (num_rx, num_tx, 30, 2)).astype(np.int8)

    return SimpleNamespace(record=_record, draw=draw_csi)


@pytest.fixture
def some_labels():
    """Return labels of all kinds for n samples, from number ``start`` on."""

    def labels(n, start=0):
        k = np.arange(start, start + n)
        return {
            "los": k % 2 == 0,
            "day": k,
            "power_dbm": np.where(k == 1, np.nan, -k / 3),
            "place": np.array([["", "hall", "Küche 3"][i % 3] for i in k]),
        }

    return labels


@pytest.fixture
def path(tmp_path):
    return tmp_path / "channels.h5"


@pytest.fixture
def written(path, meta, draw, some_labels):
    """A small channel file with labels."""
    write_channels(path, draw((5, 2, 1, 3, 4)), meta, some_labels(5))
    return path
