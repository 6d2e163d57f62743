import copy
import itertools

import numpy as np
import pytest

from commgen.coding import Segmentation, TransportBlock, transport_block_size
from commgen.coding.encoder import encode_mother

# num_re, bits per symbol, layers, rate: one and several code blocks, of equal and of
# different length, with either base graph.
SLOTS = [
    (100, 2, 1, 0.5),
    (3600, 2, 1, 300 / 1024),
    (3600, 6, 1, 567 / 1024),
    (3456, 6, 2, 567 / 1024),
    (15264, 4, 1, 658 / 1024),
    (39312, 2, 1, 0.24),
    (39312, 6, 1, 567 / 1024),
]


def make(num_re, q, num_layers, coderate, **settings):
    tbs = transport_block_size(num_re, q, num_layers, coderate)
    return TransportBlock(
        tbs,
        num_re * q * num_layers,
        num_bits_per_symbol=q,
        num_layers=num_layers,
        coderate=coderate,
        **settings,
    )


@pytest.mark.parametrize(("num_re", "q", "num_layers", "coderate"), SLOTS)
def test_coded_bits_are_sionnas(sionna, rng, num_re, q, num_layers, coderate):
    block = make(num_re, q, num_layers, coderate)
    theirs = sionna.TBEncoder(
        block.tbs,
        block.num_coded_bits,
        coderate,
        q,
        num_layers=num_layers,
        use_scrambler=False,
    )
    assert theirs.num_cbs == block.num_code_blocks
    bits = rng.integers(2, size=(2, block.tbs))
    np.testing.assert_array_equal(
        block.encode(bits), theirs(bits.astype(np.float32)).numpy()
    )


@pytest.mark.parametrize(("num_re", "q", "num_layers", "coderate"), SLOTS[:6])
@pytest.mark.parametrize("versions", [(0,), (1, 2, 3), (3, 0)])
def test_bits_return_without_noise(rng, num_re, q, num_layers, coderate, versions):
    block = make(num_re, q, num_layers, coderate)
    bits = rng.integers(2, size=(2, block.tbs))
    buffer = block.new_buffer(2)
    for rv in versions:
        block.combine(buffer, 8.0 * block.encode(bits, rv) - 4, rv)
    bits_hat, crc_ok = block.decode(buffer)
    np.testing.assert_array_equal(bits_hat, bits)
    assert crc_ok.all()
    assert bits_hat.dtype == np.uint8


@pytest.mark.parametrize("num_prb", [25, 106, 24, 273])
def test_rates_under_a_fifth_repeat(rng, num_prb):
    """QPSK 193/1024 of TS 38.104 annex A.3, which Sionna's encoder refuses."""
    block = make(num_prb * 144, 2, 1, 193 / 1024)
    assert block.tbs / block.num_coded_bits < 1 / 5
    assert block.segmentation.base_graph == 2
    bits = rng.integers(2, size=(2, block.tbs))
    c = block.encode(bits)
    assert c.shape == (2, 2 * 144 * num_prb)
    bits_hat, crc_ok = block.decode(block.combine(block.new_buffer(2), 2.0 * c - 1))
    np.testing.assert_array_equal(bits_hat, bits)
    assert crc_ok.all()


@pytest.mark.parametrize(("rv", "k_0"), [(0, 0), (1, 13), (2, 25), (3, 43)])
def test_redundancy_versions_start_where_the_table_says(sionna, rng, rv, k_0):
    """The whole circular buffer from Sionna, read from k_0 Z on: TS 38.212 5.4.2.

    1424 + 16 bits are ten columns of Z = 144, without fillers.
    """
    block = TransportBlock(1424, 3000, num_bits_per_symbol=4, coderate=0.3)
    bits = rng.integers(2, size=(2, 1424))
    whole = sionna.LDPC5GEncoder(1440, 7200)(
        sionna.CRCEncoder("CRC16")(bits.astype(np.float32))
    )
    chosen = whole.numpy()[:, (k_0 * 144 + np.arange(3000)) % 7200]
    expected = chosen.reshape(2, 4, 750).transpose(0, 2, 1).reshape(2, 3000)
    np.testing.assert_array_equal(block.encode(bits, rv), expected)


def test_incremental_redundancy_beats_repetition_and_one_transmission(rng, noisy_llr):
    block = make(300, 4, 1, 658 / 1024)
    bits = rng.integers(2, size=(200, block.tbs))
    ok = {}
    for versions in ((0,), (0, 0), (0, 2)):
        buffer = block.new_buffer(200)
        for rv in versions:
            block.combine(buffer, noisy_llr(block.encode(bits, rv), -3.5), rv)
        bits_hat, ok[versions] = block.decode(buffer)
        # 16 bits of CRC let through one wrong block in 65,000.
        assert not np.any(ok[versions] & (bits_hat != bits).any(axis=1))
    once, chase, incremental = (x.mean() for x in ok.values())
    assert once == 0
    assert 0 < chase < 0.7
    assert incremental > chase + 0.25


