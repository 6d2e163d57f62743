"""``commgen sdr record``: channels of the frames that were decoded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from commgen._console import say
from commgen._files.made import made_by
from commgen._files.whole import sha256, shown
from commgen._progress import progress_bar
from commgen.cli._done import ForceOption, already_made, channels_made

_AIR = "Simulated air, where there is no INPUT"
_FRAME_LENGTH = 2183  # samples of a frame with its gap: as long as a channel lasts
_TOGETHER = 64  # frames that are sent in one go


def record(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Channel file to write.")
    ],
    recording: Annotated[
        Path | None,
        typer.Argument(
            metavar="[INPUT]", help="Raw recording of 1.92 Msample/s, or .sigmf-meta."
        ),
    ] = None,
    frames: Annotated[int, typer.Option(min=1, help="Channels to record.")] = 2000,
    estimator: Annotated[
        str, typer.Option(help="lmmse, ls, or a model: what decodes the frames.")
    ] = "lmmse",
    kind: Annotated[
        str, typer.Option("--type", help="Of raw samples: uint8, int16, float32.")
    ] = "float32",
    seed: Annotated[int, typer.Option(min=0, rich_help_panel=_AIR)] = 0,
    channel: Annotated[
        str, typer.Option(help="A to E of TDL, or AWGN.", rich_help_panel=_AIR)
    ] = "A",
    channel_file: Annotated[
        Path | None, typer.Option(help="Channels to play.", rich_help_panel=_AIR)
    ] = None,
    snr_db: Annotated[float, typer.Option(rich_help_panel=_AIR)] = 20.0,
    delay_spread_ns: Annotated[float, typer.Option(rich_help_panel=_AIR)] = 100.0,
    speed_m_s: Annotated[float, typer.Option(rich_help_panel=_AIR)] = 3.0,
    cfo_hz: Annotated[float, typer.Option(rich_help_panel=_AIR)] = 1000.0,
    clock_error_ppm: Annotated[float, typer.Option(rich_help_panel=_AIR)] = 0.0,
    force: ForceOption = False,
) -> None:
    """Write the channels of decoded frames, to learn from: a site as it is heard.

    What was decoded is encoded again, so that all of a frame is known, and its channel
    too, but for little noise. On simulated air each frame meets another channel.
    """
    from commgen.sdr.air.config import AirConfig

    settings: dict[str, Any] = {"frames": frames, "estimator": estimator}
    inputs = _digests(recording, channel_file, estimator)
    if recording is None:
        air = AirConfig(
            channel=channel if channel == "AWGN" else f"TDL-{channel}",  # type: ignore[arg-type]
            channel_file=channel_file,
            snr_db=snr_db,
            delay_spread_s=delay_spread_ns * 1e-9,
            speed_m_s=speed_m_s,
            cfo_hz=cfo_hz,
            clock_error_ppm=clock_error_ppm,
            seed=seed,
            renewal=_FRAME_LENGTH,
        )
        settings |= air.model_dump(mode="json", exclude={"channel_file"})
        scenario = f"simulated air: {shown(channel_file) if channel_file else channel}"
    else:
        air, scenario = None, f"received: {recording.name}"
        settings |= {"name": shown(recording), "type": kind}
    made = made_by("sdr record", settings, inputs)
    if already_made(output, made, channels_made, force=force):
        return
    if recording is None:
        blocks = _sent(air, frames, seed)
    else:
        blocks = _recorded(recording, kind)
    recorder = _record(blocks, estimator, frames)
    meta = recorder.write(output, scenario=scenario, made=made)
    say(f"written to {output}: {len(recorder):,} channels")
    say(meta.description)


def _record(blocks: Iterator[Any], estimator: str, frames: int) -> Any:
    from commgen.frame.frame import RADIO_FRAME
    from commgen.sdr.reception.named import estimator_named
    from commgen.sdr.reception.receiver import FrameReceiver
    from commgen.sdr.reception.recording import record_channels

    receiver = FrameReceiver(estimator=estimator_named(estimator, RADIO_FRAME))
    with progress_bar("recording", frames, unit="frames") as advance:
        return record_channels(blocks, receiver, frames, advance)


def _recorded(recording: Path, kind: str) -> Iterator[Any]:
    from commgen.frame.frame import RADIO_FRAME
    from commgen.sdr.radios.recording import open_recording

    return open_recording(recording, kind, RADIO_FRAME.sample_rate_hz).blocks()


def _sent(config: Any, frames: int, seed: int) -> Iterator[Any]:
    """Yield simulated air until three times the frames were sent."""
    import numpy as np

    from commgen.sdr.air.air import Air
    from commgen.sdr.waveform.numbered import NumberedFrames

    air, samples = Air(config), NumberedFrames(seed=seed)
    for start in range(0, 3 * frames, _TOGETHER):
        numbers = np.arange(start, min(start + _TOGETHER, 3 * frames))
        yield air.push(samples(numbers).ravel())


def _digests(
    recording: Path | None, channel_file: Path | None, estimator: str
) -> dict[str, str]:
    files = {"input": recording, "channel_file": channel_file}
    if Path(estimator).is_file():
        files["model"] = Path(estimator)
    return {name: sha256(path) for name, path in files.items() if path is not None}
