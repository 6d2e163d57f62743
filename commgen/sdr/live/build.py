"""From what a run is asked for to what runs."""

import importlib.util
from typing import Any

import numpy as np

from commgen.frame.frame import RADIO_FRAME
from commgen.sdr._threads import one_thread
from commgen.sdr.air.air import Air
from commgen.sdr.air.config import AirConfig
from commgen.sdr.live.config import RunConfig
from commgen.sdr.live.engines import Engine, FlowEngine, LoopEngine
from commgen.sdr.live.ledger import Ledger
from commgen.sdr.live.session import Session
from commgen.sdr.live.timeline import Timeline
from commgen.sdr.radios.base import Radio
from commgen.sdr.radios.file import FileRadio
from commgen.sdr.radios.sim import SimulatedRadio
from commgen.sdr.reception.named import estimator_named
from commgen.sdr.reception.receiver import FrameReceiver
from commgen.sdr.waveform.numbered import NumberedFrames
from commgen.sdr.waveform.transmitter import FrameTransmitter

_RATE_TOLERANCE = 1e-6


def build_session(
    config: RunConfig, *, estimator: Any = None, in_loop: bool = False
) -> Session:
    """Make what a configuration asks for.

    Parameters
    ----------
    config
        The run.
    estimator
        In place of ``config.estimator``: what receives the slots.
    in_loop
        Whether simulated air goes through a loop, too, where GNU Radio is: to record
        its samples.

    Raises
    ------
    OSError, ValueError
        If a file is missing or damaged, or does not fit.
    ImportError
        If the radio needs GNU Radio, and it is not there.
    """
    frame = config.frame
    frames = NumberedFrames(frame, seed=config.seed)
    chosen = estimator or estimator_named(config.estimator, frame)
    usual = {} if config.threshold is None else {"threshold": config.threshold}
    warm_up(chosen, frames)
    receiver = FrameReceiver(frame, estimator=chosen, **usual)
    engine = _engine(config, frames, receiver, in_loop)
    length = frames.transmitter.num_samples
    if config.radio == "sim":
        ledger = Ledger(frames.payloads, length, origin=0, most=num_frames(config))
    else:
        ledger = Ledger(frames.payloads, length, origin=None)
    interval_s = min(1.0, (config.seconds or 20) / 20)
    return Session(engine, ledger, Timeline(interval_s), frame.sample_rate_hz)


def warm_up(estimator: Any, frames: NumberedFrames) -> None:
    """Receive some frames, so that nothing is compiled while samples come."""
    one_thread()
    samples, frame = frames(np.arange(3)).reshape(-1), frames.transmitter.frame
    receiver = FrameReceiver(frame, estimator=estimator)
    receiver.push(Air(AirConfig(snr_db=30), frame).push(samples))
    receiver.finish()


def num_frames(config: RunConfig) -> int:
    """Return how many frames fill the seconds of a run, at least one."""
    length = FrameTransmitter(config.frame).num_samples
    seconds = config.seconds or 0
    return max(int(seconds * config.frame.sample_rate_hz / length), 1)


def _engine(
    config: RunConfig, frames: NumberedFrames, receiver: FrameReceiver, in_loop: bool
) -> Engine:
    rate = config.frame.sample_rate_hz
    if config.radio == "sim":
        air, count = Air(config.air, config.frame), num_frames(config)
        paced = config.real_time
        if not in_loop and importlib.util.find_spec("gnuradio") is not None:
            return FlowEngine(frames, air, receiver, count, rate, paced=paced)
        radio = SimulatedRadio(frames, air, count, rate, paced=paced)
        return LoopEngine(radio, receiver)
    most = None if config.seconds is None else int(config.seconds * rate)
    return LoopEngine(radio_of(config, frames), receiver, most_samples=most)


def radio_of(config: RunConfig, frames: NumberedFrames) -> Radio:
    """Return the radio of a run, not opened yet."""
    rate = config.frame.sample_rate_hz
    if config.recording is not None:
        return _FrameRate(config.recording)
    if config.radio == "zmq":
        from commgen.sdr.live.two_processes import SentFromElsewhere
        from commgen.sdr.radios.zmq import ZmqRadio

        if config.address:
            return ZmqRadio(rate, receive_from=config.address)
        return SentFromElsewhere(config)
    from commgen.sdr.live.usrp import usrp_radio

    return usrp_radio(config, frames)


class _FrameRate(FileRadio):
    """A recording that must have the sample rate of the frames."""

    def open(self) -> None:
        super().open()
        rate = RADIO_FRAME.sample_rate_hz
        if abs(self.sample_rate_hz / rate - 1) > _RATE_TOLERANCE:
            raise ValueError(
                f"{self.path} must have {rate:g} samples a second, as the frames have, "
                f"got {self.sample_rate_hz:g}."
            )
