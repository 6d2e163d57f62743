"""Frames that a second process sends over ZeroMQ, and the process that sends them."""

import subprocess
import sys
import threading
from typing import Any

from commgen.sdr._threads import one_thread
from commgen.sdr.air.air import Air
from commgen.sdr.live.config import RunConfig
from commgen.sdr.radios.base import Samples
from commgen.sdr.radios.sim import SimulatedRadio
from commgen.sdr.radios.zmq import ZmqRadio
from commgen.sdr.waveform.numbered import NumberedFrames

_CHUNK = 1 << 15
_FREE_PORT = "tcp://127.0.0.1:*"
_GOODBYE_S = 5.0


class SentFromElsewhere(ZmqRadio):
    """Starts a process that sends through simulated air, and asks it for samples.

    Parameters
    ----------
    config
        The run, whose air and seed the other process gets.
    """

    def __init__(self, config: RunConfig):
        super().__init__(config.frame.sample_rate_hz, receive_from=_FREE_PORT)
        self._config = config
        self._sender: subprocess.Popen[str] | None = None
        self.num_sent: int | None = None

    def open(self) -> None:
        """Start the sender and ask for samples; else as :class:`ZmqRadio`."""
        command = [sys.executable, "-m", __name__, self._config.model_dump_json()]
        self._sender = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        address = _line(self._sender)
        if not address.startswith("tcp://"):
            self.close()
            raise OSError("the process that sends has not started; it says why above.")
        self.receive_from = address
        super().open()

    def receive(self, num_samples: int) -> Samples | None:
        """As :class:`ZmqRadio`; at the end the sender says how many frames it sent."""
        samples = super().receive(num_samples)
        if samples is None and self._sender is not None:
            told = _line(self._sender)
            self.num_sent = int(told) if told.isdigit() else None
        return samples

    def close(self) -> None:
        """Stop both; a second time does nothing."""
        super().close()
        sender, self._sender = self._sender, None
        if sender is None:
            return
        if sender.stdin is not None:
            sender.stdin.close()  # it ends when nobody holds the other end
        try:
            sender.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            sender.kill()
            sender.wait()
        if sender.stdout is not None:
            sender.stdout.close()


def _line(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline().strip() if process.stdout is not None else ""


def send(config: RunConfig) -> None:
    """Send the frames of a run; print the address, and at the end how many there were.

    Ends early when standard input does: the process that asks is gone.
    """
    one_thread()
    frame = config.frame
    frames = NumberedFrames(frame, seed=config.seed)
    rate, length = frame.sample_rate_hz, frames.transmitter.num_samples
    count = max(int((config.seconds or 0) * rate / length), 1)
    air = Air(config.air, frame)
    source = SimulatedRadio(frames, air, count, rate, paced=config.real_time)
    gone = threading.Event()
    threading.Thread(target=_watch, args=(gone,), daemon=True).start()
    with ZmqRadio(rate, send_at=_FREE_PORT) as radio, source:
        print(radio.address, flush=True)
        while not gone.is_set() and (samples := source.receive(_CHUNK)) is not None:
            radio.send(samples.values)
        if not gone.is_set():
            radio.finish()
    print(source.num_sent, flush=True)


def _watch(gone: Any) -> None:
    sys.stdin.read()
    gone.set()


if __name__ == "__main__":
    send(RunConfig.model_validate_json(sys.argv[1]))
