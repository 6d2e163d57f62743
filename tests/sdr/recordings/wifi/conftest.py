"""A transmitter of 802.11a and n, bit by bit as IEEE 802.11-2020 writes it."""

import zlib

import numpy as np
import pytest

DATA = [k for k in range(-26, 27) if k not in (-21, -7, 0, 7, 21)]
DATA_HT = [k for k in range(-28, 29) if k not in (-21, -7, 0, 7, 21)]
# RATE as sent, bits of a subcarrier, coderate: table 17-4.
RATES = {
    6: ("1101", 1, (1, 2)),
    9: ("1111", 1, (3, 4)),
    12: ("0101", 2, (1, 2)),
    18: ("0111", 2, (3, 4)),
    24: ("1001", 4, (1, 2)),
    36: ("1011", 4, (3, 4)),
    48: ("0001", 6, (2, 3)),
    54: ("0011", 6, (3, 4)),
}
MCS = [RATES[r][1:] for r in (6, 12, 18, 24, 36, 48, 54)] + [(6, (5, 6))]
STOLEN = {
    (1, 2): ("1", "1"),
    (2, 3): ("11", "10"),
    (3, 4): ("110", "101"),
    (5, 6): ("11010", "10101"),
}


def long_training(edge=26):
    """Equation 17-8, and 19-23 for the HT part: {subcarrier: value}."""
    text = "++--++-+-++++++--++-+-++++0+--++-+-+-----++--+-+-++++"
    values = {k - 26: {"+": 1, "-": -1, "0": 0}[c] for k, c in enumerate(text)}
    if edge == 28:
        values |= {-28: 1, -27: 1, 27: -1, 28: -1}
    return values


def short_training():
    """Equation 17-6."""
    places = {-24: 1, -20: -1, -16: 1, -12: -1, -8: -1, -4: 1}
    places |= {4: -1, 8: -1, 12: 1, 16: 1, 20: 1, 24: 1}
    return {k: v * (1 + 1j) * np.sqrt(13 / 6) for k, v in places.items()}


def in_time(values):
    """A symbol of 64 samples; unit mean power with 52 subcarriers of unit power."""
    spectrum = np.zeros(64, complex)
    for k, value in values.items():
        spectrum[k] = value
    return np.fft.ifft(spectrum) * 64 / np.sqrt(52)


def with_prefix(body, length=16):
    return np.concatenate([body[-length:], body])


def scrambled(bits, state=0b1011101):
    """Figure 17-7: x^7 + x^4 + 1."""
    out = []
    for bit in bits:
        new = (state >> 6 ^ state >> 3) & 1
        state = (state << 1 | new) & 127
        out.append(bit ^ new)
    return out


def coded(bits, coderate):
    """Figure 17-8, and what puncturing leaves."""
    line, out = [0] * 7, []
    first, second = STOLEN[coderate]
    for n, bit in enumerate(bits):
        line = [bit, *line[:6]]
        a = line[0] ^ line[2] ^ line[3] ^ line[5] ^ line[6]
        b = line[0] ^ line[1] ^ line[2] ^ line[3] ^ line[6]
        out += [a] * (first[n % len(first)] == "1")
        out += [b] * (second[n % len(first)] == "1")
    return out


