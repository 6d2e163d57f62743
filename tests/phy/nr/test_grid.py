"""Grid, DMRS and what is sent on it, against Sionna's own PUSCH."""

import numpy as np
import pytest
from sionna.phy.nr import CarrierConfig, PUSCHConfig, PUSCHTransmitter, TBConfig
from sionna.phy.nr.utils import generate_prng_seq

from commgen.coding import TransportBlock
from commgen.phy.nr import build_pusch_grid
from commgen.phy.nr.grid import configured, sionna_pusch_config
from commgen.phy.nr.pusch import PuschTransmitter
from commgen.phy.nr.scrambling import gold_sequence, pusch_scrambling


def block_of(config):
    return TransportBlock(
        config.transport_block_size,
        config.num_coded_bits,
        num_bits_per_symbol=config.num_bits_per_symbol,
        num_layers=config.num_layers,
        coderate=config.coderate,
    )


@pytest.mark.parametrize("num_layers", [1, 2])
def test_dmrs_have_twice_the_energy_and_no_data_beside_them(make_config, num_layers):
    """TS 38.211 6.4.1.1, TS 38.214 table 6.2.2-1: +3 dB on every other subcarrier."""
    config = make_config(num_prb=24, num_layers=num_layers)
    grid = build_pusch_grid(config)
    mask = np.asarray(grid.pilot_pattern.mask)[0].astype(bool)
    assert np.all(mask == mask[0])
    assert np.flatnonzero(mask[0].any(axis=1)).tolist() == [2, 11]
    assert (~mask[0]).sum() == int(grid.num_data_symbols) == 24 * 144
    sent = np.zeros(mask.shape, complex)
    for layer, values in enumerate(np.asarray(grid.pilot_pattern.pilots)[0]):
        sent[layer][mask[layer]] = values
    np.testing.assert_allclose(np.abs(sent[:, [2, 11], ::2]) ** 2, 2, rtol=1e-5)
    assert not sent[:, :, 1::2].any()
    if num_layers == 2:  # ports 0 and 1 differ by the sign of every other pilot
        ratio = sent[1][2, ::2] / sent[0][2, ::2]
        np.testing.assert_allclose(ratio, np.tile([1, -1], 72), atol=1e-6)


@pytest.mark.parametrize(("bits", "mcs"), [(2, 5), (4, 16), (6, 20)])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_the_slot_is_the_one_that_sionnas_transmitter_sends(
    make_config, rng, num_layers, bits, mcs
):
    """CRC, LDPC, rate matching, scrambling, layers, mapping, DMRS, all at once."""
    tb = TBConfig(channel_type="PUSCH", mcs_index=mcs, mcs_table=1)
    config = make_config(
        num_prb=5,
        num_layers=num_layers,
        num_bits_per_symbol=bits,
        coderate=float(tb.target_coderate),
        cell_id=41,
        rnti=1234,
    )
    pusch = sionna_pusch_config(config)
    pusch.tb = tb
    sionna = PUSCHTransmitter(pusch, return_bits=False)
    assert sionna._tb_size == config.transport_block_size
    payload = rng.integers(0, 2, (3, config.transport_block_size)).astype(np.uint8)
    expected = sionna(payload[:, None].astype(np.float32)).numpy()[:, 0]
    transmit = PuschTransmitter(config, build_pusch_grid(config))
    x = transmit(block_of(config).encode(payload, rv=0))
    np.testing.assert_allclose(x, expected, atol=1e-6)
    data = x[:, :, [0, 5, 13]]
    assert np.mean(np.abs(data) ** 2) == pytest.approx(1, abs=0.1)


def test_the_pseudo_random_sequence_is_sionnas():
    for c_init in (0, 1, 12345, 2**31 - 1):
        expected = generate_prng_seq(333, c_init)
        np.testing.assert_array_equal(gold_sequence(333, c_init), expected)
    expected = generate_prng_seq(50, 7 * 2**15 + 3)
    np.testing.assert_array_equal(pusch_scrambling(50, rnti=7, n_id=3), expected)


def test_the_sequence_refuses_what_has_no_meaning():
    with pytest.raises(ValueError, match="length must be at least 1, got 0"):
        gold_sequence(0, 1)
    with pytest.raises(ValueError, match="c_init must be at most 2147483647"):
        gold_sequence(5, 2**31)
    with pytest.raises(ValueError, match="rnti must be at most 65535"):
        pusch_scrambling(5, rnti=65536, n_id=0)
    with pytest.raises(ValueError, match="n_id must be at most 1023"):
        pusch_scrambling(5, rnti=1, n_id=1024)


def test_sionna_drops_unknown_names_and_we_do_not():
    """The trap: a misspelt keyword leaves the default in force."""
    assert PUSCHConfig(num_layer=2).num_layers == 1
    assert CarrierConfig(n_size_grids=24).n_size_grid == 4
    with pytest.raises(TypeError, match="must name settings of PUSCHConfig, got 'num_"):
        configured(PUSCHConfig, num_layer=2)
    with pytest.raises(TypeError, match="must name settings of CarrierConfig"):
        configured(CarrierConfig, num_slots_per_frame=3)
    made = configured(CarrierConfig, n_size_grid=24)
    assert made.n_size_grid == 24


def test_a_setting_that_does_not_stick_is_noticed():
    class Forgetful:
        def __init__(self, size=0):
            pass

        size = property(lambda self: 4, lambda self, value: None)

    with pytest.raises(ValueError, match="size of Forgetful must become 5, got 4"):
        configured(Forgetful, size=5)


def test_sionna_rounds_ties_of_the_block_size_to_even_and_the_standard_up(make_config):
    """The trap: TS 38.214 5.1.3.2 gives 96264 (NVlabs/sionna#1189)."""
    config = make_config(
        num_prb=224, num_layers=2, num_bits_per_symbol=4, coderate=378 / 1024
    )
    tb = TBConfig(channel_type="PUSCH", mcs_index=11, mcs_table=1)
    assert float(tb.target_coderate) == pytest.approx(378 / 1024)
    pusch = sionna_pusch_config(config)
    pusch.tb = tb
    assert pusch.num_coded_bits == config.num_coded_bits
    assert int(pusch.tb_size) == 94248
    assert config.transport_block_size == 96264


def test_sionna_cannot_send_the_a3_channels_and_we_do(make_config):
    """The trap: its encoder refuses rates under 1/5, here 193/1024."""
    config = make_config(reference_channel="G-FR1-A3-11")
    pusch = sionna_pusch_config(config)
    pusch.tb = TBConfig(channel_type="PUSCH", mcs_index=1, mcs_table=2)
    assert float(pusch.tb.target_coderate) == pytest.approx(193 / 1024)
    with pytest.raises(ValueError, match=r"[Cc]oderate"):
        PUSCHTransmitter(pusch, return_bits=False)
    bits = np.zeros((1, config.transport_block_size), np.uint8)
    assert block_of(config).encode(bits).shape == (1, 24 * 144 * 2)
