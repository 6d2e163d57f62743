"""Blocks of what GNU Radio Companion's fields hold: numbers and names alone."""

from typing import Any

from commgen.frame.frame import RADIO_FRAME
from commgen.sdr.air.air import Air
from commgen.sdr.air.config import AirConfig
from commgen.sdr.blocks.model_estimator import model_estimator
from commgen.sdr.blocks.ofdm_frame_receiver import ofdm_frame_receiver
from commgen.sdr.blocks.ofdm_frame_source import ofdm_frame_source
from commgen.sdr.blocks.radio_source import radio_source
from commgen.sdr.blocks.simulated_air import simulated_air
from commgen.sdr.radios.file import FileRadio
from commgen.sdr.reception.named import estimator_named
from commgen.sdr.reception.receiver import FrameReceiver
from commgen.sdr.waveform.numbered import NumberedFrames


def frame_source(seed: int, num_frames: int) -> Any:
    """Make a source of frames; ``num_frames`` 0 is without end."""
    return ofdm_frame_source(NumberedFrames(RADIO_FRAME, seed=seed), num_frames)


def air(
    channel: str,
    delay_spread_ns: float,
    speed_m_s: float,
    carrier_ghz: float,
    snr_db: float,
    cfo_hz: float,
    clock_error_ppm: float,
    seed: int,
) -> Any:
    """Make simulated air."""
    config = AirConfig(
        channel=channel,  # type: ignore[arg-type]
        delay_spread_s=delay_spread_ns * 1e-9,
        speed_m_s=speed_m_s,
        carrier_hz=carrier_ghz * 1e9,
        snr_db=snr_db,
        cfo_hz=cfo_hz,
        clock_error_ppm=clock_error_ppm,
        seed=seed,
    )
    return simulated_air(Air(config, RADIO_FRAME))


def frame_receiver(estimator: str, threshold: float, sample_rate_hz: float) -> Any:
    """Make a receiver of frames; a ``threshold`` of 0 is the usual one."""
    usual = {"threshold": threshold} if threshold else {}
    receiver = FrameReceiver(
        RADIO_FRAME, estimator=estimator_named(estimator, RADIO_FRAME), **usual
    )
    return ofdm_frame_receiver(
        receiver,
        estimators=lambda name: estimator_named(name, RADIO_FRAME),
        sample_rate_hz=sample_rate_hz,
    )


def estimator(name: str) -> Any:
    """Make an estimator of grids."""
    return model_estimator(
        RADIO_FRAME,
        estimator_named(name, RADIO_FRAME),
        estimators=lambda name: estimator_named(name, RADIO_FRAME),
    )


def recording(path: str) -> Any:
    """Make a source of a SigMF recording."""
    return radio_source(FileRadio(path))
