"""Sequences of LTE: synchronisation signals and Gold's (3GPP TS 36.211)."""

from functools import lru_cache

import numpy as np

FFT_SIZE = 128
# Subcarriers of the synchronisation signals: 31 on each side of DC (6.11.1.2).
SYNC_CARRIERS = np.r_[-31:0, 1:32]
# Table 6.11.1.1-1.
_ROOTS = (25, 29, 34)


def primary(sector: int) -> np.ndarray:
    """Return the primary synchronisation signal of N_ID(2) 0 to 2: [62], complex.

    6.11.1.1: a Zadoff-Chu sequence of length 63 without its middle.
    """
    n = np.arange(63)
    sequence = np.exp(-1j * np.pi * _ROOTS[sector] * n * (n + 1) / 63)
    return np.delete(sequence, 31)


def primary_in_time(sector: int) -> np.ndarray:
    """Return its 128 samples without prefix, unit energy, complex64."""
    spectrum = np.zeros(FFT_SIZE, complex)
    spectrum[SYNC_CARRIERS] = primary(sector)
    body = np.fft.ifft(spectrum)
    return (body / np.linalg.norm(body)).astype(np.complex64)


@lru_cache
def secondary(sector: int) -> np.ndarray:
    """Return all secondary synchronisation signals of a sector: [2, 168, 62].

    6.11.2.1; the first axis is subframe 0 and 5, the second N_ID(1); values +1 and -1.
    """
    s, c, z = (_m_sequence(taps) for taps in ((2, 0), (3, 0), (4, 2, 1, 0)))
    n = np.arange(31)
    found = np.empty((2, 168, 62), np.float32)
    c0, c1 = c[(n + sector) % 31], c[(n + sector + 3) % 31]
    for group in range(168):
        m0, m1 = _indices(group)
        s0, s1 = s[(n + m0) % 31], s[(n + m1) % 31]
        z0, z1 = z[(n + m0 % 8) % 31], z[(n + m1 % 8) % 31]
        found[0, group, ::2], found[0, group, 1::2] = s0 * c0, s1 * c1 * z0
        found[1, group, ::2], found[1, group, 1::2] = s1 * c0, s0 * c1 * z1
    return found


def _m_sequence(taps: tuple[int, ...]) -> np.ndarray:
    """x(i + 5) is the sum of x(i + tap); 31 values, +1 and -1."""
    x = [0, 0, 0, 0, 1]
    for i in range(26):
        x.append(sum(x[i + tap] for tap in taps) % 2)
    return 1.0 - 2 * np.array(x)


def _indices(group: int) -> tuple[int, int]:
    """Return m_0 and m_1 of N_ID(1): table 6.11.2.1-1."""
    q = (group + (group // 30) * (group // 30 + 1) // 2) // 30
    m = group + q * (q + 1) // 2
    return m % 31, (m % 31 + m // 31 + 1) % 31


@lru_cache(maxsize=512)
def gold(seed: int, length: int) -> np.ndarray:
    """Return the pseudo-random bits of 7.2 for c_init ``seed``, [length], uint8."""
    start = 1600  # N_C
    total = start + length + 31
    first = np.zeros(total, np.uint8)
    second = np.zeros(total, np.uint8)
    first[0] = 1
    second[:31] = (seed >> np.arange(31)) & 1
    # 28 new values follow from what is there: the nearest tap is three back.
    for n in range(0, total - 31, 28):
        end = min(n + 28, total - 31)
        i = slice(n, end)
        a, b, c = (slice(n + d, end + d) for d in (1, 2, 3))
        first[n + 31 : end + 31] = first[c] ^ first[i]
        second[n + 31 : end + 31] = second[c] ^ second[b] ^ second[a] ^ second[i]
    return first[start : start + length] ^ second[start : start + length]