def interleaved(bits, n_bpsc, columns):
    """Equations 17-17 and 17-18."""
    n, s = len(bits), max(n_bpsc // 2, 1)
    out = [0] * n
    for k in range(n):
        i = (n // columns) * (k % columns) + k // columns
        out[s * (i // s) + (i + n - columns * i // n) % s] = bits[k]
    return out


def mapped(bits, n_bpsc):
    """Tables 17-14 to 17-17."""
    if n_bpsc == 1:
        return [2 * b - 1 for b in bits]
    axis = {
        2: {"0": -1, "1": 1},
        4: {"00": -3, "01": -1, "11": 1, "10": 3},
        6: dict(
            zip(
                ("000", "001", "011", "010", "110", "111", "101", "100"),
                range(-7, 8, 2),
                strict=True,
            )
        ),
    }[n_bpsc]
    text, half, scale = "".join(map(str, bits)), n_bpsc // 2, {2: 2, 4: 10, 6: 42}
    parts = [text[k : k + n_bpsc] for k in range(0, len(text), n_bpsc)]
    norm = np.sqrt(scale[n_bpsc])
    return [(axis[p[:half]] + 1j * axis[p[half:]]) / norm for p in parts]


def polarity(n):
    """Equation 17-26, as the scrambler with all ones (17.3.5.10)."""
    return 1 - 2 * scrambled([0] * 127, 127)[n % 127]


def ofdm(bits, n_bpsc, coderate, number, *, ht=False, prefix=16, turn=1):
    """OFDM symbols of bits; ``number`` is that of the first one's pilot sign."""
    places = DATA_HT if ht else DATA
    size = n_bpsc * len(places)
    stream, out = coded(bits, coderate), []
    for n in range(len(stream) // size):
        part = stream[n * size : (n + 1) * size]
        points = mapped(interleaved(part, n_bpsc, 13 if ht else 16), n_bpsc)
        values = {k: turn * v for k, v in zip(places, points, strict=True)}
        signs = [1, 1, 1, -1]
        if ht:
            signs = [signs[(n + i) % 4] for i in range(4)]
        for k, sign in zip((-21, -7, 7, 21), signs, strict=True):
            values[k] = sign * polarity(number + n)
        out.append(with_prefix(in_time(values), prefix))
    return np.concatenate(out)


def low_first(value, num):
    return [value >> k & 1 for k in range(num)]


def data_bits(psdu, num_data):
    """SERVICE, PSDU, tail and pad, scrambled, but for the tail (17.3.5.4, 17.3.5.3)."""
    bits = [0] * 16 + [b >> k & 1 for b in psdu for k in range(8)]
    end = len(bits)
    bits += [0] * (6 + -(end + 6) % num_data)
    out = scrambled(bits)
    out[end : end + 6] = [0] * 6
    return out


def legacy_signal(rate, length):
    bits = [int(b) for b in RATES[rate][0]] + [0] + low_first(length, 12)
    return [*bits, sum(bits) % 2, *[0] * 6]


def training():
    short = in_time(short_training())
    long = in_time(long_training())
    return np.concatenate([np.tile(short, 3)[:160], long[32:], long, long])


def legacy(psdu, rate, signal=None):
    _, n_bpsc, coderate = RATES[rate]
    num_data = 48 * n_bpsc * coderate[0] // coderate[1]
    head = ofdm(signal or legacy_signal(rate, len(psdu)), 1, (1, 2), 0)
    body = ofdm(data_bits(psdu, num_data), n_bpsc, coderate, 1)
    return np.concatenate([training(), head, body])


def crc8(bits):
    """CRC of HT-SIG (19.3.9.4.4): ones to begin with, inverted at the end."""
    c = [1] * 8
    for bit in bits:
        new = bit ^ c[7]
        c = [new, c[0] ^ new, c[1] ^ new, *c[2:7]]
    return [1 - b for b in c[::-1]]


def high_throughput(psdu, mcs, *, short=False, aggregated=False, ldpc=False):
    n_bpsc, coderate = MCS[mcs]
    num_data = 52 * n_bpsc * coderate[0] // coderate[1]
    bits = data_bits(psdu, num_data)
    field = [*low_first(mcs, 7), 0, *low_first(len(psdu), 16)]
    field += [1, 1, 1, int(aggregated), 0, 0, int(ldpc), int(short), 0, 0]
    field += [*crc8(field), *[0] * 6]
    prefix, num = 8 if short else 16, len(bits) // num_data
    symbols = 4 - (-num * (64 + prefix) // 80)  # behind L-SIG
    length = 3 * symbols - 3  # three bytes a symbol, less SERVICE and tail
    short_field = in_time(short_training())
    return np.concatenate(
        [
            training(),
            ofdm(legacy_signal(6, length), 1, (1, 2), 0),
            ofdm(field, 1, (1, 2), 1, turn=1j),
            with_prefix(short_field),
            with_prefix(in_time(long_training(28))),
            ofdm(bits, n_bpsc, coderate, 3, ht=True, prefix=prefix),
        ]
    )


def with_fcs(body):
    return body + zlib.crc32(body).to_bytes(4, "little")


@pytest.fixture
def send():
    class Send:
        """Transmitter of the test."""

    for function in (legacy, high_throughput, legacy_signal, with_fcs, crc8, low_first):
        setattr(Send, function.__name__, staticmethod(function))
    Send.rates = RATES
    return Send


@pytest.fixture
def on_air(noisy):
    """Two echoes, a carrier 41 kHz beside, and noise of unit power."""

    def put(*signals, snr_db=30, gap=700, cfo_hz=-41e3):
        gains, at, placed = {0: 1, 3: 0.4j, 7: -0.2}, gap, []
        for signal in signals:
            y = sum(
                g * np.concatenate([np.zeros(d), signal, np.zeros(8 - d)])
                for d, g in gains.items()
            )
            turn = np.exp(2j * np.pi * cfo_hz / 20e6 * np.arange(len(y)))
            placed.append((at, 10 ** (snr_db / 20) * y * turn))
            at += len(y) + gap
        return noisy(at, *placed)

    return put
