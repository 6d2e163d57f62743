from fractions import Fraction

import numpy as np
import pytest

from commgen.coding import transport_block_size
from commgen.coding.tbs import _TABLE

# num_re, bits per symbol, layers, 1024 R, payload of TS 38.104 annex A.3 to A.5 (one
# layer; 25, 106, 24 and 273 PRBs with 144 resource elements each).
REFERENCE_CHANNELS = [
    (25, 2, 193, 1352),
    (106, 2, 193, 5768),
    (24, 2, 193, 1320),
    (273, 2, 193, 14856),
    (25, 4, 658, 9224),
    (106, 4, 658, 38936),
    (24, 4, 658, 8968),
    (273, 4, 658, 100392),
    (25, 6, 567, 12040),
    (106, 6, 567, 50184),
    (24, 6, 567, 11528),
    (273, 6, 567, 131176),
]


@pytest.mark.parametrize(("num_prb", "q", "rate", "payload"), REFERENCE_CHANNELS)
def test_payloads_of_the_reference_channels(num_prb, q, rate, payload):
    assert transport_block_size(num_prb * 144, q, 1, rate / 1024) == payload


def test_table_has_93_sizes_of_whole_bytes():
    """Table 5.1.3.2-1 of TS 38.214 numbers its entries 1 to 93."""
    assert len(_TABLE) == 93
    assert np.all(np.diff(_TABLE) > 0)
    assert not np.any(np.array(_TABLE) % 8)
    # Where its columns begin: numbers 1, 31, 61 and 91.
    assert [_TABLE[i] for i in (0, 30, 60, 90)] == [24, 336, 1288, 3624]


def test_sizes_are_sionnas_except_at_ties(sionna, rng):
    """Sionna 1.2.2 in double precision, random allocations."""
    num_re = np.exp(rng.uniform(np.log(12), np.log(273 * 156), size=3000)).astype(int)
    q = rng.choice([2, 4, 6, 8], size=3000)
    layers = rng.integers(1, 5, size=3000)
    rate = rng.choice([120, 193, 308, 449, 567, 658, 772, 948], size=3000) / 1024
    theirs = sionna.calculate_tb_size(
        q,
        rate,
        num_coded_bits=num_re * q * layers,
        num_layers=layers,
        return_cw_length=False,
        precision="double",
    )[0].numpy()
    ours = [
        transport_block_size(int(a), int(b), int(c), float(d))
        for a, b, c, d in zip(num_re, q, layers, rate, strict=True)
    ]
    differ = np.flatnonzero(theirs != ours)
    for i in differ:
        assert _is_tie(int(num_re[i]) * int(q[i]) * int(layers[i]) * Fraction(rate[i]))
    assert len(differ) < 30


def _is_tie(n_info):
    n = int(n_info - 24).bit_length() - 1 - 5
    return (n_info - 24) / 2**n % 1 == Fraction(1, 2)


def test_sionna_rounds_ties_to_even_and_the_standard_up(sionna):
    """TS 38.214 5.1.3.2 step 4: ties go to the next largest integer (Sionna #1189).

    N_info = 8344, of which 8320 / 2^8 = 32.5: down it is 8192 in one code block, up it
    is 8448 in two.
    """
    num_re, q, rate = 4172, 4, 1 / 2
    assert _is_tie(num_re * q * Fraction(1, 2))
    theirs = sionna.calculate_tb_size(q, rate, num_coded_bits=num_re * q)[0]
    assert int(theirs) == 8192
    assert transport_block_size(num_re, q, 1, rate) == 8456


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 2, 1, 0.5), ValueError, "num_re must be at least 1, got 0"),
        ((10, 0, 1, 0.5), ValueError, "num_bits_per_symbol must be at least 1, got 0"),
        ((10, 12, 1, 0.5), ValueError, "num_bits_per_symbol must be at most 10, got"),
        ((10, 2, 9, 0.5), ValueError, "num_layers must be at most 8, got 9"),
        ((10, 2, 1, 1.0), ValueError, r"coderate must be in \(0, 1\) .*5\.1\.3\.1\)"),
        ((10, 2, 1, np.nan), ValueError, r"coderate must be in \(0, 1\)"),
        ((10, 2, 1, "1/2"), TypeError, "coderate must be a number, got '1/2'"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        transport_block_size(*arguments)
