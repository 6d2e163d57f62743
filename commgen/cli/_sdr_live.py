"""``commgen sdr run`` and ``install-grc``: frames on live samples."""

from pathlib import Path
from typing import Annotated, Any

import typer

from commgen import __version__
from commgen._console import plain_console, say
from commgen._files.claims import claimed_folder
from commgen._files.tables import write_csv
from commgen._files.whole import write_json
from commgen._progress import progress_bar
from commgen.cli._done import ForceOption, say_done
from commgen.cli._tables import plain_table

_CHANNELS = {letter: f"TDL-{letter}" for letter in "ABCDE"}
_AIR = "Simulated air"
_USRP = "USRP"
_SHOWN = ("sent", "decoded", "failed", "lost", "bler", "ber", "snr_db", "evm_db")


def run(
    radio: Annotated[str, typer.Option(help="sim, zmq, file or uhd.")] = "sim",
    estimator: Annotated[
        str, typer.Option(help="lmmse, ls, slot, learned, or a model (.onnx, .npz).")
    ] = "lmmse",
    seconds: Annotated[
        float, typer.Option(help="Of the stream; 0 until it ends.")
    ] = 10.0,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Simulated air as fast as a radio.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of payloads, fading and noise.")] = 0,
    num_bits_per_symbol: Annotated[
        int | None, typer.Option(help="2, 4, 6 or 8: QPSK, the usual one, to 256-QAM.")
    ] = None,
    coderate: Annotated[float, typer.Option(help="Of the NR LDPC code.")] = 0.5,
    constellation: Annotated[
        Path | None, typer.Option(help="Points of the data (.npz) in place of QAM.")
    ] = None,
    channel: Annotated[
        str, typer.Option(help="A to E of TDL, or AWGN.", rich_help_panel=_AIR)
    ] = "A",
    channel_file: Annotated[
        Path | None, typer.Option(help="Channels to play.", rich_help_panel=_AIR)
    ] = None,
    snr_db: Annotated[float, typer.Option(rich_help_panel=_AIR)] = 15.0,
    delay_spread_ns: Annotated[float, typer.Option(rich_help_panel=_AIR)] = 100.0,
    speed_m_s: Annotated[float, typer.Option(rich_help_panel=_AIR)] = 3.0,
    cfo_hz: Annotated[float, typer.Option(rich_help_panel=_AIR)] = 1000.0,
    clock_error_ppm: Annotated[float, typer.Option(rich_help_panel=_AIR)] = 0.0,
    linewidth_hz: Annotated[
        float, typer.Option(help="Of phase noise.", rich_help_panel=_AIR)
    ] = 0.0,
    interference: Annotated[
        bool,
        typer.Option(
            "--interference", help="A burst in every frame.", rich_help_panel=_AIR
        ),
    ] = False,
    recording: Annotated[
        Path | None, typer.Option("--input", help="SigMF recording for --radio file.")
    ] = None,
    address: Annotated[
        str, typer.Option(help="Who sends over ZeroMQ; without, a second process.")
    ] = "",
    args: Annotated[
        str, typer.Option(help="Device address.", rich_help_panel=_USRP)
    ] = "",
    frequency_hz: Annotated[float, typer.Option(rich_help_panel=_USRP)] = 2.45e9,
    gain_db: Annotated[float | None, typer.Option(rich_help_panel=_USRP)] = None,
    antenna: Annotated[str, typer.Option(rich_help_panel=_USRP)] = "",
    clock_source: Annotated[str, typer.Option(rich_help_panel=_USRP)] = "",
    time_source: Annotated[str, typer.Option(rich_help_panel=_USRP)] = "",
    send: Annotated[
        bool, typer.Option("--send", help="Send frames, too.", rich_help_panel=_USRP)
    ] = False,
    record: Annotated[
        Path | None, typer.Option(help="Keep the samples as a SigMF recording.")
    ] = None,
    record_type: Annotated[
        str, typer.Option(help="Of its samples: cf32_le, ci16_le, ci8 or cu8.")
    ] = "cf32_le",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the results.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Receive frames from simulated air, another process, a recording or a USRP.

    Shows what became of each frame that was sent. With --output the table, how it went
    over time, a picture and a card are written.
    """
    from commgen.sdr.live.config import RunConfig, UsrpConfig

    config = RunConfig(
        radio=radio,  # type: ignore[arg-type]
        estimator=estimator,
        seconds=seconds or None,
        real_time=real_time,
        seed=seed,
        num_bits_per_symbol=num_bits_per_symbol,  # type: ignore[arg-type]
        coderate=coderate,
        constellation=constellation,
        air=_air(
            channel=_CHANNELS.get(channel, channel),
            channel_file=channel_file,
            delay_spread_s=delay_spread_ns * 1e-9,
            speed_m_s=speed_m_s,
            carrier_hz=3.5e9,
            snr_db=snr_db,
            cfo_hz=cfo_hz,
            clock_error_ppm=clock_error_ppm,
            linewidth_hz=linewidth_hz,
            interference=interference,
            seed=seed,
        ),
        recording=recording,
        address=address,
        usrp=UsrpConfig(
            args=args,
            frequency_hz=frequency_hz,
            gain_db=gain_db,
            antenna=antenna,
            clock_source=clock_source,
            time_source=time_source,
            sends=send,
        ),
    )
    if output is None:
        _run(config, None, record, record_type, force=force)
        return
    told = {"run": config.told(), "inputs": _inputs(config), "commgen": __version__}
    with claimed_folder(output, told, "session", force=force, goes_on=False) as done:
        if not done:
            _run(config, output, record, record_type, force=force)
    if done:
        say_done(output)
    else:
        say(f"written to {output}")


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for table and picture.")
    ] = Path("runs/sdr-demo"),
    num_frames: Annotated[
        int, typer.Option(min=10, help="Frames of each estimator at each SNR.")
    ] = 2000,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 1,
    force: ForceOption = False,
) -> None:
    """Receive with a learned receiver, LMMSE and LS over fading, and compare them.

    Needs no radio. All three get the same samples, through GNU Radio where that is.
    """
    from commgen.sdr.live import demo

    told = {"num_frames": num_frames, "seed": seed, "commgen": __version__}
    with claimed_folder(output, told, "sdr-demo", force=force, goes_on=False) as done:
        if not done:
            points = len(demo.CONDITIONS) * len(demo.SNR_DB) * len(demo.ESTIMATORS)
            with progress_bar("receiving", points, unit="points") as advance:
                rows, facts = demo.demo_rows(num_frames, seed, advance)
            plain_console().print(
                plain_table("block error rate", demo.table_rows(rows))
            )
            say(
                f"{facts['num_samples'] / 1e6:.0f} Msample through {facts['through']} "
                f"in {facts['cpu_seconds']:.0f} s of CPU time"
            )
            write_csv(output / "results.csv", rows)
            demo.save_demo_picture(output / "results.png", rows)
            write_json(output / "card.json", {**told, **facts})
    if done:
        say_done(output)
    else:
        say(f"written to {output}")


def install_grc(
    folder: Annotated[
        Path | None, typer.Option(help="Where to; by default ~/.grc_gnuradio.")
    ] = None,
) -> None:
    """Lay the blocks where GNU Radio Companion finds them, and flowgraphs of them."""
    from commgen.sdr.grc.install import SEARCHED, install_grc, is_searched

    written = install_grc(folder)
    target = written[0].parent
    say(f"written to {target}: {len(written)} files")
    if not is_searched(target):
        say(f"Companion looks there after: export {SEARCHED}={target.resolve()}")


def _air(*, interference: bool, **settings: Any) -> Any:
    from commgen.frame.bursts import Bursts
    from commgen.sdr.air.config import AirConfig

    renewal = None if settings["channel_file"] is None else 20_000
    bursts = Bursts() if interference else None
    return AirConfig(renewal=renewal, bursts=bursts, **settings)


def _inputs(config: Any) -> dict[str, str]:
    """Return the digests of the files that a run reads."""
    from commgen._files.whole import sha256
    from commgen.sdr.radios.sigmf_meta import META
    from commgen.sdr.radios.sigmf_reader import pieces_of

    files = {
        "channel_file": config.air.channel_file,
        "constellation": config.constellation,
    }
    if Path(config.estimator).is_file():
        files["model"] = Path(config.estimator)
    if config.recording is not None:
        for i, base in enumerate(pieces_of(config.recording)):
            files[f"recording {i}"] = base.with_name(base.name + META)
    return {name: sha256(path) for name, path in files.items() if path is not None}


def _run(
    config: Any, output: Path | None, record: Path | None, kind: str, *, force: bool
) -> None:
    from commgen.sdr.live.build import build_session
    from commgen.sdr.live.terminal import live_table

    session = build_session(config, in_loop=record is not None)
    recorder = _recorder(config, record, kind, force=force)
    if recorder is not None:
        recorder.follow(session)
    title = f"{config.radio}, {config.estimator}, through {session.engine.through}"
    try:
        with live_table(title) as show:
            session.run(show)
    finally:
        if recorder is not None:
            warning = recorder.close()
            say(warning or f"recorded to {record}")
        if session.num_samples:
            _show(session, title)
    if output is not None:
        _write(output, config, session, title)


def _recorder(config: Any, path: Path | None, kind: str, *, force: bool) -> Any:
    if path is None:
        return None
    from commgen.sdr.live.recorder import Recorder
    from commgen.sdr.waveform.transmitter import FrameTransmitter

    return Recorder(
        path,
        config.frame.sample_rate_hz,
        frame_length=FrameTransmitter(config.frame).num_samples,
        sample_type=kind,
        frequency_hz=config.usrp.frequency_hz if config.radio == "uhd" else None,
        force=force,
    )


def _show(session: Any, title: str) -> None:
    row = session.row()
    shown = {name: _short(row[name]) for name in _SHOWN}
    plain_console().print(plain_table(title, [shown]))
    if row["false_alarms"] or row["wrong"]:
        say(
            f"{row['false_alarms']} false alarms; {row['wrong']} frames passed their "
            "CRC with wrong bits"
        )
    costs = session.costs()
    say(
        f"{session.num_samples / session.sample_rate_hz:.1f} s of the stream in "
        f"{costs['wall_seconds']:.1f} s: real-time factor "
        f"{costs['real_time_factor']:.3f}, {costs['msample_per_cpu_s']:.2f} Msample a "
        f"CPU second, {costs['memory_mb']:.0f} MB"
    )
    facts = session.engine.facts()
    if facts["overflows"] or facts["underruns"]:
        say(
            f"{facts['overflows']} overflows ({facts['samples_lost']} samples lost), "
            f"{facts['underruns']} underruns"
        )


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _write(output: Path, config: Any, session: Any, title: str) -> None:
    from commgen.sdr.live.picture import save_picture

    row = {"estimator": config.estimator, **session.row()}
    write_csv(output / "result.csv", [row])
    write_csv(output / "timeline.csv", session.timeline.rows())
    save_picture(output / "session.png", session, title)
    card = {
        "run": config.told(),
        "through": session.engine.through,
        "result": {name: _plain(value) for name, value in row.items()},
        "received_by": session.timeline.total.estimators,
        "radio": session.engine.facts(),
        "costs": session.costs(),
    }
    write_json(output / "card.json", card)


def _plain(value: Any) -> Any:
    """Return a number that JSON has."""
    return None if isinstance(value, float) and value != value else value
