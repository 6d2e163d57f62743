"""Channels of decoded frames: what was sent is known, so all elements are pilots."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.datasets.channel_file import write_channels
from commgen.datasets.channel_meta import ChannelMeta
from commgen.frame.covariance import exponential_covariance, robust_covariance
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.frame.lmmse import covariance_root
from commgen.sdr.reception.received import ReceivedFrame
from commgen.sdr.waveform.transmitter import FrameTransmitter

_SPREADS_S = np.linspace(30e-9, 300e-9, 16)
_TAIL = 0.03  # share of the power
_TOLERANCE = 1e-7  # of powers, relative to their mean
_BATCH = 64


class SlotSmoother:
    r"""Channel of a slot whose symbols are all known, without most of the noise.

    The quotients y / x are filtered as

    .. math:: \hat h = R\,(R + N_0 I)^{-1}\,y / x

    under the covariance R of :func:`~commgen.frame.covariance.robust_covariance`, at
    the power of the frame, with a share of paths that are equally likely from a sample
    before the first one to the end of the prefix: profiles have tails that it has not.
    The error for TDL-A, C and D of 150 to 300 ns is 15 to 19 dB under noise of -10 to
    -30 dB. DC, which carries nothing, is filled in.

    Parameters
    ----------
    frame
        What was sent.
    """

    def __init__(self, frame: Frame) -> None:
        time, _ = robust_covariance(frame)
        inside = np.arange(frame.subcarriers[0], frame.subcarriers[-1] + 1)
        G = covariance_root(_over_frequency(frame, inside), tolerance=_TOLERANCE)
        sent = np.isin(inside, frame.subcarriers)
        U_f, s_f, V_f = np.linalg.svd(G[sent], full_matrices=False)
        U_t, s_t, _ = np.linalg.svd(
            covariance_root(time, tolerance=_TOLERANCE), full_matrices=False
        )
        self._seen = U_t.conj().T.astype(np.complex64), U_f.conj().astype(np.complex64)
        self._shown = U_t.astype(np.complex64), self._columns(G, V_f, s_f)
        self._powers = np.outer(s_t**2, s_f**2).astype(np.float32)
        self._num_seen = frame.num_ofdm_symbols * int(sent.sum())

    @staticmethod
    def _columns(G, V_f, s_f) -> np.ndarray:
        return (V_f.conj() @ G.T / s_f[:, None]).astype(np.complex64)

    def __call__(self, h: np.ndarray, no: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Smooth channels.

        Parameters
        ----------
        h : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
            Quotients y / x.
        no : [n], float
            Variance of the noise in them.

        Returns
        -------
        h_hat : [n, num_ofdm_symbols, num_subcarriers], complex64
            With DC between the others.
        err_var : [n], float64
            Mean error variance that the filter promises.
        """
        power = np.mean(np.abs(h) ** 2, axis=(1, 2)) - no
        power = np.maximum(power, 1e-3 * no)[:, None, None]
        no = np.asarray(no, float)[:, None, None]
        powers = power * self._powers
        gain = (powers / (powers + no)).astype(np.float32)
        to_time, to_frequency = self._seen
        time, frequency = self._shown
        h_hat = time @ (gain * (to_time @ h @ to_frequency)) @ frequency
        return h_hat, np.sum(gain * no, axis=(1, 2)) / self._num_seen


def _over_frequency(frame: Frame, subcarriers: np.ndarray) -> np.ndarray:
    body = exponential_covariance(subcarriers * frame.subcarrier_spacing_hz, _SPREADS_S)
    delays = np.linspace(-1, frame.cyclic_prefix_length, 101)
    waves = np.exp(-2j * np.pi / frame.fft_size * np.outer(subcarriers, delays))
    tail = waves @ waves.conj().T / len(delays)
    return (1 - _TAIL) * body + _TAIL * tail


