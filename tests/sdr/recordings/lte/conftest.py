"""A downlink of LTE, from the equations of TS 36.211, 36.212 and 36.331."""

from functools import cache

import numpy as np
import pytest

MIDDLE = np.r_[-36:0, 1:37]
MASKS = {1: "0" * 16, 2: "1" * 16, 4: "01" * 8}
BANDWIDTHS = [6, 15, 25, 50, 75, 100]
SHARES = [1 / 6, 1 / 2, 1, 2]


def primary(sector):
    """36.211 6.11.1.1, both lines of it."""
    root = (25, 29, 34)[sector]
    low = [np.exp(-1j * np.pi * root * n * (n + 1) / 63) for n in range(31)]
    high = [np.exp(-1j * np.pi * root * (n + 1) * (n + 2) / 63) for n in range(31, 62)]
    return np.array(low + high)


def recursion(taps):
    x = [0, 0, 0, 0, 1]
    for i in range(26):
        x.append(sum(x[i + t] for t in taps) % 2)
    return [1 - 2 * v for v in x]


def secondary(cell, half):
    """36.211 6.11.2.1; half 0 is subframe 0, half 1 subframe 5."""
    group, sector = divmod(cell, 3)
    q1 = group // 30
    q = (group + q1 * (q1 + 1) // 2) // 30
    m = group + q * (q + 1) // 2
    m0 = m % 31
    m1 = (m0 + m // 31 + 1) % 31
    s, c, z = recursion((2, 0)), recursion((3, 0)), recursion((4, 2, 1, 0))
    first, second = (m0, m1) if half == 0 else (m1, m0)
    d = np.zeros(62)
    for n in range(31):
        d[2 * n] = s[(n + first) % 31] * c[(n + sector) % 31]
        d[2 * n + 1] = (
            s[(n + second) % 31] * c[(n + sector + 3) % 31] * z[(n + first % 8) % 31]
        )
    return d


@cache
def gold(seed, length):
    """36.211 7.2, a step at a time."""
    x1, x2 = [1] + [0] * 30, [seed >> i & 1 for i in range(31)]
    for n in range(1600 + length):
        x1.append(x1[n + 3] ^ x1[n])
        x2.append(x2[n + 3] ^ x2[n + 2] ^ x2[n + 1] ^ x2[n])
    return np.array([x1[n + 1600] ^ x2[n + 1600] for n in range(length)])


def references(cell, port, slot, place, num_rb=6):
    """36.211 6.10.1 with ``num_rb`` blocks: {subcarrier of these: value}."""
    v = {0: 3 * (place != 0), 1: 3 * (place == 0), 2: 3 * (slot % 2)}.get(
        port, 3 + 3 * (slot % 2)
    )
    c = gold(2**10 * (7 * (slot + 1) + place + 1) * (2 * cell + 1) + 2 * cell + 1, 440)
    r = ((1 - 2 * c[::2]) + 1j * (1 - 2 * c[1::2])) / np.sqrt(2)
    return {6 * m + (v + cell % 6) % 6: r[m + 110 - num_rb] for m in range(2 * num_rb)}


def mib_bits(num_rb, extended, share, sfn):
    parts = [(BANDWIDTHS.index(num_rb), 3), (int(extended), 1)]
    parts += [(SHARES.index(share), 2), (sfn // 4, 8), (0, 10)]
    return [value >> k & 1 for value, n in parts for k in range(n - 1, -1, -1)]


def crc16(bits):
    """36.212 5.1.1: D^16 + D^12 + D^5 + 1."""
    rest = list(bits) + [0] * 16
    for k in range(len(bits)):
        if rest[k]:
            for tap in (0, 4, 11, 16):
                rest[k + tap] ^= 1
    return rest[-16:]


def tail_biting(bits):
    """36.212 5.1.3.1: three streams, from the last six bits on."""
    streams = []
    for octal in (0o133, 0o171, 0o165):
        taps = [int(t) for t in f"{octal:07b}"]
        streams.append(
            [
                sum(t * bits[k - d] for d, t in enumerate(taps)) % 2
                for k in range(len(bits))
            ]
        )
    return streams


def rate_matched(streams, length):
    """36.212 5.1.4.2, with NULL for what is not there."""
    order = [int(f"{k:05b}"[::-1], 2) ^ 1 for k in range(32)]  # odd columns first
    buffer = []
    for stream in streams:
        rows = -(-len(stream) // 32)
        padded = [None] * (32 * rows - len(stream)) + stream
        for column in order:
            buffer += [padded[32 * row + column] for row in range(rows)]
    there = [bit for bit in buffer if bit is not None]
    return (there * (length // len(there) + 1))[:length]


def broadcast(cell, num_ports, bits):
    """Symbols of a block's four frames on each port: [4, num_ports, 240]."""
    parity = [a ^ int(b) for a, b in zip(crc16(bits), MASKS[num_ports], strict=True)]
    sent = np.array(rate_matched(tail_biting(bits + parity), 1920)) ^ gold(cell, 1920)
    d = ((1 - 2 * sent[::2]) + 1j * (1 - 2 * sent[1::2])) / np.sqrt(2)
    return precoded(d, num_ports).reshape(num_ports, 4, 240).transpose(1, 0, 2)


def precoded(d, num_ports):
    """36.211 6.3.4.3."""
    if num_ports == 1:
        return d[None]
    y = np.zeros((num_ports, len(d)), complex)
    for i in range(0, len(d), 2):
        ports = (0, 1) if num_ports == 2 else ((0, 2), (1, 3))[i // 2 % 2]
        y[ports[0], i : i + 2] = d[i], d[i + 1]
        y[ports[1], i : i + 2] = -np.conj(d[i + 1]), np.conj(d[i])
    return y / np.sqrt(2)


def elements(cell):
    """36.211 6.6.4: (symbol of slot 1, subcarrier)."""
    return [
        (place, k)
        for place in range(4)
        for k in range(72)
        if place > 1 or k % 3 != cell % 3
    ]


def frames(cell, num_ports, first_sfn, num, rng, *, tdd=False):
    """Subcarriers on each port: [num, num_ports, 140, 72]; data where there is room."""
    x = np.sign(rng.normal(size=(num, num_ports, 140, 72, 2))) @ [1, 1j] / 2
    for symbol in range(140):
        slot, place = divmod(symbol, 7)
        for port in range(num_ports):
            if place in ((0, 4) if port < 2 else (1,)):
                for k, value in references(cell, port, slot, place).items():
                    x[:, :, symbol, k] = 0
                    x[:, port, symbol, k] = value
    for f in range(num):
        sfn = first_sfn + f
        block = broadcast(cell, num_ports, mib_bits(50, False, 1, sfn))[sfn % 4]
        for port in range(num_ports):
            for (place, k), value in zip(elements(cell), block[port], strict=True):
                x[f, port, 7 + place, k] = value
    for half in (0, 1):
        at = 70 * half + (16 if tdd else 6)
        back = 3 if tdd else 1
        x[:, :, [at, at - back]] = 0
        x[:, 0, at, 5:67] = primary(cell % 3)
        x[:, 0, at - back, 5:67] = secondary(cell, half)
    if tdd:  # what is downlink for sure: subframes 0 and 5, and what begins 1 and 6
        sent = np.r_[0:17, 70:87]
        x[:, :, np.setdiff1d(np.arange(140), sent)] = 0
    return x


def heard(x, taps, cfo_hz=0.0, ppm=0.0):
    """Samples of a receiver whose clock is ``ppm`` too fast.

    Parameters
    ----------
    x : [num, num_ports, 140, 72]
        Of frames().
    taps : [num_ports, num_taps]
        Channel of each port.
    """
    k = MIDDLE
    h = np.exp(-2j * np.pi * np.outer(k, np.arange(taps.shape[1])) / 128) @ taps.T
    y = np.einsum("fpsk,kp->fsk", x, h).reshape(-1, 72)
    n = np.arange(len(y))
    body = n // 7 * 960 + 10 + n % 7 * 137
    # Each symbol is taken where it is by then, to a part of a sample.
    late = body * ppm * 1e-6
    whole = np.rint(late).astype(int)
    y = y * np.exp(-2j * np.pi * np.outer(late - whole, k) / 128)
    spectrum = np.zeros((len(y), 128), complex)
    spectrum[:, k] = y
    symbols = np.fft.ifft(spectrum, axis=1) * 128 / np.sqrt(72)
    out = np.zeros(960 * (len(y) // 7) + int(whole[-1]) + 200, complex)
    for i in range(len(y)):
        prefix = 10 if i % 7 == 0 else 9
        at = body[i] + whole[i] - prefix
        out[at : at + prefix + 128] = np.r_[symbols[i, -prefix:], symbols[i]]
    return out * np.exp(2j * np.pi * cfo_hz / 1.92e6 * np.arange(len(out)))


@pytest.fixture
def downlink():
    class Downlink:
        """Transmitter and air of the test."""

    for function in (
        *(primary, secondary, gold, references, mib_bits, broadcast, elements),
        *(frames, heard),
    ):
        setattr(Downlink, function.__name__, staticmethod(function))
    return Downlink
