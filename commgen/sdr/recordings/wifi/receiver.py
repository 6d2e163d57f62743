"""From samples to packets: search, SIGNAL fields, data."""

from collections.abc import Callable, Iterator

import numpy as np

from commgen.sdr.recordings.iq import BLOCK, SampleSource
from commgen.sdr.recordings.wifi import coding
from commgen.sdr.recordings.wifi.data import Burst, read_bytes, retrained
from commgen.sdr.recordings.wifi.detection import (
    REACH,
    Start,
    correlation,
    next_rise,
    synchronise,
)
from commgen.sdr.recordings.wifi.estimation import BEST, Estimator
from commgen.sdr.recordings.wifi.fields import (
    HtSignal,
    LegacySignal,
    read_ht,
    read_legacy,
)
from commgen.sdr.recordings.wifi.grid import (
    FFT_SIZE,
    HT,
    LEGACY,
    SAMPLE_RATE_HZ,
    SYMBOL,
    pilots,
    symbols,
)
from commgen.sdr.recordings.wifi.mac import read_frame, split_aggregate
from commgen.sdr.recordings.wifi.packet import Content, Packet
from commgen.sdr.recordings.wifi.training import (
    Training,
    equalise,
    ht_training,
    legacy_training,
)

# Behind the training symbols: 4,095 bytes at 6 Mbit/s are the longest (17.3.4.3).
_LONGEST = 2 * FFT_SIZE + SYMBOL * (1 + coding.SIGNAL_RATE.num_symbols(4095))
# And what the search looks at before it.
_HOLD = _LONGEST + 1000
_BEHIND_SIGNAL = 2 * FFT_SIZE + SYMBOL
# Long symbols that lie beyond what was searched have their short ones beyond this.
_PASSED = REACH - 12 * 16


def packets(
    source: SampleSource,
    advance: Callable[[int], object] | None = None,
    *,
    estimator: Estimator = BEST,
) -> Iterator[Packet]:
    """Yield the packets of a recording at 20 Msample/s, in order.

    Parameters
    ----------
    source
        Samples of one channel of 20 MHz.
    advance
        Told the number of samples of each block that is done.
    estimator
        Of the channel.
    """
    rest, first, left = np.empty(0, np.complex64), 0, source.num_samples
    for block in source.blocks(BLOCK):
        left -= len(block)
        x = np.concatenate([rest, block])
        stop = len(x) - _HOLD if left else len(x)
        at = 0
        for packet, behind in found(x, stop, estimator, first):
            at = behind
            if packet is not None:
                yield packet
        keep = min(max(at, stop), len(x))
        rest, first = x[keep:], first + keep
        if advance is not None:
            advance(len(block))


def found(x, stop: int, estimator: Estimator, first: int = 0):
    """Yield packets that rise before ``stop``, each with where the search goes on.

    None in place of a packet where training symbols have no SIGNAL field behind them.
    """
    metric = correlation(x)
    at = next_rise(metric, 0)
    while at is not None and at < stop:
        start = synchronise(x, at, metric)
        packet = None if start is None else read_packet(x, start, estimator, first)
        if packet is not None:
            behind = packet.end - first
        else:
            behind = at + _PASSED if start is None else start.training + FFT_SIZE
        yield packet, behind
        at = next_rise(metric, behind)


def read_packet(x, start: Start, estimator: Estimator, first: int = 0) -> Packet | None:
    """Return the packet behind training symbols, None where L-SIG can be none.

    Parameters
    ----------
    x : [n], complex
        Samples.
    start
        Of :func:`~commgen.sdr.recordings.wifi.detection.synchronise`.
    estimator
        Of the channel.
    first
        Number of the first sample of ``x``.
    """
    head = _tuned(x, start, _BEHIND_SIGNAL)
    if len(head) < _BEHIND_SIGNAL:
        return None
    training = legacy_training(head, estimator)
    legacy = read_legacy(_field(head, training, 0, 1)[0])
    if legacy is None:
        return None
    length = _BEHIND_SIGNAL + SYMBOL * legacy.rate.num_symbols(legacy.length)
    cut = _tuned(x, start, length)
    ht = _ht_signal(cut, training, legacy)
    if ht is None:
        content = _legacy_content(cut, training, legacy, estimator)
    else:
        content = _ht_content(cut, training, ht, estimator)
    return Packet(
        start=first + start.training,
        end=first + start.training + len(cut),
        snr_db=training.snr_db,
        cfo_hz=start.cfo_hz,
        signal=legacy if ht is None else ht,
        content=content,
    )


