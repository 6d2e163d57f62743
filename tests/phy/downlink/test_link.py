"""The downlink against what others say: AWGN, capacity, Sionna, counting by hand."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.phy.beams import WMMSE, ZF, user_rates
from commgen.phy.downlink import (
    BlockCodec,
    DownlinkLink,
    Reception,
    believed_mcs,
    decoding_thresholds,
    effective_channels,
    highest_mcs,
)
from commgen.phy.nr.mcs import mcs_table

NO = 0.05


@pytest.fixture(scope="module")
def codec():
    return BlockCodec(96, "64qam", num_iterations=8)


@pytest.fixture(scope="module")
def thresholds_db(codec):
    return decoding_thresholds(codec, seed=1, num_blocks=40)


def channels(seed, *shape):
    return complex_normal(np.random.default_rng(seed), shape)


def test_tables_rise_in_efficiency_and_end_where_the_standard_does():
    for table, last in ((mcs_table("64qam"), 5.5547), (mcs_table("256qam"), 7.4063)):
        efficiency = [scheme.efficiency for scheme in table]
        assert np.min(np.diff(efficiency)) > -0.01  # 17 of 64qam repeats 16
        assert efficiency[-1] == pytest.approx(last, abs=1e-4)
        assert efficiency[0] == pytest.approx(0.2344, abs=1e-4)
    with pytest.raises(ValueError, match=r"table must be one of 64qam, 256qam, got 'x"):
        mcs_table("x")  # pyright: ignore[reportArgumentType]


def test_thresholds_lie_behind_capacity_and_hold_on_other_blocks(codec, thresholds_db):
    limit_db = 10 * np.log10(2 ** (codec.sizes / codec.num_symbols) - 1)
    gap = thresholds_db - limit_db
    assert gap.min() > 0.3
    assert gap.max() < 6
    assert (np.diff(thresholds_db) >= 0).all()
    rng = np.random.default_rng(2)
    num = 300
    bits = rng.integers(0, 2, (num, codec.sizes.max()), dtype=np.uint8)
    for m, low, high in ((3, 0.02, 0.3), (14, 0.02, 0.3)):
        mcs, no = np.full(num, m), 10 ** (-thresholds_db[m] / 10)
        y = codec.modulate(mcs, bits)
        y = y + np.sqrt(no) * complex_normal(rng, y.shape)
        assert low < 1 - codec.accept(mcs, y, no).mean() < high


def test_symbols_have_unit_power_and_silence_none(codec):
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (29, codec.sizes.max()), dtype=np.uint8)
    mcs = np.append(np.arange(28), -1)
    x = codec.modulate(mcs, bits)
    assert np.mean(np.abs(x[:-1]) ** 2) == pytest.approx(1, abs=0.05)
    assert not x[-1].any()
    accepted = codec.accept(mcs, x, 1e-3)
    assert accepted[:-1].all()
    assert not accepted[-1]
    assert not codec.accept(mcs, x, np.inf).any()


def test_receiver_of_one_antenna_divides_by_its_channel():
    h, w = channels(0, 3, 4, 1, 6), channels(1, 3, 4, 6, 1)
    heard = effective_channels(h, w)
    found = Reception.of(heard, NO)
    gain = np.einsum("burus->bu", heard)
    np.testing.assert_allclose(found.filters[..., 0, 0] * gain, 1, rtol=1e-5)
    others = np.sum(np.abs(heard) ** 2, axis=(2, 3, 4)) - np.abs(gain) ** 2
    np.testing.assert_allclose(
        found.sinr[..., 0], np.abs(gain) ** 2 / (others + NO), rtol=1e-5
    )


def test_rates_behind_the_receiver_are_those_of_the_precoders_room():
    h = channels(2, 5, 3, 2, 8)
    w = WMMSE(num_steps=5)(h, NO).numpy()
    sinr = DownlinkLink().sinr(h, w, NO)
    rates = user_rates(h, w, NO).numpy()
    np.testing.assert_allclose(np.log2(1 + sinr), rates, rtol=1e-4)
    # Of several streams each is decoded alone, which loses against all together.
    w = WMMSE(2, num_steps=5)(h, NO).numpy()
    alone = 2 * np.log2(1 + DownlinkLink(num_streams=2).sinr(h, w, NO))
    together = user_rates(h, w, NO).numpy()
    assert (alone <= together * (1 + 1e-5)).all()
    assert 0.9 < alone.mean() / together.mean() < 0.999


def test_share_of_draws_decides_the_scheme():
    thresholds = np.array([0.0, 10.0, 20.0])
    sinr = 10 ** (np.array([[25.0], [15.0], [15.0], [5.0]]) / 10)
    assert believed_mcs(sinr, thresholds, target_bler=0.1) == 0
    assert believed_mcs(sinr, thresholds, target_bler=0.3) == 1
    assert believed_mcs(sinr, thresholds, target_bler=0.8) == 2
    assert believed_mcs(sinr, thresholds, target_bler=0.3, offset_db=6.0) == 0
    assert believed_mcs(sinr, thresholds, target_bler=0.1, offset_db=6.0) == -1
    assert highest_mcs(np.array([0.0, 1.0, 1e9]), thresholds).tolist() == [-1, 0, 2]
    with pytest.raises(ValueError, match=r"target_bler must be in \(0, 1\), got 1"):
        believed_mcs(sinr, thresholds, target_bler=1)


def test_users_without_interference_get_what_awgn_gives(codec, thresholds_db):
    """Zero forcing makes parallel AWGN channels, whose thresholds are known."""
    link = DownlinkLink(96, table="64qam", num_decoder_iterations=8)
    h = channels(3, 40, 4, 1, 8)
    w, no = ZF()(h, NO).numpy(), NO
    draws = link.draws(np.random.default_rng(0), 40, 4, 1)
    sinr = link.sinr(h, w, no)
    safe = highest_mcs(sinr, thresholds_db, offset_db=1.5)
    found = link.run(h, w, safe, no, draws)
    assert found.accepted[found.sent].mean() > 0.97
    rash = highest_mcs(sinr, thresholds_db, offset_db=-2.5)
    bold = link.run(h, w, rash, no, draws)
    assert bold.accepted[rash > safe].mean() < 0.3
    counted = sum(codec.sizes[m] for m in safe[found.accepted])
    assert found.bits.sum() == counted
    # Shannon's limit is above, on average over users.
    assert found.bits.sum() / 96 < np.log2(1 + sinr).sum()


def test_silent_users_disturb_nobody():
    link = DownlinkLink(96)
    h = np.tile(channels(4, 1, 1, 1, 4), (1, 2, 1, 1))  # nothing separates two users
    w = np.tile(h[:, :, 0, :, None].conj(), 1) / np.linalg.norm(h[0, 0])
    draws = link.draws(np.random.default_rng(0), 1, 2, 1)
    both = link.run(h, w, np.array([[4, 4]]), 1e-3, draws)
    alone = link.run(h, w, np.array([[4, -1]]), 1e-3, draws)
    assert not both.accepted.any()
    assert alone.accepted.tolist() == [[True, False]]
    assert alone.bits[0, 1] == 0


def test_pilots_cost_blocks_and_many_of_them_none():
    h = channels(5, 60, 4, 1, 8)
    w = ZF()(h, NO).numpy()
    counts = {}
    for num_pilots in (1, 10_000, None):
        link = DownlinkLink(96, num_pilots=num_pilots)
        draws = link.draws(np.random.default_rng(0), 60, 4, 1)
        limit = np.log2(1 + link.sinr(h, w, NO)) * 0.8
        mcs = np.searchsorted(link.codec.sizes / 96, limit) - 1
        counts[num_pilots] = link.run(h, w, mcs, NO, draws).accepted.sum()
    assert counts[1] < 0.9 * counts[None]
    assert counts[10_000] == pytest.approx(counts[None], abs=6)