def rank(rows):
    """Rank over GF(2) of the rows, as whole numbers of Python."""
    basis: dict[int, int] = {}
    for row in rows:
        value = int("".join(map(str, row)), 2)
        while value and value.bit_length() in basis:
            value ^= basis[value.bit_length()]
        if value:
            basis[value.bit_length()] = value
    return len(basis)


@pytest.mark.parametrize(
    ("tbs", "coderate", "num_bits", "base_graph"),
    [(304, 0.85, 6, 1), (304, 0.93, 8, 1), (120, 0.5, 2, 2), (120, 0.65, 4, 2)],
)
def test_whatever_carries_the_information_delivers_it(
    tbs, coderate, num_bits, base_graph, rng
):
    """And nothing else is accepted: all sets of redundancy versions, without noise."""
    block = make_of(tbs, coderate, num_bits)
    assert block.segmentation.base_graph == base_graph
    unit = np.eye(block.code.k, dtype=np.uint8)
    columns = encode_mother(block.code, unit).T
    bits = rng.integers(2, size=(20, tbs))
    carried = set()
    for num in range(1, 5):
        for versions in itertools.combinations(range(4), num):
            buffer = block.new_buffer(20)
            for rv in versions:
                block.combine(buffer, 12.0 * block.encode(bits, rv) - 6, rv)
            bits_hat, accepted = block.decode(buffer)
            enough = rank(columns[buffer[0, 0] != 0]) == block.code.k
            assert accepted.all() if enough else not accepted.any()
            np.testing.assert_array_equal(accepted, (bits_hat == bits).all(axis=1))
            carried |= {versions} if enough else set()
    # Not to be had by messages alone: no information bit is in version 2.
    assert (2,) in carried


def make_of(tbs, coderate, num_bits):
    num_coded_bits = int(tbs / coderate) // num_bits * num_bits
    return TransportBlock(
        tbs, num_coded_bits, num_bits_per_symbol=num_bits, coderate=coderate
    )


@pytest.mark.parametrize("versions", [(1,), (2,), (1, 2), (2, 2), (3,)])
def test_noise_makes_no_false_acknowledgement(versions, rng, noisy_llr):
    """A quarter of what is sent is wrong, so that elimination starts from errors."""
    block = make_of(304, 0.85, 6)
    bits = rng.integers(2, size=(300, 304))
    buffer = block.new_buffer(300)
    for rv in versions:
        block.combine(buffer, noisy_llr(block.encode(bits, rv), -4), rv)
    bits_hat, accepted, llr = block.decode_soft(buffer)
    assert not np.any(accepted & (bits_hat != bits).any(axis=1))
    assert np.isfinite(llr).all()


def test_retransmissions_may_be_of_some_blocks_only(rng, noisy_llr):
    block = make(300, 4, 1, 658 / 1024)
    bits = rng.integers(2, size=(6, block.tbs))
    llr = noisy_llr(block.encode(bits), 8)
    buffer = block.combine(block.new_buffer(6), llr)
    some = buffer[[1, 4]]
    bits_hat, crc_ok = block.decode(some)
    np.testing.assert_array_equal(bits_hat, bits[[1, 4]])
    assert crc_ok.all()
    bits_hat, crc_ok = block.decode(buffer[:0])
    assert bits_hat.shape == (0, block.tbs)
    assert crc_ok.shape == (0,)


@pytest.mark.parametrize("slot", [SLOTS[0], SLOTS[3]])
def test_wrong_blocks_are_found(rng, slot):
    block = make(*slot)
    buffer = block.new_buffer(20)
    block.combine(buffer, rng.normal(size=(20, block.num_coded_bits)))
    assert not block.decode(buffer)[1].any()


def test_nothing_received_is_not_a_block_of_zeros():
    """All zeros are a codeword, and pass every CRC."""
    block = make(3456, 6, 2, 567 / 1024)
    buffer = block.new_buffer(2)
    buffer[0, 0] = buffer[0, 2] = -1  # the code block in between is missing
    bits_hat, crc_ok = block.decode(buffer)
    assert not bits_hat.any()
    assert not crc_ok.any()


@pytest.mark.parametrize(
    ("tbs", "coderate", "base_graph", "num_blocks", "k"),
    [
        (288, 0.75, 2, 1, 304),
        (304, 0.75, 1, 1, 320),
        (3824, 0.67, 2, 1, 3840),
        (3824, 0.68, 1, 1, 3840),
        (3840, 0.5, 1, 1, 3864),
        (8424, 0.5, 1, 1, 8448),
        (8456, 0.5, 1, 2, 4264),
        (3904, 0.25, 2, 2, 1988),
    ],
)
def test_segmentation_follows_the_clauses(tbs, coderate, base_graph, num_blocks, k):
    """TS 38.212 6.2.2 (graph) and 5.2.2 (segments), worked out by hand."""
    cut = Segmentation.of(tbs, coderate)
    assert (cut.base_graph, cut.num_blocks, cut.k) == (base_graph, num_blocks, k)
    assert cut.crc == ("CRC24A" if tbs > 3824 else "CRC16")


