"""Send a stream through taps that change with time."""

from typing import Protocol

import numpy as np

from commgen.coding.compiled import compiled
from commgen.sdr.air.interpolation import LEAD


class TapSource(Protocol):
    """Where taps come from: a tapped delay line, or a file."""

    num_taps: int
    step: int

    @property
    def block_length(self) -> int:
        """Samples of a block, a multiple of ``step``."""
        ...

    def block(self, realisation: int, number: int) -> np.ndarray:
        """Return taps, [block_length / step + 1, num_taps], ``step`` samples apart."""
        ...


class FadingFilter:
    """Filter a stream by the taps of a source.

    What comes out trails by ``LEAD`` samples: the first path of delay 0 is there.

    Parameters
    ----------
    source
        Of the taps.
    renewal
        Samples after which another realisation begins; None for never.
    """

    latency = LEAD

    def __init__(self, source: TapSource, renewal: int | None = None) -> None:
        self.source = source
        self.renewal = renewal
        self._count = 0
        self._past = (np.zeros(source.num_taps - 1, np.float32),) * 2
        self._key = -1, -1
        self._taps = np.empty((2, 0, 0), np.float32)

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Return as many samples as came, complex64."""
        past = self._past[0].size
        re, im = (
            np.concatenate(pair).astype(np.float32)
            for pair in zip(
                self._past, (np.real(samples), np.imag(samples)), strict=True
            )
        )
        out = np.zeros((2, len(samples)), np.float32)
        done = 0
        while done < len(samples):
            offset, left = self._load()
            end = done + min(left, len(samples) - done)
            x, y = slice(done, end + past), slice(done, end)
            filter_samples(
                re[x], im[x], self._taps, offset, self.source.step, out[0, y], out[1, y]
            )
            self._count += end - done
            done = end
        self._past = re[len(samples) :].copy(), im[len(samples) :].copy()
        return (out[0] + 1j * out[1]).astype(np.complex64)

    def _load(self) -> tuple[int, int]:
        """Have the block of the next sample; return its place and what is left."""
        realisation, at = divmod(self._count, self.renewal or 2**62)
        number, offset = divmod(at, self.source.block_length)
        if self._key != (realisation, number):
            self._key = realisation, number
            taps = self.source.block(realisation, number)
            self._taps = np.stack([np.real(taps), np.imag(taps)]).astype(np.float32)
        left = self.source.block_length - offset
        return offset, min(left, (self.renewal or 2**62) - at)


@compiled
def filter_samples(x_re, x_im, taps, offset, step, y_re, y_im):
    """Add to ``y`` what taps make of ``x``, both in real and imaginary parts.

    Parameters
    ----------
    x_re, x_im : [num_taps - 1 + num], float32
    taps : [2, num_looks, num_taps], float32
        ``step`` samples apart, straight lines between them.
    offset
        Sample of the block that ``y`` begins with.
    y_re, y_im : [num], float32
    """
    num, num_taps = len(y_re), taps.shape[2]
    i = 0
    while i < num:
        look = (offset + i) // step
        end = min(num, (look + 1) * step - offset)
        passed = np.float32(offset + i - look * step)
        for tap in range(num_taps):
            w_re, w_im = taps[0, look, tap], taps[1, look, tap]
            d_re = (taps[0, look + 1, tap] - w_re) / np.float32(step)
            d_im = (taps[1, look + 1, tap] - w_im) / np.float32(step)
            lag = i + num_taps - 1 - tap
            _add_tap(
                x_re[lag : lag + end - i],
                x_im[lag : lag + end - i],
                (w_re, w_im, d_re, d_im, passed),
                y_re[i:end],
                y_im[i:end],
            )
        i = end


@compiled
def _add_tap(x_re, x_im, tap, y_re, y_im):
    """Add one tap over a straight line; each sample is the same however it is cut."""
    w_re, w_im, d_re, d_im, passed = tap
    for k in range(len(y_re)):
        s = passed + np.float32(np.int32(k))
        a_re, a_im = w_re + s * d_re, w_im + s * d_im
        y_re[k] += a_re * x_re[k] - a_im * x_im[k]
        y_im[k] += a_re * x_im[k] + a_im * x_re[k]
