"""``commgen sdr cells``, ``packets`` and ``messages`` as a user meets them."""

import csv

import numpy as np
import pytest

# Of J. Sun, The 1090 MHz Riddle: KLM1023, and another aircraft at 38,000 ft.
WORDS = ("8D4840D6202CC371C32CE0576098", "8D40621D58C382D690C8AC2863A7")


@pytest.fixture
def place(tmp_path, monkeypatch, rng):
    """A recording of two messages, one of noise, a text, and what is cut or empty."""
    x = rng.normal(127.5, 2, (4000, 2))
    for i, word in enumerate((*WORDS, WORDS[0])):
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(word), np.uint8))
        head = np.isin(np.arange(16), (0, 2, 7, 9))
        pulses = np.append(head, np.stack([bits, 1 - bits], 1))
        x[1000 * i + 500 : 1000 * i + 740, 0] += 50 * pulses
    (tmp_path / "air.bin").write_bytes(x.clip(0, 255).astype("u1").tobytes())
    noise = 2000 * rng.normal(size=8000)
    (tmp_path / "noise.dat").write_bytes(noise.astype("<i2").tobytes())
    (tmp_path / "notes.txt").write_text("time, level\n" * 100)
    (tmp_path / "odd.bin").write_bytes(bytes(7))
    (tmp_path / "empty.bin").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_messages_are_shown_and_written(place, commgen, refused):
    told = commgen("sdr", "messages", "air.bin").out
    assert "4840d6" in told
    assert "KLM1023" in told
    assert "38000" in told
    told = commgen("sdr", "messages", "air.bin", "-o", "out").out
    assert "written to out" in told
    with (place / "out/messages.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["hex"].upper() for row in rows] == [*WORDS, WORDS[0]]
    # 500, 1,500 and 2,500 samples at 2 Msample/s.
    assert [float(row["time_s"]) for row in rows] == [0.00025, 0.00075, 0.00125]
    assert (place / "out/messages.png").read_bytes().startswith(b"\x89PNG")
    before = (place / "out/messages.csv").stat().st_mtime_ns
    assert commgen("sdr", "messages", "air.bin", "-o", "out").out == (
        "already done: out\n"
    )
    assert (place / "out/messages.csv").stat().st_mtime_ns == before
    (place / "air.bin").write_bytes((place / "air.bin").read_bytes()[:-1000])
    assert "--force" in refused("sdr", "messages", "air.bin", "-o", "out")
    commgen("sdr", "messages", "air.bin", "-o", "out", "--force")


def test_where_nothing_is_found_it_says_so(place, commgen):
    assert commgen("sdr", "packets", "noise.dat").out == "no packets found\n"
    told = commgen("sdr", "packets", "noise.dat", "-o", "none").out
    assert told == "no packets found\nwritten to none\n"
    assert {path.name for path in (place / "none").iterdir()} == {
        *("packets.csv", "report.json", "packets.png")
    }


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("messages empty.bin", "empty.bin must hold I/Q samples, it is empty."),
        ("messages odd.bin", "odd.bin must hold whole pairs of uint8, 2 bytes each"),
        ("packets notes.txt", "raw I/Q of int16, it looks like text."),
        ("cells notes.txt", "raw I/Q of uint8, it looks like text."),
        ("packets air.bin", "raw I/Q of int16, it looks like bytes."),
        ("cells noise.dat", "raw I/Q of uint8, it looks like 16-bit numbers."),
        ("cells air.bin", "must last 0.4 s beyond the 0.1 s that are left out"),
        ("packets gone.dat", "there is no file gone.dat."),
        ("messages .", ". must be a regular file, got a folder."),
        ("packets noise.dat --type wav", "kind must be one of uint8, int16, float32"),
        ("packets noise.dat --estimator ml", "estimator must be one of ls, taps"),
        ("messages air.bin noise.dat", "noise.dat must be raw I/Q of uint8"),
        ("cells air.bin --seconds 0", "Invalid value for '--seconds'"),
    ],
)
def test_mistakes_are_one_line(command, told, place, refused):
    assert told in refused("sdr", *command.split())