def test_sionna_counts_the_crc_when_it_chooses_the_graph(sionna):
    """TS 38.212 6.2.2 asks for the payload: 288 bits take base graph 2, not 1."""
    theirs = sionna.TBEncoder(288, 384, 772 / 1024, 2, use_scrambler=False)
    assert theirs.ldpc_encoder.k == 304
    # A code of base graph 1 has 22 columns of information bits.
    assert theirs.ldpc_encoder.k_ldpc == 22 * theirs.ldpc_encoder.z
    block = TransportBlock(288, 384, num_bits_per_symbol=2, coderate=772 / 1024)
    assert block.code.graph.number == 2


def test_a_copy_works_as_the_original(rng):
    block = make(100, 2, 1, 0.5)
    bits = rng.integers(2, size=(2, block.tbs))
    c = block.encode(bits, 2)
    np.testing.assert_array_equal(copy.deepcopy(block).encode(bits, 2), c)


def small(**changes):
    arguments = {"tbs": 96, "num_coded_bits": 200, "num_bits_per_symbol": 2}
    arguments = {**arguments, "coderate": 0.5, **changes}
    return TransportBlock(**arguments)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: small(tbs=0), ValueError, "tbs must be at least 1, got 0"),
        (lambda: small(tbs=96.0), TypeError, "tbs must be a whole number, got 96"),
        (
            lambda: small(tbs=9001, num_coded_bits=20_000),
            ValueError,
            r"tbs \+ 24 must be a multiple of its 2 code blocks \(TS 38\.214 5",
        ),
        (lambda: small(coderate=1.5), ValueError, r"coderate must be in \(0, 1\)"),
        (
            lambda: small(num_coded_bits=201),
            ValueError,
            r"num_coded_bits must be a multiple of 2, num_layers times .*, got 201",
        ),
        (
            lambda: small(tbs=17_001, num_coded_bits=4),
            ValueError,
            "num_coded_bits must be at least 6, a symbol on each layer .*, got 4",
        ),
        (lambda: small(num_layers=0), ValueError, "num_layers must be at least 1"),
        (
            lambda: small(num_bits_per_symbol=0),
            ValueError,
            "num_bits_per_symbol must be at least 1, got 0",
        ),
        (
            lambda: small(num_iterations=0),
            ValueError,
            "num_iterations must be at least 1, got 0",
        ),
        (
            lambda: small().encode(np.zeros((2, 95))),
            ValueError,
            r"bits must be \[\.\.\., 96\], got \(2, 95\)",
        ),
        (
            lambda: small().encode(np.zeros(96)),
            ValueError,
            r"bits must be \[batch, 96\], got \(96,\)",
        ),
        (
            lambda: small().encode(np.zeros((2, 96)), rv=4),
            ValueError,
            r"rv must be 0, 1, 2 or 3 \(TS 38\.212 table 5\.4\.2\.1-2\), got 4",
        ),
        (lambda: small().new_buffer(0), ValueError, "batch_size must be at least 1"),
        (
            lambda: small().combine(small().new_buffer(2), np.zeros((2, 199))),
            ValueError,
            r"llr must be \[2, 200\], one row for each of the buffer, got \(2, 199\)",
        ),
        (
            lambda: small().combine(small().new_buffer(1), np.full((1, 200), np.nan)),
            ValueError,
            "llr must not be NaN, got 200 of them",
        ),
        (
            lambda: small().decode(np.zeros((1, 1, 1), np.float32)),
            ValueError,
            r"buffer must be float32 \[batch, 1, 1040\] as of new_buffer, got float32 ",
        ),
        (
            lambda: small().decode(small().new_buffer(1).astype(float)),
            ValueError,
            "buffer must be float32 .*, got float64",
        ),
    ],
)
def test_bad_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("tbs", "num_coded_bits", "coderate"), [(848, 1728, 0.5), (9992, 20_016, 0.5)]
)
def test_one_transmission_is_decoded_as_from_a_buffer(
    tbs, num_coded_bits, coderate, rng, noisy_llr
):
    block = TransportBlock(
        tbs,
        num_coded_bits,
        num_bits_per_symbol=2,
        coderate=coderate,
        solve_erasures=False,
    )
    bits = rng.integers(0, 2, (40, tbs), dtype=np.uint8)
    llr = noisy_llr(block.encode(bits), -2.0)
    expected = block.decode(block.combine(block.new_buffer(40), llr))
    found = block.decode_once(llr)
    assert 0 < found[1].sum() < 40
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match=rf"llr must be \[3, {num_coded_bits}\], one"):
        block.decode_once(np.zeros((3, 7)))
