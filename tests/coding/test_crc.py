import numpy as np
import pytest

from commgen.coding import append_crc, crc_bits, crc_length, crc_passes

NAMES = ["CRC24A", "CRC24B", "CRC24C", "CRC16", "CRC11", "CRC6"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("num_bits", [1, 7, 8, 100])
def test_parity_is_sionnas(sionna, rng, name, num_bits):
    bits = rng.integers(2, size=(5, num_bits), dtype=np.uint8)
    theirs = sionna.CRCEncoder(name)(bits.astype(np.float32)).numpy()
    np.testing.assert_array_equal(append_crc(bits, name), theirs)


def test_parity_of_the_nine_digits_is_the_catalogues():
    """CRC-16/XMODEM is CRC16, CRC-24/LTE-A and -B are CRC24A and B (reveng.sourceforge.io)."""  # noqa: E501
    bits = np.unpackbits(np.frombuffer(b"123456789", np.uint8))
    for name, check in (("CRC16", 0x31C3), ("CRC24A", 0xCDE703), ("CRC24B", 0x23EF52)):
        value = int("".join(map(str, crc_bits(bits, name))), 2)
        assert value == check


@pytest.mark.parametrize("name", [*NAMES, "CRC8-HT", "CRC24-MODE-S"])
def test_any_single_error_is_found(rng, name):
    whole = append_crc(rng.integers(2, size=50, dtype=np.uint8), name)
    assert crc_passes(whole, name)
    damaged = whole ^ np.eye(len(whole), dtype=np.uint8)
    assert not crc_passes(damaged, name).any()
    assert crc_length(name) == len(whole) - 50


def test_parity_of_other_radios():
    """CRC-8/SMBUS, and a message of J. Sun (The 1090 MHz Riddle, 1.4)."""
    bits = np.unpackbits(np.frombuffer(b"123456789", np.uint8))
    assert np.packbits(crc_bits(bits, "CRC8-HT"))[0] == 0xF4
    message = np.frombuffer(bytes.fromhex("8D406B902015A678D4D220AA4BDA"), np.uint8)
    assert crc_passes(np.unpackbits(message), "CRC24-MODE-S")


def test_other_polynomials_are_refused():
    with pytest.raises(ValueError, match=r"name must be one of CRC24A.*got 'CRC32'"):
        crc_bits(np.zeros(4, np.uint8), "CRC32")