class ChannelRecorder:
    """Collects the channels of decoded frames, to be written as a channel file.

    CFO and delay of the first path are taken out, as for the receiver's estimator: a
    model of these channels is at home there. Frames that failed are left out, so that
    the deepest fades are missing.

    Parameters
    ----------
    frame
        What was sent.
    """

    def __init__(self, frame: Frame = RADIO_FRAME) -> None:
        self.frame = frame
        self._transmitter = FrameTransmitter(frame)
        self._smoother = SlotSmoother(frame)
        self._h: list[np.ndarray] = []
        self._labels: list[tuple] = []

    def __len__(self) -> int:
        return len(self._labels)

    def add(self, frames: Iterable[ReceivedFrame]) -> None:
        """Add the channels of frames; those that were not decoded are passed over."""
        decoded = [frame for frame in frames if frame.crc_ok]
        for start in range(0, len(decoded), _BATCH):
            self._add(decoded[start : start + _BATCH])

    def _add(self, frames: Sequence[ReceivedFrame]) -> None:
        x = self._transmitter.grid(np.stack([frame.bits for frame in frames]))
        no = np.array([frame.no for frame in frames], np.float64)
        h, err_var = self._smoother(np.stack([frame.y for frame in frames]) / x, no)
        self._h += list(h)
        for frame, error in zip(frames, err_var, strict=True):
            self._labels.append(
                (
                    frame.snr_db,
                    frame.no,
                    error,
                    frame.cfo_hz,
                    frame.delay_s,
                    frame.start,
                )
            )

    def write(
        self,
        path: str | Path,
        *,
        carrier_hz: float | None = None,
        scenario: str = "not stated",
        made: str | None = None,
    ) -> ChannelMeta:
        """Write all channels, scaled to unit mean power of the set.

        Labels are, of each frame, ``snr_db``, ``noise_var`` (of y / x) and ``err_var``
        (of the channel as written), both in the scale of the file, ``cfo_hz``,
        ``delay_s`` and ``start``, its first sample since the stream began.

        Parameters
        ----------
        path
            Channel file to write.
        carrier_hz, scenario
            For its description.
        made
            What made it.

        Raises
        ------
        ValueError
            If there is no channel.
        """
        if not self._h:
            raise ValueError("a recording must hold at least one decoded frame, got 0.")
        h = np.stack(self._h)[:, None, None]
        power = float(np.mean(np.abs(h.astype(np.complex128)) ** 2))
        values = np.array(self._labels, float).T
        names = ("snr_db", "noise_var", "err_var", "cfo_hz", "delay_s", "start")
        labels: dict[str, Any] = dict(zip(names, values, strict=True))
        for name in ("noise_var", "err_var"):
            labels[name] = labels[name] / power
        labels["start"] = labels["start"].astype(np.int64)
        meta = self._meta(power, float(labels["err_var"].mean()), carrier_hz, scenario)
        scaled = (h / np.sqrt(power)).astype(np.complex64)
        write_channels(path, scaled, meta, labels, made=made)
        return meta

    def _meta(self, power, err_var, carrier_hz, scenario) -> ChannelMeta:
        frame = self.frame
        return ChannelMeta(
            domain="frequency",
            subcarrier_spacing_hz=frame.subcarrier_spacing_hz,
            carrier_hz=carrier_hz,
            bandwidth_hz=frame.num_effective_subcarriers * frame.subcarrier_spacing_hz,
            time_step_s=frame.symbol_duration_s,
            rx_antennas="one",
            tx_antennas="one",
            scenario=scenario,
            source="frames that a receiver decoded and encoded again",
            normalisation=f"divided by the mean power of the set, {power:.6g}",
            description=(
                "CFO and delay of the first path taken out; smoothed over the slot, "
                f"with a mean error variance of {err_var:.2g}; frames that failed are "
                "missing; DC filled in."
            ),
        )


def record_channels(
    stream: Iterable[np.ndarray],
    receiver: Any,
    num_frames: int,
    advance: Callable[[int], object] = lambda num: None,
) -> ChannelRecorder:
    """Receive a stream until so many frames are decoded, or it ends.

    Parameters
    ----------
    stream
        Samples, [num] complex64 each.
    receiver
        A :class:`~commgen.sdr.reception.receiver.FrameReceiver`.
    num_frames
        Channels that are wanted.
    advance
        Called with the frames that were added.
    """
    num_frames = check_int("num_frames", num_frames, low=1)
    recorder = ChannelRecorder(receiver.frame)

    def add(frames):
        decoded = [frame for frame in frames if frame.crc_ok]
        kept = decoded[: num_frames - len(recorder)]
        recorder.add(kept)
        advance(len(kept))

    for samples in stream:
        add(receiver.push(samples))
        if len(recorder) >= num_frames:
            return recorder
    add(receiver.finish())
    return recorder
