"""Recordings: written, read back, cut off, lying."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from commgen.sdr.radios.file import FileRadio
from commgen.sdr.radios.sample_types import SAMPLE_TYPES
from commgen.sdr.radios.sigmf_reader import SigMFReader
from commgen.sdr.radios.sigmf_writer import SigMFWriter

RATE = 1.92e6


def record(path, samples, **options):
    writer = SigMFWriter(path, RATE, **options)
    writer.write(samples)
    writer.close()
    return path.with_name(path.name + ".sigmf-meta")


def read_all(path, size=1000):
    radio = FileRadio(path)
    with radio:
        found = list(iter(lambda: radio.receive(size), None))
        return found, radio.facts()


def change(meta, **entries):
    told = json.loads(meta.read_text())
    told["global"] |= {name.replace("_", ":", 1): v for name, v in entries.items()}
    told["global"] = {name: v for name, v in told["global"].items() if v is not None}
    meta.write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("name", "code"),
    [  # by hand: 0.5 is half of full scale, -1 the lowest code
        ("ci16_le", np.array([16384, -32768], "<i2")),
        ("ci8", np.array([64, -128], "i1")),
        ("cu8", np.array([191, 0], "u1")),
        ("cf32_le", np.array([0.5, -1], "<f4")),
    ],
)
def test_types_hold_what_their_names_say(name, code):
    sample = np.array([0.5 - 1j], np.complex64)
    assert SAMPLE_TYPES[name].encode(sample) == code.tobytes()
    # the step of the coarsest converter is 1 / 127.5
    np.testing.assert_allclose(
        SAMPLE_TYPES[name].decode(code.tobytes()), sample, atol=0.5 / 127.5
    )


@pytest.mark.parametrize("name", sorted(SAMPLE_TYPES))
def test_what_is_written_is_read(name, tmp_path, complex_normal):
    samples = 0.2 * complex_normal(5000)
    record(tmp_path / "air", samples, sample_type=name, frequency_hz=1.86e9)
    found, facts = read_all(tmp_path / "air.sigmf-data", size=777)
    got = np.concatenate([one.values for one in found])
    step = {"cf32_le": 0, "ci16_le": 2**-15, "ci8": 2**-7, "cu8": 2 / 255}[name]
    np.testing.assert_allclose(got.real, samples.real, atol=step / 2 + 1e-7)
    np.testing.assert_allclose(got.imag, samples.imag, atol=step / 2 + 1e-7)
    assert {len(one.values) for one in found[:-1]} == {777}
    assert (facts["sample_type"], facts["frequency_hz"]) == (name, 1.86e9)
    assert facts["samples_received"] == 5000


def test_metadata_are_those_of_the_standard(tmp_path, complex_normal):
    meta = record(tmp_path / "air", complex_normal(64), frequency_hz=1e9)
    told = json.loads(meta.read_text())
    digest = hashlib.sha512((tmp_path / "air.sigmf-data").read_bytes()).hexdigest()
    assert told["global"]["core:sha512"] == digest
    assert told["global"]["core:datatype"] == "ci16_le"
    assert told["global"]["core:sample_rate"] == RATE
    (capture,) = told["captures"]
    assert capture == {
        "core:sample_start": 0,
        "core:global_index": 0,
        "core:frequency": 1e9,
    }


def test_gaps_and_times_survive(tmp_path, complex_normal):
    """gr-sigmf#27: there, gaps and the time of reception are lost."""
    samples = complex_normal(300)
    writer = SigMFWriter(tmp_path / "gaps", RATE, sample_type="cf32_le")
    writer.write(samples[:100], time=(1_796_040_000, 0.0))
    writer.write(samples[100:], lost=50, time=(1_796_040_000, 150 / RATE))
    writer.annotate(160, 40, "frame 7", **{"commgen:snr_db": 12.5})
    writer.close()
    found, facts = read_all(tmp_path / "gaps")
    assert [(len(one.values), one.lost) for one in found] == [(100, 0), (200, 50)]
    np.testing.assert_array_equal(found[1].values, samples[100:])
    assert (facts["samples_lost"], facts["overflows"]) == (50, 1)
    meta = SigMFReader(tmp_path / "gaps").meta
    assert [one.datetime for one in meta.captures] == [
        "2026-11-30T12:00:00.000000000Z",
        "2026-11-30T12:00:00.000078125Z",
    ]
    (annotation,) = meta.annotations
    assert annotation["core:sample_start"] == 110  # 160 of the stream, 50 are missing
    assert annotation["commgen:snr_db"] == 12.5


