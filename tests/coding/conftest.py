"""Noise and LLRs for the tests of coding."""

from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(seed=42)


@pytest.fixture
def noisy_llr(rng):
    """BPSK over AWGN: coded bits and Es/N0 in dB to LLRs log p(1) / p(0), float32."""

    def draw(c, snr_db):
        no = 10 ** (-snr_db / 10)
        y = 2.0 * c - 1 + np.sqrt(no / 2) * rng.normal(size=c.shape)
        return (4 * y / no).astype(np.float32)

    return draw


@pytest.fixture(scope="session")
def sionna():
    """Sionna's blocks; where it is not installed, what compares with them skips."""
    pytest.importorskip("sionna.phy", reason="Sionna is not installed")
    from sionna.phy.fec.crc import CRCEncoder
    from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
    from sionna.phy.nr import TBEncoder
    from sionna.phy.nr.utils import calculate_tb_size

    return SimpleNamespace(
        CRCEncoder=CRCEncoder,
        LDPC5GDecoder=LDPC5GDecoder,
        LDPC5GEncoder=LDPC5GEncoder,
        TBEncoder=TBEncoder,
        calculate_tb_size=calculate_tb_size,
    )
