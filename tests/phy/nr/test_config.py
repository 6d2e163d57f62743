"""What the standard's tables allow, and that what they do not names the clause."""

import numpy as np
import pytest
from pydantic import ValidationError
from sionna.phy.nr import PUSCHConfig, PUSCHDMRSConfig
from sionna.phy.nr.utils import calculate_tb_size, decode_mcs_index

from commgen.phy.nr import (
    REFERENCE_CHANNELS,
    HarqConfig,
    PuschConfig,
    reference_channel,
)
from commgen.phy.nr.numerology import dmrs_symbol_indices, mcs_coderate


def test_reference_channels_have_the_payload_that_sionna_computes(make_config):
    assert len(REFERENCE_CHANNELS) == 35
    for name, frc in REFERENCE_CHANNELS.items():
        config = make_config(reference_channel=name)
        num_data = config.num_data_symbols * config.num_layers
        expected = calculate_tb_size(
            target_tb_size=int(num_data * frc.num_bits_per_symbol * frc.coderate),
            num_coded_bits=config.num_coded_bits,
            target_coderate=frc.coderate,
            modulation_order=frc.num_bits_per_symbol,
            verbose=False,
        )[0]
        assert config.transport_block_size == int(expected)


def test_a_reference_channel_sets_what_it_should(make_config):
    config = make_config(reference_channel="G-FR1-A4-28", num_rx_ant=4)
    assert config.num_prb == 273
    assert config.subcarrier_spacing_hz == 30e3
    assert config.num_layers == config.num_streams == 2
    assert config.num_bits_per_symbol == 4
    assert config.coderate == 658 / 1024
    assert config.reference.required_snr_db(4) == 11.6
    assert config.reference.required_snr_db(3) is None
    channel = config.reference.channel_config(4)
    assert channel.model == ("C300",)
    assert channel.max_doppler_hz == 100
    assert (channel.num_rx_ant, channel.num_tx_ant) == (4, 2)
    again = PuschConfig.model_validate(config.model_dump(mode="json"))
    assert again == config


def test_requirements_are_known_where_the_tables_were_at_hand():
    known = {
        name: sorted(frc.requirement_db) for name, frc in REFERENCE_CHANNELS.items()
    }
    assert known["G-FR1-A3-11"] == [2, 4]
    assert known["G-FR1-A5-14"] == [2, 4, 8]
    assert known["G-FR1-A3-22"] == []
    assert sum(map(bool, known.values())) == 16


def test_a_slot_has_144_data_elements_a_block(make_config):
    config = make_config(
        num_prb=106, num_layers=2, num_bits_per_symbol=4, coderate=0.6016
    )
    assert config.num_data_symbols == 106 * 144
    assert config.num_coded_bits == 106 * 144 * 4 * 2
    assert config.coderate == 616 / 1024  # the row of the table
    assert config.slot_duration_s == 0.5e-3
    assert config.fft_size == config.num_effective_subcarriers == 106 * 12
    assert config.num_channel_entries == 106 * 12 * 14 * 2 * 2 * 4
    assert (config.num_guard_carriers, config.dc_null) == ((0, 0), False)
    assert (config.num_ofdm_symbols, config.pilot_subcarrier_step) == (14, 2)
    assert make_config(dmrs_additional_position=0).num_data_symbols == 2 * 156


def test_code_rates_are_those_that_sionna_lists():
    for table, num_rows in ((1, 29), (2, 28), (3, 29)):
        for index in range(num_rows):
            bits, rate = decode_mcs_index(index, table_index=table, is_pusch=False)
            bits, rate = int(bits), float(rate)
            assert mcs_coderate(bits, rate) == pytest.approx(rate, abs=1e-6)


@pytest.mark.parametrize("first", [2, 3])
def test_dmrs_positions_are_those_that_sionna_lists(first):
    for additional in range(4 if first == 2 else 3):
        dmrs = PUSCHDMRSConfig(type_a_position=first, additional_position=additional)
        expected = PUSCHConfig(pusch_dmrs_config=dmrs).dmrs_symbol_indices
        assert list(dmrs_symbol_indices(first, additional)) == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"num_prb": 276}, r"num_prb must be in 1\.\.275 \(TS 38.331 6.4\), got 276"),
        ({"num_prb": 0}, r"num_prb must be in 1\.\.275"),
        ({"subcarrier_spacing_hz": 20e3}, "must be 15000, 30000 or 60000 .TS 38.211"),
        ({"num_layers": 3}, r"num_layers must be in 1\.\.2 \(of the 4 of TS 38.211"),
        ({"num_bits_per_symbol": 3}, "must be 2, 4, 6 or 8 .TS 38.214 5.1.3.1."),
        ({"coderate": 0.5}, "coderate must be one for 2 bits .* TS 38.214 tables"),
        ({"cell_id": 1008}, r"cell_id must be in 0\.\.1007 \(TS 38.211 7.4.2.1\)"),
        ({"rnti": -1}, r"rnti must be in 0\.\.65535 \(TS 38.211 6.3.1.1\)"),
        ({"mapping_type": "B"}, "mapping_type"),
        ({"type_a_position": 4}, "type_a_position must be 2 or 3 .TS 38.211 6.4.1.1.3"),
        (
            {"dmrs_additional_position": 4},
            r"dmrs_additional_position must be in 0\.\.3 \(TS 38.211 table 6.4.1.1.3-3",
        ),
        (
            {"dmrs_additional_position": 3, "type_a_position": 3},
            "must be below 3 where type_a_position is 3 .TS 38.211",
        ),
        ({"num_rb": 24}, "num_rb"),
        ({"harq": {"rv_sequence": [0, 4, 3, 1]}}, "must be of 0 to 3 .TS 38.212"),
        ({"harq": {"max_num_transmissions": 5}}, "a version for each of the 5"),
        ({"harq": {"max_num_transmissions": 0}}, "max_num_transmissions"),
        ({"harq": {"round_trip_slots": 0}}, "round_trip_slots"),
        ({"num_rx_ant": 0}, "num_rx_ant"),
    ],
)
def test_what_is_not_in_the_tables_is_refused(make_config, values, message):
    with pytest.raises(ValidationError, match=message):
        make_config(**values)


def test_a_reference_channel_is_not_overruled(make_config):
    with pytest.raises(ValidationError, match="num_prb must be left out where"):
        make_config(reference_channel="G-FR1-A3-11", num_prb=25)
    with pytest.raises(
        ValidationError, match=r"must be one of TS 38\.104 A\.3 to A\.5"
    ):
        make_config(reference_channel="G-FR1-A3-7")
    with pytest.raises(ValueError, match=r"must be one of TS 38\.104.*got 'A3-11'"):
        reference_channel("A3-11")
    with pytest.raises(ValidationError, match="reference_channel"):
        make_config(reference_channel=3)


def test_the_defaults_are_those_of_the_conformance_test():
    """TS 38.104 table 8.2.1.1-1."""
    harq = HarqConfig()
    assert harq.max_num_transmissions == 4
    assert harq.rv_sequence == (0, 2, 3, 1)
    assert PuschConfig.model_fields["dmrs_additional_position"].default == 1
    assert PuschConfig.model_fields["type_a_position"].default == 2
    assert np.all(np.array(dmrs_symbol_indices(2, 1)) == [2, 11])
