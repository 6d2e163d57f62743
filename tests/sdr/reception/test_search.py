"""Frames are found where they are, and nowhere else."""

import numpy as np
import pytest

from commgen.sdr.reception.search import Search


@pytest.mark.parametrize("cfo_hz", [-30e3, -15e3, -4e3, 0, 15e3, 20e3, 30e3])
def test_every_frame_is_found_with_its_cfo_timing_and_snr(frames, impaired, cfo_hz):
    stream = np.concatenate([np.zeros(777), frames(20, 1).ravel()])
    found = Search().push(impaired(stream, cfo_hz=cfo_hz, snr_db=10, seed=3))
    first_path = np.array([c.start + c.delay for c in found])
    assert len(found) == 20
    late = first_path - 777 - 2183 * np.arange(20)
    assert -1 < late.min() < late.max() < 0.2
    # Cramer-Rao of the halves' 64 pairs alone is 190 Hz at 7.5 dB.
    assert np.std([c.cfo_hz - cfo_hz for c in found]) < 190
    assert abs(np.mean([c.cfo_hz - cfo_hz for c in found])) < 4 * 190 / 20**0.5
    assert np.mean([c.snr_db for c in found]) == pytest.approx(10, abs=0.5)


def test_the_window_starts_early_but_within_the_cyclic_prefix(frames):
    (found,) = Search().push(frames(1, 1).ravel())
    assert -4 <= found.start <= -1
    assert found.metric > 0.9


def test_any_chunks_give_the_same_candidates(frames, impaired):
    stream = impaired(frames(6, 1).ravel(), cfo_hz=3e3, snr_db=3, seed=3)
    at_once = Search().push(stream)
    rng = np.random.default_rng(0)
    for largest in (3, 100, 3000):
        search, found, at = Search(), [], 0
        while at < len(stream):
            size = int(rng.integers(largest + 1))
            found += search.push(stream[at : at + size])
            at += size
        assert found == at_once
    assert len(at_once) == 6


def test_reset_begins_a_new_stream(frames):
    search, stream = Search(), frames(2, 1).ravel()
    first = search.push(stream)
    search.push(stream[:1000])
    search.reset()
    assert search.push(stream) == first


@pytest.mark.parametrize("snr_db", [-20, 20])
def test_offsets_and_tones_are_no_frames(impaired, snr_db):
    """A detector by the metric alone takes them for one frame after the other."""
    n = np.arange(200_000)
    for cycles in (0, 1 / 128, 2 / 128, 0.0123, -10 / 128):
        tone = impaired(np.exp(2j * np.pi * cycles * n), snr_db=snr_db, seed=1)
        assert Search().push(tone) == []
    assert Search().push(np.zeros(10_000)) == []


def test_frames_are_found_over_a_dc_offset_ten_decibels_above_them(frames, impaired):
    stream = np.concatenate([np.zeros(500), frames(20, 1).ravel()])
    found = Search().push(impaired(stream, cfo_hz=5e3, snr_db=10, seed=3) + 3)
    numbers = [(c.start + c.delay - 500) / 2183 for c in found]
    assert np.round(numbers).tolist() == list(range(20))
    assert np.abs([c.cfo_hz - 5e3 for c in found]).max() < 1200


def test_noise_hides_few_frames_and_makes_few(frames, impaired):
    noise = impaired(np.zeros(400_000), snr_db=0, seed=5)
    assert Search().push(noise) == []
    stream = impaired(frames(150, 1).ravel(), cfo_hz=-8e3, snr_db=1, seed=6)
    found = Search().push(stream)
    near = [abs((c.start + c.delay + 1000) % 2183 - 1000) < 2 for c in found]
    assert len(found) == sum(near) >= 149


def test_a_preamble_that_has_faded_is_found_by_the_pilots_behind_it(frames, impaired):
    """It is a decibel under the noise, and what follows 10 dB above."""
    rows = frames(100, 1)
    rows[:, :137] *= 10 ** (-11 / 20)
    found = Search().push(impaired(rows.ravel(), cfo_hz=3e3, snr_db=10, seed=6))
    near = [c for c in found if abs((c.start + c.delay + 1000) % 2183 - 1000) < 2]
    assert len(near) > 80
    assert len(found) - len(near) <= 1
    assert np.median([abs(c.cfo_hz - 3e3) for c in near]) < 300


def test_a_threshold_between_pushes_loses_no_sample(frames, impaired):
    stream = impaired(frames(4, 1).ravel(), snr_db=20, seed=3)
    search = Search(threshold=0.99)
    assert search.push(stream[:5000]) == []
    search.threshold = 0.4
    found = search.push(stream[5000:])
    assert [round(c.start / 2183) for c in found] == [2, 3]


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match=r"threshold must be below 1, got 1.0"):
        Search(threshold=1.0)
    with pytest.raises(ValueError, match=r"max_cfo_hz must be at most .* got 1e\+06"):
        Search(max_cfo_hz=1e6)
    with pytest.raises(ValueError, match=r"samples must be \[num\], got \(1, 2\)"):
        Search().push(np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"samples must be finite"):
        Search().push(np.array([0, np.nan]))
