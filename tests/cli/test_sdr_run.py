"""``commgen sdr run`` and ``install-grc`` as a user meets them."""

import csv
import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from commgen.sdr.radios.sigmf_reader import SigMFReader

HERE = find_spec("gnuradio") is not None
needs_gnuradio = [
    pytest.mark.gnuradio,
    pytest.mark.timeout(120),
    pytest.mark.skipif(not HERE, reason="GNU Radio is not installed: make radio"),
]
QUICK = ("--seconds", 0.5, "--snr-db", 12, "--seed", 3)


def gnuradio(*values):
    return pytest.param(*values, marks=needs_gnuradio)


def result(folder):
    (row,) = table(folder / "result.csv")
    return row


def table(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def check_counts(row):
    counted = [int(row[name]) for name in ("decoded", "failed", "lost")]
    assert sum(counted) == int(row["sent"])
    assert min(counted) >= 0


def test_a_run_is_counted_written_and_not_repeated(commgen, tmp_path):
    told = commgen("sdr", "run", *QUICK, "-o", tmp_path / "run")
    assert "Msample a CPU second" in told.out
    row = result(tmp_path / "run")
    check_counts(row)
    assert int(row["sent"]) == int(0.5 * 1.92e6 / 2183)
    assert int(row["decoded"]) > 300
    assert float(row["snr_db"]) == pytest.approx(12, abs=1.5)
    assert float(row["cfo_hz"]) == pytest.approx(1000, abs=20)
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["through"] == ("GNU Radio" if HERE else "loop")
    assert card["received_by"] == {
        "lmmse": card["result"]["decoded"] + card["result"]["failed"]
    }
    assert card["costs"]["real_time_factor"] > 0
    rows = table(tmp_path / "run" / "timeline.csv")
    assert sum(int(one["decoded"]) for one in rows) == int(row["decoded"])
    assert (tmp_path / "run" / "session.png").read_bytes().startswith(b"\x89PNG")
    again = commgen("sdr", "run", *QUICK, "-o", tmp_path / "run")
    assert again.out.startswith("already done: ")


def test_the_same_run_gives_the_same_bytes(commgen, tmp_path):
    for name in ("one", "other"):
        commgen("sdr", "run", *QUICK, "-o", tmp_path / name)
    for file in ("result.csv", "timeline.csv"):
        one, other = (tmp_path / name / file for name in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


def test_a_recording_gives_the_frames_that_were_recorded(commgen, tmp_path):
    path = tmp_path / "air"
    commgen("sdr", "run", *QUICK, "--record", path, "-o", tmp_path / "air-run")
    commgen(
        *("sdr", "run", "--radio", "file", "--input", path, "--seconds", 0),
        *("--seed", 3, "-o", tmp_path / "file-run"),
    )
    one, other = (result(tmp_path / name) for name in ("air-run", "file-run"))
    for name in ("decoded", "failed", "ber"):
        assert one[name] == other[name]
    annotations = SigMFReader(path).meta.annotations
    assert len(annotations) == int(one["decoded"]) + int(one["failed"])
    assert np.mean([a["commgen:crc_ok"] for a in annotations]) > 0.8


def test_points_of_a_file_are_sent_and_received(commgen, refused, tmp_path):
    """8-PSK at 12 dB in white noise: at rate 1/2 it needs 3 dB."""
    from commgen.frame.constellation import Constellation

    psk = np.exp(2j * np.pi * np.arange(8) / 8)
    file, shaped = tmp_path / "psk.npz", tmp_path / "shaped.npz"
    Constellation.of(psk, [0, 1, 3, 2, 6, 7, 5, 4]).save(file)
    run = ("sdr", "run", *QUICK, "--channel", "AWGN", "--constellation")
    commgen(*run, file, "-o", tmp_path / "run")
    row = result(tmp_path / "run")
    assert int(row["decoded"]) == int(row["sent"]) > 300
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["run"]["constellation"] == str(file)
    Constellation.of(psk, None, [0.3, *[0.1] * 7]).save(shaped)
    for arguments, message in (
        ((file, "--num-bits-per-symbol", 2), "num_bits_per_symbol must be one of"),
        ((file, "--coderate", 0.99), "coderate must be in"),
        ((file, "--estimator", "learned"), "num_bits_per_symbol must be 2"),
        ((shaped,), "must have points of equal probability"),
        ((tmp_path / "none.npz",), "none.npz"),
    ):
        assert message in refused(*run, *arguments)


def test_estimators_differ(commgen, tmp_path):
    for name in ("lmmse", "ls"):
        commgen("sdr", "run", *QUICK, "--estimator", name, "-o", tmp_path / name)
    lmmse, ls = (result(tmp_path / name) for name in ("lmmse", "ls"))
    assert int(lmmse["decoded"]) > int(ls["decoded"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "--estimator mmse",
            "estimator must be one of lmmse, ls, slot, learned, or a model",
        ),
        ("--estimator none.npz", "none.npz"),
        ("--radio pigeon", "radio: Input should be 'sim', 'zmq', 'file' or 'uhd'"),
        ("--radio file", "recording must be given for the radio file, got none."),
        ("--radio file --input none", "there is no file none.sigmf-meta."),
        ("--input x", "recording must be left out for the radio sim"),
        ("--seconds 0", "seconds must be given for simulated air"),
        ("--channel F", "channel: Input should be 'AWGN'"),
        ("--record here/x --record-type cf64", "sample_type must be one of"),
    ],
)
def test_what_cannot_run_is_one_line(
    refused, arguments, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert message in refused("sdr", "run", *arguments.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(HERE, reason="GNU Radio is installed for this Python")
@pytest.mark.parametrize("radio", ["zmq", "uhd"])
def test_radios_of_gnu_radio_say_that_it_is_missing(refused, radio):
    arguments = ("--address", "tcp://127.0.0.1:9") if radio == "zmq" else ()
    line = refused("sdr", "run", "--radio", radio, *arguments)
    assert "GNU Radio is not installed for this Python: make radio" in line


def test_a_recording_of_another_rate_is_refused(refused, tmp_path):
    from commgen.sdr.radios.sigmf_writer import SigMFWriter

    writer = SigMFWriter(tmp_path / "slow", 1e6)
    writer.write(np.zeros(5000, np.complex64))
    writer.close()
    line = refused("sdr", "run", "--radio", "file", "--input", tmp_path / "slow")
    assert "must have 1.92e+06 samples a second" in line


def test_it_loads_no_tensorflow(tmp_path):
    code = (
        "import sys; sys.argv = ['commgen', 'sdr', 'run', '--seconds', '0.1']\n"
        "import commgen.cli\n"
        "try:\n    commgen.cli.main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'tensorflow', 'keras', 'sionna', 'onnxruntime'}\n"
        "assert not heavy & {name.split('.')[0] for name in sys.modules}"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_blocks_are_installed_and_where_to_look_is_said(commgen, tmp_path):
    told = commgen("sdr", "install-grc", "--folder", tmp_path / "blocks")
    assert f"export GRC_BLOCKS_PATH={tmp_path / 'blocks'}" in told.out
    assert (tmp_path / "blocks" / "commgen_simulated_air.block.yml").exists()


@pytest.mark.parametrize("arguments", [gnuradio("")])
def test_two_processes_count_all_frames(commgen, tmp_path, arguments):
    """srsRAN_4G#1049: what goes through ZeroMQ is counted, at whatever pace."""
    commgen("sdr", "run", "--radio", "zmq", *QUICK, "-o", tmp_path / "run")
    row = result(tmp_path / "run")
    check_counts(row)
    assert int(row["sent"]) == int(0.5 * 1.92e6 / 2183)
    commgen("sdr", "run", *QUICK, "-o", tmp_path / "sim")
    assert row["decoded"] == result(tmp_path / "sim")["decoded"]


@pytest.mark.parametrize("arguments", [gnuradio("")])
def test_the_flowgraph_gives_what_the_loop_gives(commgen, tmp_path, arguments):
    commgen("sdr", "run", *QUICK, "-o", tmp_path / "flow")
    commgen("sdr", "run", *QUICK, "-o", tmp_path / "loop", "--record", tmp_path / "x")
    flow, loop = (result(tmp_path / name) for name in ("flow", "loop"))
    for name in ("sent", "decoded", "failed", "lost", "ber"):
        assert flow[name] == loop[name]


@pytest.mark.parametrize("arguments", [gnuradio("")])
def test_a_usrp_is_one_flag_away(commgen, tmp_path, arguments):
    """uhd#430: overflows are told. The stand-in takes the place of the hardware."""
    told = commgen(
        *("sdr", "run", "--radio", "uhd", *QUICK, "-o", tmp_path / "run", "--send"),
        *("--args", "stand-in,overflow_every=300000,overflow_lost=20000"),
        *("--gain-db", 30, "--antenna", "RX2"),
    )
    assert "3 overflows (60000 samples lost)" in told.out
    row = result(tmp_path / "run")
    check_counts(row)
    # At least so many frames lie in a gap as a whole; the ends of others may be found.
    assert int(row["lost"]) >= 3 * (20_000 // 2183 - 1)


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        gnuradio("overflow_every=5000,overflow_lost=20000", "the radio uhd overflows"),
        gnuradio("silent_after=400000", "is silent: no sample for 1 s"),
        gnuradio("absent=1", "No devices found"),
        gnuradio("colour=1", "args must hold faults of the stand-in"),
    ],
)
def test_a_usrp_that_fails_ends_the_run_and_keeps_the_recording(
    commgen, tmp_path, faults, message
):
    ended = commgen(
        *("sdr", "run", "--radio", "uhd", "--args", f"stand-in,{faults}"),
        *("--record", tmp_path / "kept", "--seconds", 20),
        code=2,
    )
    (line,) = [one for one in ended.err.splitlines() if one.startswith("error: ")]
    assert message in line
    if "after" in faults or "every" in faults:
        assert SigMFReader(tmp_path / "kept").num_samples >= 300_000


@pytest.mark.parametrize("arguments", [gnuradio("")])
def test_the_demo_compares_three_receivers(commgen, tmp_path, arguments):
    pytest.importorskip(
        "onnxruntime", reason="onnxruntime is not installed: make radio"
    )
    told = commgen("sdr", "demo", "--num-frames", 60, "-o", tmp_path / "demo")
    assert "block error rate" in told.out
    rows = table(tmp_path / "demo" / "results.csv")
    assert len(rows) == 2 * 4 * 3
    for row in rows:
        assert int(row["sent"]) == 60
        check_counts(row)

    def missed(estimator, condition):
        own = [
            r
            for r in rows
            if (r["estimator"], r["condition"]) == (estimator, condition)
        ]
        return sum(60 - int(row["decoded"]) for row in own)

    burst = "a burst in every frame"
    assert missed("learned", burst) < missed("lmmse", burst) < missed("ls", burst)
    assert (tmp_path / "demo" / "results.png").exists()
