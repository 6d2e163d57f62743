"""Estimating again from decoded data, and the use of err_var, in both links."""

import numpy as np
import pytest
import tensorflow as tf
import yaml

from commgen.channels import TdlConfig, build_channel
from commgen.phy import (
    GridCovariance,
    Link,
    LMMSEInterpolationEstimator,
    LSEstimator,
    PuschConfig,
    PuschLink,
    dump_config,
    parse_config,
)
from commgen.phy.nr import run_harq
from commgen.phy.receiver import BlockPosterior, EstimatorReceiver, SlotPosterior
from commgen.phy.receiver.batch_sizes import fill_up
from commgen.phy.simulation.estimators import build_estimators
from commgen.phy.simulation.sources import build_source
from commgen.phy.simulation.timed import TimedEstimator


def with_options(block, **options):
    return TimedEstimator(EstimatorReceiver(block, **options)).receiver


def counts_of(link, estimators, snr_db, *, batch_size=32):
    pending = np.ones((len(estimators), 1), bool)
    found = link.run_batch(0, batch_size, np.array([snr_db]), estimators, pending)
    return [counts for _, _, counts in found]


@pytest.fixture(scope="module")
def ofdm(base_values):
    """A slot of two streams with codewords, on a channel that moves."""
    values = {**base_values, "channel": {**base_values["channel"]}}
    values["channel"] |= {"max_doppler_hz": 300.0, "num_tx_ant": 2, "num_rx_ant": 4}
    values["link"] = {
        **values["link"],
        "num_rx_ant": 4,
        "num_streams": 2,
        "fft_size": 24,
        "time_interpolation": "linear",
        "num_decoder_iterations": 20,
        "pilot_ofdm_symbol_indices": [2, 3, 10, 11],
    }
    config = parse_config(values)
    source = build_source(config, seed=1)
    return Link(config.link, source, seed=1, jit_compile=False)


@pytest.fixture(scope="module")
def pusch():
    config = PuschConfig(
        num_prb=6,
        subcarrier_spacing_hz=30e3,
        num_bits_per_symbol=2,
        coderate=193 / 1024,
        num_rx_ant=2,
    )
    channel = TdlConfig(model=("B100",), max_doppler_hz=400.0, num_rx_ant=2)
    source = build_channel(channel, seed=1)
    return PuschLink(config, source, seed=1, jit_compile=False)


def covariance_of(link, max_doppler_hz, model="B100"):
    grid = link.resource_grid
    return GridCovariance.tdl(grid, model, 1e-7, max_doppler_hz=max_doppler_hz)


@pytest.mark.parametrize("room", ["ofdm", "pusch"])
def test_zero_iterations_are_the_plain_receiver(request, room):
    link = request.getfixturevalue(room)
    block = LSEstimator(link.resource_grid)
    estimators = {
        "plain": tf.function(block, autograph=False),
        "once": with_options(block, iterations=0),
    }
    plain, once = counts_of(link, estimators, 0.0)
    for name, value in vars(plain).items():
        np.testing.assert_array_equal(value, getattr(once, name))


@pytest.mark.parametrize("room", ["ofdm", "pusch"])
def test_iterating_mends_blocks(request, room):
    """From least squares and from LMMSE, fewer blocks fail, and none where few did."""
    link = request.getfixturevalue(room)
    model, doppler = ("A", 300.0) if room == "ofdm" else ("B100", 400.0)
    covariance = covariance_of(link, doppler, model)
    grid = link.resource_grid
    again = SlotPosterior(grid, covariance)
    ls, lmmse = LSEstimator(grid), LMMSEInterpolationEstimator(grid, covariance)
    estimators = {
        "ls": with_options(ls),
        "ls, blocks": with_options(
            ls, iterations=3, refine=BlockPosterior(block=(7, 12))
        ),
        "ls, slot": with_options(ls, iterations=3, refine=again),
        "lmmse": with_options(lmmse),
        "lmmse, 1": with_options(lmmse, iterations=1, refine=again),
        "lmmse, 3": with_options(lmmse, iterations=3, refine=again),
    }
    snr_db = 0.0 if room == "ofdm" else -4.0
    found = counts_of(link, estimators, snr_db, batch_size=64)
    errors = {n: c.block_errors.sum() for n, c in zip(estimators, found, strict=True)}
    nmse = {
        n: c.error_power.sum() / c.channel_power.sum()
        for n, c in zip(estimators, found, strict=True)
    }
    assert errors["ls"] > 10
    assert errors["ls, blocks"] < 0.9 * errors["ls"]
    assert errors["ls, slot"] <= errors["ls, blocks"]
    assert errors["lmmse, 3"] <= errors["lmmse, 1"] <= errors["lmmse"]
    assert nmse["lmmse, 3"] < nmse["lmmse"]
    last = found[-1]
    assert last.predicted_power.sum() == pytest.approx(last.error_power.sum(), rel=0.2)


@pytest.mark.parametrize("room", ["ofdm", "pusch"])
def test_where_the_checks_hold_nothing_is_repeated(request, room):
    link = request.getfixturevalue(room)

    def never(*_):
        raise AssertionError("refine was asked")

    block = with_options(LSEstimator(link.resource_grid), iterations=3, refine=never)
    (counts,) = counts_of(link, {"ls": block}, 30.0, batch_size=8)
    assert counts.block_errors.sum() == 0


