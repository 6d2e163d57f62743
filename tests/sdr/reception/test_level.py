import numpy as np
import pytest

from commgen.sdr.reception.level import LevelControl


def test_mean_of_all_frames_and_then_of_the_last_ones():
    level = LevelControl(memory=4)
    powers = np.array([4.0, 2.0, 3.0, 7.0, 0.0])
    expected = [4, 3, 3, 4, 3]  # the last: a quarter of the way to 0
    np.testing.assert_allclose(level.update(powers), expected)
    level.reset()
    parts = np.concatenate([level.update(powers[:2]), level.update(powers[2:])])
    np.testing.assert_allclose(parts, expected)
    for _ in range(30):
        mean = level.update(np.full(2, 9.0))
    assert mean[-1] == pytest.approx(9, abs=1e-4)


def test_memory_must_be_a_frame_or_more():
    with pytest.raises(ValueError, match="memory must be at least 1, got 0"):
        LevelControl(0)
