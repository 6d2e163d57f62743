"""Links whose data are points of a file."""

import numpy as np
import pytest

from commgen.channels import RecordedChannel
from commgen.frame.constellation import Constellation
from commgen.frame.fields import frame_of
from commgen.phy import Link, parse_config
from commgen.phy.estimation.perfect import PerfectCSI
from commgen.phy.neural.files import check_receiver_fits
from commgen.phy.ofdm.symbols import symbols_of
from commgen.phy.simulation.config_file import dump_config, load_config
from commgen.phy.simulation.inputs import content_digest, input_paths


def config_with(base, path, num_bits=4):
    base["link"].update(num_rx_ant=1, num_bits_per_symbol=num_bits)
    base["channel"]["num_rx_ant"] = 1
    base["link"].pop("constellation", None)
    if path is not None:
        base["link"]["constellation"] = str(path)
    return parse_config(base)


def counts(config, snr_db=8.0):
    h = np.ones((4, 1, 1, 1, 12), np.complex64)
    channel = RecordedChannel(h, 30e3, seed=1)
    link = Link(config.link, channel, seed=1, jit_compile=False)
    perfect = {"perfect": PerfectCSI(link.resource_grid)}
    pending = np.ones((1, 1), bool)
    ((_, _, found),) = link.run_batch(0, 64, np.array([snr_db]), perfect, pending)
    return found


def test_qam_from_a_file_is_qam(base, tmp_path):
    Constellation.qam(4).save(tmp_path / "qam.npz")
    from_file = counts(config_with(base, tmp_path / "qam.npz"))
    plain = counts(config_with(base, None))
    assert 0 < plain.block_errors.sum() < 64
    np.testing.assert_array_equal(from_file.bit_errors, plain.bit_errors)


def test_points_of_three_bits_carry_blocks(base, tmp_path):
    psk = np.exp(2j * np.pi * np.arange(8) / 8)
    Constellation.of(psk, [0, 1, 3, 2, 6, 7, 5, 4]).save(tmp_path / "psk.npz")
    config = config_with(base, tmp_path / "psk.npz", 3)
    # Rate 1/2 over three bits needs 2.9 dB by its GMI: at 8 dB hardly a block fails.
    assert counts(config).block_errors.sum() <= 2


def test_labels_matter(base, tmp_path):
    """The same points with labels of no order lose blocks."""
    points = Constellation.qam(4).points
    labels = np.random.default_rng(0).permutation(16)
    Constellation.of(points, labels).save(tmp_path / "worse.npz")
    worse = counts(config_with(base, tmp_path / "worse.npz")).block_errors
    plain = counts(config_with(base, None)).block_errors
    assert worse.sum() > 10 + plain.sum()


def test_its_file_is_an_input(base, tmp_path):
    Constellation.qam(4).save(tmp_path / "c.npz")
    config = config_with(base, "c.npz")
    (tmp_path / "link.yaml").write_text(dump_config(config))
    loaded = load_config(tmp_path / "link.yaml")
    assert loaded.link.constellation == tmp_path / "c.npz"
    assert tmp_path / "c.npz" in input_paths(loaded)
    before = content_digest(tmp_path / "c.npz")
    Constellation.of(np.arange(16)).save(tmp_path / "c.npz")
    assert content_digest(tmp_path / "c.npz") != before


def test_what_does_not_fit_is_refused(base, tmp_path):
    Constellation.qam(6).save(tmp_path / "six.npz")
    with pytest.raises(ValueError, match=r"must be the 6 of .*six\.npz, got 4"):
        symbols_of(config_with(base, tmp_path / "six.npz").link)
    shaped = Constellation.of(np.arange(16), None, np.arange(1, 17) / 136)
    shaped.save(tmp_path / "shaped.npz")
    with pytest.raises(ValueError, match="must have points of equal probability"):
        symbols_of(config_with(base, tmp_path / "shaped.npz").link)
    with pytest.raises(FileNotFoundError):
        symbols_of(config_with(base, tmp_path / "none.npz").link)
    with pytest.raises(ValueError, match="must be 2, 4, 6 or 8, got 3 without"):
        config_with(base, None, 3)


def test_a_receiver_of_other_points_is_refused(base, tmp_path):
    Constellation.qam(4).save(tmp_path / "c.npz")
    own = config_with(base, tmp_path / "c.npz").link
    plain = config_with(base, None).link
    for trained, here in ((own, plain), (plain, own)):
        card = {"frame": frame_of(trained), "snr_range_db": [0, 9]}
        check_receiver_fits(card, trained, 5.0)
        with pytest.raises(ValueError, match=r"link\.constellation must be"):
            check_receiver_fits(card, here, 5.0)