@pytest.mark.parametrize("room", ["ofdm", "pusch"])
def test_without_err_var_the_estimate_is_taken_for_the_truth(request, room):
    link = request.getfixturevalue(room)
    block = LSEstimator(link.resource_grid)

    def certain(y, no):
        h_hat, err_var = block(y, no)
        return h_hat, 0 * err_var

    estimators = {
        "told": with_options(block),
        "untold": with_options(block, use_err_var=False),
        "certain": with_options(certain),
    }
    snr_db = 1.0 if room == "ofdm" else -4.0
    told, untold, zero = counts_of(link, estimators, snr_db, batch_size=64)
    np.testing.assert_array_equal(untold.bit_errors, zero.bit_errors)
    assert (told.bit_errors != untold.bit_errors).any()
    np.testing.assert_array_equal(told.predicted_power, untold.predicted_power)


def test_two_layers_on_the_same_elements_iterate():
    config = PuschConfig(
        num_prb=4,
        subcarrier_spacing_hz=30e3,
        num_layers=2,
        num_bits_per_symbol=2,
        coderate=193 / 1024,
        num_rx_ant=2,
        harq={"max_num_transmissions": 1},  # type: ignore[arg-type]
    )
    channel = TdlConfig(
        model=("B100",), max_doppler_hz=400.0, num_rx_ant=2, num_tx_ant=2
    )
    source = build_channel(channel, seed=1)
    link = PuschLink(config, source, seed=1, jit_compile=False)
    covariance = covariance_of(link, 400.0)
    block = LMMSEInterpolationEstimator(link.resource_grid, covariance)
    again = SlotPosterior(link.resource_grid, covariance)
    estimators = {
        "once": with_options(block),
        "twice": with_options(block, iterations=2, refine=again),
    }
    once, twice = counts_of(link, estimators, -2.0, batch_size=64)
    assert twice.block_errors.sum() < once.block_errors.sum()


def test_batches_iterate_alike_each_time(ofdm):
    block = with_options(
        LSEstimator(ofdm.resource_grid),
        iterations=2,
        refine=BlockPosterior(block=(7, 12)),
    )
    first, second = (counts_of(ofdm, {"ls": block}, 1.0)[0] for _ in range(2))
    for name, value in vars(first).items():
        np.testing.assert_array_equal(value, getattr(second, name))


def test_estimating_again_is_counted_as_estimation(ofdm):
    refine = BlockPosterior(block=(7, 12))
    block = LSEstimator(ofdm.resource_grid)
    timed = TimedEstimator(EstimatorReceiver(block, iterations=2, refine=refine))
    assert timed.receiver.iterations == 2
    assert timed.receiver.refine is not refine
    counts_of(ofdm, {"ls": timed.receiver}, 0.0)
    before = timed.seconds
    assert before > 0
    x = np.zeros((1, 2, 14, 24), np.complex64)
    power = np.ones((1, 4, 2, 14, 24))
    timed.receiver.refine(np.zeros((1, 4, 14, 24)), 1.0, x, np.ones(x.shape), power)
    assert timed.seconds > before


def test_configured_estimators_carry_their_options(base):
    base["estimators"] = [
        {"kind": "ls", "iterations": 2, "use_err_var": False},
        {"kind": "lmmse-interpolation", "iterations": 1},
        {"kind": "lmmse", "num_train_channels": 50, "iterations": 3},
        {"kind": "perfect"},
    ]
    config = parse_config(base)
    link = Link(config.link, build_source(config, seed=1), seed=1, jit_compile=False)
    blocks = build_estimators(config, link.resource_grid)
    options = list(blocks.values())
    assert [o.iterations for o in options] == [2, 1, 3, 0]
    assert [o.use_err_var for o in options] == [False, True, True, True]
    kinds = [BlockPosterior, SlotPosterior, BlockPosterior, type(None)]
    assert [type(o.refine) for o in options] == kinds
    timed = {name: TimedEstimator(block).receiver for name, block in blocks.items()}
    assert len(counts_of(link, timed, 0.0, batch_size=8)) == 4


def test_harq_cannot_refine_without_a_way_to(pusch):
    bits = np.zeros((1, pusch.transport_block.tbs), np.uint8)
    with pytest.raises(ValueError, match=r"refine must be given for 1 iterations, got"):
        run_harq(pusch.transport_block, bits, (0,), lambda n, i: bits, iterations=1)


def test_few_sizes_are_asked_for():
    sizes = {len(fill_up(np.arange(n), 64)) for n in range(1, 65)}
    assert sizes == {64, 32, 16, 8}
    np.testing.assert_array_equal(fill_up(np.array([3, 5]), 8), [3, 5] * 4)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "ls", "iterations": -1}, r"0\.iterations: must be >= 0, got -1"),
        ({"kind": "ls", "iterations": 21}, r"0\.iterations: must be <= 20"),
        ({"kind": "ls", "block": [4, 6]}, r"0\.block: must be left out without iter"),
        ({"kind": "perfect", "iterations": 1}, r"0\.iterations: is an unknown key"),
        ({"kind": "neural-receiver"}, r"0\.model: must be given"),
        (
            {"kind": "prior", "model": "m", "event": "grid", "iterations": 1},
            r"0\.iterations: must be 0 where event is grid",
        ),
    ],
)
def test_configurations_are_refused_at_the_door(base, entry, message):
    base["estimators"] = [entry]
    with pytest.raises(ValueError, match=message):
        parse_config(base)


def test_defaults_are_not_written_down(base):
    """A run folder of before is that of the same configuration."""
    base["estimators"] = [{"kind": "ls"}, {"kind": "ls", "name": "b", "iterations": 2}]
    config = parse_config(base)
    plain, again = config.model_dump(mode="json")["estimators"]
    assert plain == {"kind": "ls", "name": "ls"}
    assert again == {"kind": "ls", "name": "b", "iterations": 2}
    assert parse_config(yaml.safe_load(dump_config(config))) == config
