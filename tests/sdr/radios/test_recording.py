"""Recordings to decode: raw files and SigMF give the same samples."""

import numpy as np
import pytest

from commgen.sdr.radios.recording import open_recording
from commgen.sdr.radios.sigmf_writer import SigMFWriter
from commgen.sdr.recordings.iq import RawIq


def samples_of(source, size):
    blocks = list(source.blocks(size))
    assert max(map(len, blocks)) <= size
    return np.concatenate(blocks)


def test_gaps_are_silence_and_rates_are_asked_for(tmp_path, rng):
    x = (0.1 * (rng.normal(size=(3000, 2)) @ [1, 1j])).astype(np.complex64)
    writer = SigMFWriter(tmp_path / "a", 2e6, sample_type="cf32_le")
    writer.write(x[:1000])
    writer.write(x[1000:], lost=2500)
    writer.close()
    for name in ("a.sigmf-meta", "a.sigmf-data"):
        source = open_recording(tmp_path / name, "uint8", 2e6)
        assert source.num_samples == 5500
        found = samples_of(source, 700)
        np.testing.assert_array_equal(found, np.r_[x[:1000], np.zeros(2500), x[1000:]])
    with pytest.raises(ValueError, match=r"must have 20 Msample/s, got 2\."):
        open_recording(tmp_path / "a.sigmf-meta", "int16", 20e6)


def test_other_names_are_raw(tmp_path, rng):
    values = (1000 * rng.normal(size=400)).astype("<i2")
    (tmp_path / "a.dat").write_bytes(values.tobytes())
    source = open_recording(tmp_path / "a.dat", "int16", 20e6)
    assert isinstance(source, RawIq)
    assert len(samples_of(source, 64)) == source.num_samples == 200
