"""Channels that were measured or made elsewhere, served as a Sionna channel model."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_finite, check_positive, check_rank
from commgen.channels.representation import response_to_taps, taps_to_response
from commgen.channels.source import ChannelSource
from commgen.datasets.precision import to_single

# The most that is held as one tensor.
_MAX_BYTES = 2**30
# A call number that no batch reaches: the orders of all epochs come from it.
_ORDER = 2**62
# OFDM symbols of a slot differ by a few per cent in their cyclic prefix.
_RATE_TOLERANCE = 0.1
_SHAPE = "[num_samples, num_rx_ant, num_tx_ant, num_time_steps, num_subcarriers]"


class RecordedChannel(ChannelSource):
    r"""Serve recorded channels as Sionna's own models serve drawn ones.

    Each response on ``num_subcarriers`` becomes as many taps on the sample grid,

    .. math:: \sum_l a_l e^{-j 2\pi f_k \tau_l} = h_k,
        \qquad \tau_l = \frac{l}{N \Delta_f}

    which is exact on a ``ResourceGrid`` of that ``fft_size`` and spacing, without
    guard. Another grid or a ``TimeChannel`` takes the taps at their word: the channel
    is then the one of delays 0 ... (N - 1) / (N spacing) that agrees with the record
    at its subcarriers. A record with energy ahead of delay zero (a synchroniser that
    was late) shows it at the largest delays, and so swings fast between subcarriers:
    shift it first if another grid matters. One subcarrier makes a flat channel.

    A record of one time step stands still for as many as are asked for. One of several
    is played from its first step and cannot be asked for more than it has.

    Parameters
    ----------
    h : [num_samples, num_rx_ant, num_tx_ant, num_time_steps, num_subcarriers], complex
        Responses, ascending in frequency, DC in the middle. Their power is used as it
        is. At most 1 GiB as complex64; they are held twice, as responses and as taps.
    subcarrier_spacing_hz
        Between two subcarriers.
    time_step_s
        Between two time steps, if known: a call at another rate is then refused.
    replace
        ``False``: every epoch of ``num_samples`` draws holds each channel once, in a
        new order, as long as all calls ask for the same batch size. ``True``: draws
        are independent and even.
    seed
        As for :class:`ChannelSource`, and so are input and output.

    Labels
    ------
    row : [batch_size], int64
        Which of the ``num_samples`` channels.

    Raises
    ------
    ValueError
        If ``h`` has another rank, is empty, not finite or too large, or has amplitudes
        that single precision does not hold; and on a call, if
        more time steps than recorded, or at another rate, are asked for.
    """

    def __init__(
        self,
        h,
        subcarrier_spacing_hz: float,
        *,
        time_step_s: float | None = None,
        replace: bool = False,
        seed: int,
    ):
        h = _check_channels("h", h)
        spacing_hz = check_positive("subcarrier_spacing_hz", subcarrier_spacing_hz)
        super().__init__(seed=seed)
        self._subcarrier_spacing_hz = spacing_hz
        self._replace = replace
        self._time_step_s = time_step_s
        if time_step_s is not None:
            check_positive("time_step_s", time_step_s)
        self._shape = h.shape
        self._tensors = _to_tensors(h)

    @classmethod
    def from_taps(cls, taps, sample_rate_hz: float, **options) -> "RecordedChannel":
        """Serve recorded taps.

        Parameters
        ----------
        taps : [num_samples, num_rx_ant, num_tx_ant, num_time_steps, num_taps], complex
            Taps ``l / sample_rate_hz`` after the first.
        sample_rate_hz
            Taps in a second.
        options
            Keywords of :class:`RecordedChannel`.
        """
        taps = _check_channels("taps", taps)
        rate = check_positive("sample_rate_hz", sample_rate_hz)
        return cls(taps_to_response(taps), rate / taps.shape[-1], **options)

    @classmethod
    def from_file(cls, path: str | Path, *, rows=None, **options) -> "RecordedChannel":
        """Serve the channels of a ``commgen.datasets.ChannelFile``.

        Parameters
        ----------
        path
            File in either domain.
        rows
            Slice, indices or mask of the channels to serve; ``None`` is all.
        options
            Keywords of :class:`RecordedChannel`; ``time_step_s`` is the file's.

        Raises
        ------
        ValueError
            If the file is damaged: all of it is compared with its checksum.
        """
        from commgen.datasets import ChannelFile

        with ChannelFile.open(path) as file:
            file.verify()
            meta, h = file.meta, file.read(rows)
        options = {"time_step_s": meta.time_step_s, **options}
        # ChannelMeta holds the one that its domain needs.
        if meta.sample_rate_hz is not None:
            return cls.from_taps(h, meta.sample_rate_hz, **options)
        return cls(h, meta.subcarrier_spacing_hz or 0.0, **options)

    @property
    def num_samples(self) -> int:
        """Channels that are served."""
        return self._shape[0]

    @property
    def num_rx_ant(self) -> int:
        """Receive antennas."""
        return self._shape[1]

    @property
    def num_tx_ant(self) -> int:
        """Transmit antennas."""
        return self._shape[2]

    @property
    def num_subcarriers(self) -> int:
        """Subcarriers of the record."""
        return self._shape[4]

    @property
    def subcarrier_spacing_hz(self) -> float:
        """Spacing of the record's subcarriers."""
        return self._subcarrier_spacing_hz

    def take(self, rows, num_time_steps: int = 1) -> tuple[tf.Tensor, tf.Tensor]:
        """Give the channels ``rows``, [batch_size], as ``(a, tau)``; draw nothing."""
        _, taps = self._channels()
        return self._to_paths(tf.gather(taps, rows), num_time_steps)

    def _to_paths(self, taps, num_time_steps) -> tuple[tf.Tensor, tf.Tensor]:
        """Lay [batch, rx, tx, time, taps] out as Sionna's ``a`` and ``tau``."""
        a = self._steps(taps, num_time_steps)
        a = tf.transpose(a, [0, 1, 2, 4, 3])[:, None, :, None]
        num_taps = self.num_subcarriers
        delays = np.arange(num_taps) / (num_taps * self._subcarrier_spacing_hz)
        tau = tf.constant(delays, tf.float32)[None, None, None]
        return a, tf.repeat(tau, tf.shape(a)[0], axis=0)

    def frequency_response(
        self,
        batch_size,
        num_time_steps,
        sampling_frequency,
        num_subcarriers,
        subcarrier_spacing_hz,
    ):
        """Draw a batch as responses; on the record's own grid they are the record's."""
        spacing_hz = tf.get_static_value(subcarrier_spacing_hz)
        own = (self.num_subcarriers, self._subcarrier_spacing_hz)
        if (num_subcarriers, spacing_hz) != own:
            return super().frequency_response(
                batch_size,
                num_time_steps,
                sampling_frequency,
                num_subcarriers,
                subcarrier_spacing_hz,
            )
        self._check_rate(num_time_steps, sampling_frequency)
        rows = self._rows(self._next_call(), batch_size)
        self._labels = {"row": rows}
        responses, _ = self._channels()
        h = self._steps(tf.gather(responses, rows), num_time_steps)
        return h[:, None, :, None]

    def _draw(self, call, batch_size, num_time_steps, sampling_frequency):
        self._check_rate(num_time_steps, sampling_frequency)
        rows = self._rows(call, batch_size)
        a, tau = self.take(rows, num_time_steps)
        return a, tau, {"row": rows}

    def _channels(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Responses and taps, both [num_samples, rx, tx, time, subcarriers]."""
        return self._tensors

    def _rows(self, call: Any, batch_size: Any) -> tf.Tensor:
        """Choose the channels of a call."""
        if self._replace:
            u = self._generator(call).uniform([batch_size], dtype=tf.float64)
            rows = tf.cast(u * self.num_samples, tf.int64)
            return tf.minimum(rows, self.num_samples - 1)
        batch_size = tf.cast(batch_size, tf.int64)
        position = call * batch_size + tf.range(batch_size)
        return self._generator(_ORDER).permuted_index(position, self.num_samples)

    def _steps(self, x, num_time_steps):
        """Cut or hold the time axis, 3."""
        if self._shape[3] == 1:
            return tf.repeat(x, num_time_steps, axis=3)
        return x[:, :, :, :num_time_steps]

    def _check_rate(self, num_time_steps, sampling_frequency) -> None:
        recorded = self._shape[3]
        if recorded == 1:
            return
        wanted = tf.get_static_value(num_time_steps)
        if wanted is None:
            raise ValueError(
                "num_time_steps must be known when a function is traced, since the "
                f"record has {recorded} of them; got a tensor."
            )
        if wanted > recorded:
            raise ValueError(
                f"num_time_steps must be at most {recorded}, the steps recorded, got "
                f"{wanted}."
            )
        rate = tf.get_static_value(sampling_frequency)
        if self._time_step_s is None or rate is None or wanted == 1:
            return
        if abs(rate * self._time_step_s - 1) > _RATE_TOLERANCE:
            raise ValueError(
                f"sampling_frequency must be {1 / self._time_step_s:g} Hz, one over "
                f"the time step of the record, within {_RATE_TOLERANCE:.0%}, got "
                f"{rate:g}."
            )


def _to_tensors(h: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
    """Make responses and taps constants that outlive a function being traced."""
    with tf.init_scope():
        return tf.constant(h), tf.constant(response_to_taps(h))


def _check_channels(name: str, h) -> np.ndarray:
    h = np.asarray(h)
    check_rank(name, h, _SHAPE)
    if h.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {h.shape}.")
    if h.size * 8 > _MAX_BYTES:
        raise ValueError(
            f"{name} must be at most {_MAX_BYTES / 2**30:g} GiB as complex64, got "
            f"{h.size * 8 / 2**30:.2f} GiB: serve fewer rows."
        )
    check_finite(name, h)
    return to_single(h, name=name)
