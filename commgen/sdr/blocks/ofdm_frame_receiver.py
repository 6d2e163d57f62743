"""A coded OFDM receiver: samples in, decoded frames out."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from commgen.sdr._gnuradio import gnuradio
from commgen.sdr._kept import BUFFER_ITEMS, answers_errors, keep, keeps_errors
from commgen.sdr.blocks.simulated_air import settings
from commgen.sdr.radios.gaps import GappedReceiver, StreamingReceiver
from commgen.sdr.radios.rx_time import ReceptionTimes

gr, pmt = gnuradio("gr"), gnuradio("pmt")

FRAMES, COMMAND, RADIO = (pmt.intern(name) for name in ("frames", "command", "radio"))
_RX_TIME = pmt.intern("rx_time")


class ofdm_frame_receiver(gr.sync_block):
    """Find, decode and tell frames; the samples pass through, with their tags.

    Parameters
    ----------
    receiver
        A :class:`commgen.sdr.reception.receiver.FrameReceiver`.
    estimators
        Function from the name in a command, such as "lmmse" or a model's path, to an
        estimator; by default the name itself is given to the receiver.
    sample_rate_hz
        Of the stream: turns times of samples into counts.
    on_frames
        Called with each list of received frames, in the block's thread.

    Attributes
    ----------
    samples_lost : int
        Samples that were missing, by the times that the radio put on the others.
    overflows : int
        How many times some were.
    num_samples : int
        Samples of the stream so far, gaps counted.
    ended : threading.Event
        Set when the stream has ended and all frames are told.

    Ports
    -----
    in 0, out 0 : complex64
        The samples. A tag ``rx_time`` (UHD's: whole seconds and their fraction) that
        comes later than the samples before it took means that some are missing.
    frames : message, out
        A PDU for each frame: its bits as bytes, and in the metadata ``crc_ok``,
        ``snr_db``, ``cfo_hz``, ``delay_s``, ``evm_db``, ``estimator``, ``start`` and,
        where the radio tells times, ``rx_time``.
    command : message, in
        A dictionary, or a pair: ``estimator`` and ``threshold`` hold from the next
        samples on, and none of these is lost; ``freq`` [Hz] and ``gain`` [dB] go on to
        the port ``radio``.
    radio : message, out
        For the command port of a USRP source.
    """

    def __init__(
        self,
        receiver: StreamingReceiver,
        *,
        estimators: Callable[[str], Any] | None = None,
        sample_rate_hz: float = 1.92e6,
        on_frames: Callable[[list[Any]], None] | None = None,
    ):
        gr.sync_block.__init__(
            self, "ofdm_frame_receiver", in_sig=[np.complex64], out_sig=[np.complex64]
        )
        self.set_min_output_buffer(BUFFER_ITEMS)
        self.error: Exception | None = None
        self.refused: Exception | None = None
        self.receiver = receiver
        self.samples_lost = self.overflows = 0
        self.ended = threading.Event()
        self._gapped = GappedReceiver(receiver)
        self._times = ReceptionTimes(sample_rate_hz)
        self._estimators = estimators or (lambda name: name)
        self._on_frames = on_frames
        self.message_port_register_out(FRAMES)
        self.message_port_register_out(RADIO)
        self.message_port_register_in(COMMAND)
        self.set_msg_handler(COMMAND, self.handle_command)

    @keeps_errors
    def work(self, input_items: Any, output_items: Any) -> int:
        """Push what came, in stretches without a gap."""
        samples = input_items[0]
        output_items[0][:] = samples
        for begin, end, lost in self._stretches(len(samples)):
            self._tell(self._gapped.push(samples[begin:end], lost))
        return len(samples)

    def stop(self) -> bool:
        """Tell the frames that are left, when the stream has ended."""
        if self.error is None:
            try:
                self._tell(self._gapped.finish())
            except Exception as error:
                keep(self, error)
        self.ended.set()
        return True

    @property
    def num_samples(self) -> int:
        """Samples of the stream so far, gaps counted."""
        return self._gapped.num_samples

    @answers_errors
    def handle_command(self, message: Any) -> None:
        """Change estimator or threshold; hand frequency and gain on to the radio."""
        for name, value in settings(message).items():
            if name == "estimator":
                self.receiver.estimator = self._estimators(value)
            elif name == "threshold":
                self.receiver.threshold = float(value)
            elif name in ("freq", "gain"):
                told = pmt.dict_add(
                    pmt.make_dict(), pmt.intern(name), pmt.from_double(float(value))
                )
                self.message_port_pub(RADIO, told)
            else:
                raise ValueError(
                    "a command must be estimator, threshold, freq or gain, "
                    f"got {name!r}."
                )

    def _stretches(self, count: int) -> Iterator[tuple[int, int, int]]:
        """Yield begin, end and what is lost before, of each stretch of ``count``."""
        first, begin, lost = self.nitems_read(0), 0, 0
        for tag in self.get_tags_in_window(0, 0, count, _RX_TIME):
            place = tag.offset - first
            missing = self._lost(tag)
            if missing:
                if place > begin:
                    yield begin, place, lost
                    lost = 0
                begin, lost = place, lost + missing
        yield begin, count, lost

    def _lost(self, tag: Any) -> int:
        full = pmt.to_uint64(pmt.tuple_ref(tag.value, 0))
        part = pmt.to_double(pmt.tuple_ref(tag.value, 1))
        lost = self._times.lost(tag.offset, full, part)
        self.samples_lost += lost
        self.overflows += lost > 0
        return lost

    def _tell(self, frames: list[Any]) -> None:
        if frames and self._on_frames is not None:
            self._on_frames(frames)
        if frames and self.message_subscribers(FRAMES):
            for frame in frames:
                self.message_port_pub(FRAMES, self._pdu(frame))

    def _pdu(self, frame: Any) -> Any:
        told = {
            "crc_ok": pmt.from_bool(bool(frame.crc_ok)),
            "estimator": pmt.intern(frame.estimator),
            "start": pmt.from_long(int(frame.start)),
        }
        for name in ("snr_db", "cfo_hz", "delay_s", "evm_db"):
            told[name] = pmt.from_double(float(getattr(frame, name)))
        time = self._times.time_of(int(frame.start))
        if time is not None and time[0] >= 0:
            seconds = pmt.from_uint64(time[0]), pmt.from_double(time[1])
            told["rx_time"] = pmt.make_tuple(*seconds)
        metadata = pmt.make_dict()
        for name, value in told.items():
            metadata = pmt.dict_add(metadata, pmt.intern(name), value)
        data = np.packbits(frame.bits).tolist()
        return pmt.cons(metadata, pmt.init_u8vector(len(data), data))