def _tuned(x, start: Start, length: int) -> np.ndarray:
    """Return up to ``length`` samples from the training on, without their CFO."""
    cut = x[start.training : start.training + length]
    turn = -2j * np.pi * start.cfo_hz / SAMPLE_RATE_HZ
    return cut * np.exp(turn * np.arange(len(cut)))


def _field(x, training: Training, number: int, num: int, *, turned: bool = False):
    """Decode SIGNAL symbols, from ``number`` on; tell the energy of the other axis."""
    at = 2 * FFT_SIZE + SYMBOL * number
    y = symbols(x, at, num, LEGACY)
    x_hat, weight = equalise(y, training, pilots(LEGACY, number, num), number)
    if turned:
        x_hat = -1j * x_hat
    energy = np.sum(weight * x_hat.imag**2) / np.sum(weight * np.abs(x_hat) ** 2)
    llr = coding.demap(x_hat, weight, 1)
    return coding.decode(llr, coding.SIGNAL_RATE, 24 * num), float(energy)


def _ht_signal(x, training: Training, legacy: LegacySignal) -> HtSignal | None:
    """Return HT-SIG where the two symbols behind L-SIG are turned by a quarter."""
    if legacy.rate != coding.SIGNAL_RATE or len(x) < _BEHIND_SIGNAL + 2 * SYMBOL:
        return None
    bits, energy = _field(x, training, 1, 2, turned=True)
    return read_ht(bits) if energy < 0.5 else None


def _legacy_content(x, training, signal: LegacySignal, estimator) -> Content:
    num = signal.rate.num_symbols(signal.length)
    if len(x) < _BEHIND_SIGNAL + num * SYMBOL:
        return Content(missing="cut")
    y = symbols(x, _BEHIND_SIGNAL, num, LEGACY)
    burst = Burst(y, signal.rate, signal.length, polarity=1, first=1)
    return _content(burst, training, estimator, signal.rate.mbps, aggregated=False)


def _ht_content(x, legacy: Training, signal: HtSignal, estimator) -> Content:
    if signal.why_not is not None:
        return Content(missing=signal.why_not)
    rate = coding.HT_RATES[signal.mcs]
    guard, num = 8 if signal.short_guard else 16, rate.num_symbols(signal.length)
    training_at = _BEHIND_SIGNAL + 3 * SYMBOL  # HT-SIG has two, HT-STF one
    if len(x) < training_at + SYMBOL + num * (FFT_SIZE + guard):
        return Content(missing="cut")
    training = ht_training(x, training_at, legacy.no, estimator)
    y = symbols(x, training_at + SYMBOL, num, HT, guard)
    burst = Burst(y, rate, signal.length, polarity=3, first=0)
    mbps = rate.mbps * SYMBOL / (FFT_SIZE + guard)
    return _content(burst, training, estimator, mbps, aggregated=signal.aggregated)


def _content(burst: Burst, training, estimator, mbps: float, *, aggregated) -> Content:
    """Decode, and again with the channel of what was decoded while the FCS is wrong."""
    content = Content()
    for _ in range(1 + estimator.num_refinements):
        found, x_hat, bits = read_bytes(burst, training)
        parts = split_aggregate(found) if aggregated else [found]
        frames = tuple(read_frame(part) for part in parts)
        content = Content(mbps, frames, "" if frames else "no delimiter", x_hat)
        if content.fcs_ok:
            break
        training = retrained(burst, training, bits, estimator)
    return content