def test_long_recordings_are_pieces_of_a_collection(tmp_path, complex_normal):
    samples = complex_normal(2500)
    writer = SigMFWriter(
        tmp_path / "days", RATE, sample_type="cf32_le", piece_samples=1000
    )
    writer.write(samples[:1700])
    writer.write(samples[1700:], lost=5)
    writer.annotate(990, 30, "over the edge of the first piece")
    writer.annotate(1990, 30, "in the last piece but one")
    writer.close()
    names = sorted(path.name for path in tmp_path.glob("*.sigmf-meta"))
    assert names == ["days-0001.sigmf-meta", "days-0002.sigmf-meta", "days.sigmf-meta"]
    found, facts = read_all(tmp_path / "days.sigmf-collection", size=400)
    np.testing.assert_array_equal(np.concatenate([s.values for s in found]), samples)
    assert (facts["pieces"], facts["samples_lost"]) == (3, 5)
    radio = FileRadio(tmp_path / "days")
    radio.open()
    assert radio.length == 2505
    listed = json.loads((tmp_path / "days.sigmf-collection").read_text())
    for stream in listed["collection"]["core:streams"]:
        meta = (tmp_path / (stream["name"] + ".sigmf-meta")).read_bytes()
        assert stream["hash"] == hashlib.sha512(meta).hexdigest()
    (annotation,) = SigMFReader(tmp_path / "days-0001").meta.annotations
    assert annotation["core:sample_start"] == 985


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"core_datatype": "ci12_le"}, "core:datatype must be one of .* got 'ci12_le'"),
        ({"core_datatype": None}, "core:datatype must be one of .* got None"),
        ({"core_datatype": "cf32_le"}, "amplitudes that are no signal"),
        ({"core_sample_rate": "fast"}, "core:sample_rate must be a number"),
        ({"core_num_channels": 2}, "core:num_channels must be 1, got 2"),
        ({"commgen_num_samples": 9}, "must hold the 9 samples that its metadata tell"),
        ({"core_sha512": "0" * 128}, "is not the recording that its metadata"),
    ],
)
def test_metadata_that_lie_are_one_line(entries, message, tmp_path, rng):
    samples = rng.uniform(-1, 1, (100_000, 2)).astype(np.float32).view(np.complex64)
    meta = record(tmp_path / "air", samples[:, 0])
    if entries.get("core_datatype") == "cf32_le":
        entries = entries | {"commgen_num_samples": None}
    change(meta, **entries)
    with pytest.raises(ValueError, match=message) as error:
        FileRadio(meta).open()
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("dropped", "message"),
    [(401, "must hold whole samples of 4 bytes"), (400, "must hold the 5000 samples")],
)
def test_cut_off_data_are_told(dropped, message, tmp_path, complex_normal):
    record(tmp_path / "air", complex_normal(5000))
    data = tmp_path / "air.sigmf-data"
    data.write_bytes(data.read_bytes()[:-dropped])
    with pytest.raises(ValueError, match=message):
        FileRadio(data).open()


def test_data_cut_off_without_a_count_are_told(tmp_path, complex_normal):
    """What other programs write has no count: captures and annotations tell."""
    writer = SigMFWriter(tmp_path / "air", RATE)
    writer.write(complex_normal(5000))
    writer.annotate(4900, 100, "the last frame")
    writer.close()
    change(tmp_path / "air.sigmf-meta", commgen_num_samples=None, core_sha512=None)
    data = tmp_path / "air.sigmf-data"
    data.write_bytes(data.read_bytes()[:-4])
    with pytest.raises(ValueError, match="reach to sample 5000, it holds 4999"):
        FileRadio(data).open()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not valid JSON"),
        ("[]", "the metadata must be an object"),
        ('{"global": 3}', "global must be an object"),
        (
            '{"global": {"core:datatype": "cu8", "core:sample_rate": 1}}',
            "captures must be a list",
        ),
        (
            '{"global": {"core:datatype": "cu8", "core:sample_rate": 1},'
            '"captures": [{"core:sample_start": -1}]}',
            "core:sample_start must be a count, got -1",
        ),
        (
            '{"global": {"core:datatype": "cu8", "core:sample_rate": 1},'
            '"captures": [{"core:sample_start": 0}, {"core:sample_start": 9},'
            '{"core:sample_start": 4}]}',
            "captures must follow each other",
        ),
    ],
)
def test_damaged_metadata_are_one_line(text, message, tmp_path):
    (tmp_path / "x.sigmf-meta").write_text(text)
    (tmp_path / "x.sigmf-data").write_bytes(bytes(64))
    with pytest.raises(ValueError, match=message):
        FileRadio(tmp_path / "x").open()


def test_nothing_is_there(tmp_path):
    with pytest.raises(OSError, match="there is no file"):
        FileRadio(tmp_path / "none").open()


def test_a_recording_is_not_replaced_unasked(tmp_path, complex_normal):
    record(tmp_path / "air", complex_normal(10))
    with pytest.raises(FileExistsError, match="--force replaces it"):
        SigMFWriter(tmp_path / "air", RATE)
    record(tmp_path / "air", complex_normal(20), force=True)
    assert SigMFReader(tmp_path / "air").num_samples == 20


def test_integers_clip_and_say_so(tmp_path):
    writer = SigMFWriter(tmp_path / "loud", RATE, sample_type="ci8")
    writer.write(np.array([0.5, 2, -3j], np.complex64))
    writer.close()
    assert writer.num_clipped == 2
    found, _ = read_all(tmp_path / "loud")
    np.testing.assert_allclose(found[0].values, [0.5, 1, -1j], atol=1 / 127)


FULL = """
import resource, sys
import numpy as np
from commgen.sdr.radios.sigmf_writer import SigMFWriter
writer = SigMFWriter(sys.argv[1], 1.92e6, sample_type="cf32_le")
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, -1))
samples = np.arange(2000).astype(np.complex64) / 1e5
try:
    for k in range(100):
        writer.write(samples, lost=1 if k == 3 else 0)
        writer.annotate(2000 * k, 100, "frame")
except OSError as error:
    print(error)
"""


def test_a_full_disk_keeps_the_recording_so_far(tmp_path):
    """The limit of a file stands for that of the disk."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "full")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert (
        "full.sigmf-data: File too large; the recording so far is kept" in done.stdout
    )
    found, facts = read_all(tmp_path / "full", size=2000)
    assert 200_000 < 8 * facts["samples_received"] <= 300_000
    assert facts["samples_lost"] == 1
    for one in found:
        np.testing.assert_allclose(one.values[:2000], np.arange(2000) / 1e5, atol=1e-7)
