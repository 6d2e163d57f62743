import numpy as np
import pytest

from commgen.frame.pilots import pilot_symbols


def test_streams_take_turns_with_unit_power():
    mask, pilots = pilot_symbols(14, 12, [11, 2], num_streams=2, subcarrier_step=3)
    assert mask.shape == (2, 14, 12)
    assert pilots.shape == (2, 8)
    assert np.flatnonzero(mask[0].any(axis=1)).tolist() == [2, 11]
    assert np.flatnonzero(mask[1].any(axis=0)).tolist() == [0, 3, 6, 9]
    sent = pilots.reshape(2, 2, 4)
    np.testing.assert_allclose(np.abs(sent[0]), [[1] * 4, [0] * 4], atol=1e-6)
    np.testing.assert_allclose(np.abs(sent[1]), [[0] * 4, [1] * 4], atol=1e-6)
    # QPSK, and the same at every call: they belong to the frame.
    np.testing.assert_allclose(sent[0, 0] ** 4, -1, atol=1e-5)
    again = pilot_symbols(14, 12, [2, 11], num_streams=2, subcarrier_step=3)[1]
    np.testing.assert_array_equal(pilots, again)


def test_pilots_are_those_of_earlier_versions():
    """Recorded once: receivers that were trained know them."""
    _, pilots = pilot_symbols(14, 4, [2])
    quarter = np.angle(pilots[0]) / (np.pi / 2) - 0.5
    assert np.rint(quarter).astype(int).tolist() == [-1, 0, -2, 0]


def test_a_slot_may_have_none():
    mask, pilots = pilot_symbols(14, 12, [])
    assert not mask.any()
    assert pilots.size == 0


@pytest.mark.parametrize(
    ("indices", "num_streams", "message"),
    [
        ([2, 2], 1, r"must be distinct, got \[2, 2\]"),
        ([14], 1, r"must lie in 0\.\.13, got \[14\]"),
        ([-1], 1, r"must lie in 0\.\.13"),
        ([2, 3, 4], 2, "must share 3 symbols evenly among num_streams = 2"),
    ],
)
def test_pilots_that_do_not_fit_are_refused(indices, num_streams, message):
    with pytest.raises(ValueError, match=message):
        pilot_symbols(14, 12, indices, num_streams=num_streams)
