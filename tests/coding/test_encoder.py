from pathlib import Path

import numpy as np
import pytest

from commgen.coding import LDPCCode, LDPCEncoder, rate_matching_indices
from commgen.coding.base_graph import choose_lifting, load_base_graph
from commgen.coding.encoder import encode_mother


@pytest.mark.parametrize(
    ("number", "num_edges", "first_row", "max_degree"),
    [(1, 316, 19, 30), (2, 197, 8, 23)],
)
def test_base_graphs_are_those_of_the_standard(
    number, num_edges, first_row, max_degree
):
    """Counts of TS 38.212 tables 5.3.2-2 and 5.3.2-3, and their staircase."""
    graph = load_base_graph(number)
    assert len(graph.cols) == num_edges
    assert np.sum(graph.rows == 0) == first_row
    assert np.bincount(graph.cols).max() == max_degree
    for row in range(4, graph.num_rows):
        last = np.flatnonzero(graph.rows == row)[-1]
        assert graph.cols[last] == graph.num_info_cols + row
        assert not graph.shifts[last].any()


@pytest.mark.parametrize("number", [1, 2])
def test_base_graphs_are_sionnas(sionna, number):
    """Every entry and every shift, read from the tables that Sionna ships."""
    import sionna.phy.fec.ldpc as package

    path = Path(package.__file__).parent / "codes" / f"5G_bg{number}.csv"
    table = np.genfromtxt(path, delimiter=";", skip_header=2)
    # The index of a row is written only where the row begins.
    starts = ~np.isnan(table[:, 0])
    table[:, 0] = table[starts, 0][np.cumsum(starts) - 1]
    graph = load_base_graph(number)
    ours = np.column_stack([graph.rows, graph.cols, graph.shifts])
    np.testing.assert_array_equal(ours, table)


@pytest.mark.parametrize(
    ("k", "n", "num_bits_per_symbol"),
    [
        (12, 60, 2),
        (20, 50, 2),
        (100, 200, 4),
        (193, 900, None),
        (300, 400, None),
        (561, 2000, 8),
        (1024, 2048, None),
        (3000, 3240, 6),
        (3840, 8000, 8),
        (8448, 25344, 4),
    ],
)
def test_codewords_are_sionnas(sionna, rng, k, n, num_bits_per_symbol):
    encoder = LDPCEncoder(k, n, num_bits_per_symbol=num_bits_per_symbol)
    theirs = sionna.LDPC5GEncoder(k, n, num_bits_per_symbol=num_bits_per_symbol)
    bits = rng.integers(2, size=(3, k))
    np.testing.assert_array_equal(encoder(bits), theirs(bits.astype(np.float32)))


@pytest.mark.parametrize("base_graph", [1, 2])
def test_every_set_of_shifts_gives_codewords(sionna, rng, base_graph):
    """H c = 0 with Sionna's parity-check matrix, one k for each set of sizes."""
    seen = set()
    for k in range(300, 480, 2):
        z, set_index = choose_lifting(k, base_graph)
        if set_index in seen:
            continue
        seen.add(set_index)
        code = LDPCCode.of(k, base_graph)
        theirs = sionna.LDPC5GEncoder(k, 2 * k, bg=f"bg{base_graph}")
        assert theirs.z == code.z == z
        c = encode_mother(code, rng.integers(2, size=(2, k), dtype=np.uint8))
        assert not (theirs.pcm @ c.T % 2).any()
        assert c[:, k:].any()
    assert len(seen) >= 6


def test_low_rates_repeat_the_circular_buffer(rng):
    """TS 38.212 5.4.2.1: past its end the buffer is read from its beginning."""
    once, more = LDPCEncoder(100, 500), LDPCEncoder(100, 1300)
    size = len(more.code.sent_positions)
    bits = rng.integers(2, size=(2, 100))
    c = more(bits)
    np.testing.assert_array_equal(c[:, :500], once(bits))
    np.testing.assert_array_equal(c[:, size:], c[:, : 1300 - size])


def test_bits_may_have_any_type_and_shape(rng):
    encoder = LDPCEncoder(20, 50)
    bits = rng.integers(2, size=(2, 3, 20))
    c = encoder(bits)
    assert c.shape == (2, 3, 50)
    assert c.dtype == np.uint8
    for dtype in (bool, np.uint8, np.float32):
        np.testing.assert_array_equal(encoder(bits.astype(dtype)), c)
    np.testing.assert_array_equal(encoder(bits[1, 2]), c[1, 2])
    assert encoder(bits[:0]).shape == (0, 3, 50)


@pytest.mark.parametrize("base_graph", [1, 2])
@pytest.mark.parametrize("rv", [0, 1, 2, 3])
def test_redundancy_versions_start_where_the_table_says(base_graph, rv):
    """Table 5.4.2.1-2 written out; fillers are skipped bit by bit."""
    code = LDPCCode.of(305, base_graph)
    z = code.z
    length = {1: 66, 2: 50}[base_graph] * z
    k_0 = {
        (1, 0): 0,
        (1, 1): 17 * length // (66 * z) * z,
        (1, 2): 33 * length // (66 * z) * z,
        (1, 3): 56 * length // (66 * z) * z,
        (2, 0): 0,
        (2, 1): 13 * length // (50 * z) * z,
        (2, 2): 25 * length // (50 * z) * z,
        (2, 3): 43 * length // (50 * z) * z,
    }[base_graph, rv]
    n = length + 77
    expected, j = [], 0
    while len(expected) < n:
        place = 2 * z + (k_0 + j) % length
        if not code.k <= place < code.num_info:
            expected.append(place)
        j += 1
    np.testing.assert_array_equal(rate_matching_indices(code, n, rv=rv), expected)


def test_interleaver_writes_rows_and_reads_columns():
    """TS 38.212 5.4.2.2: f[i + j Q] = e[i E / Q + j]."""
    code = LDPCCode.of(40, 2)
    e = rate_matching_indices(code, 12)
    f = rate_matching_indices(code, 12, num_bits_per_symbol=4)
    for i in range(4):
        for j in range(3):
            assert f[i + j * 4] == e[i * 3 + j]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LDPCEncoder(0, 10), "k must be at least 1, got 0"),
        (lambda: LDPCEncoder(11, 50), r"k must be in 12\.\.3840 .*5\.2\.2\), got 11"),
        (lambda: LDPCEncoder(3841, 38410), r"k must be in 12\.\.3840"),
        (lambda: LDPCEncoder(8449, 20000), r"k must be in 12\.\.8448"),
        (lambda: LDPCEncoder(96, 100), r"k / n must be at most 0\.95 \(TS 38\.214"),
        (lambda: LDPCEncoder(20, 0), "n must be at least 1, got 0"),
        (
            lambda: LDPCEncoder(20, 50, num_bits_per_symbol=4),
            "n must be a multiple of num_bits_per_symbol 4 .*got 50",
        ),
        (
            lambda: rate_matching_indices(LDPCCode.of(20, 2), 50, rv=4),
            r"rv must be 0, 1, 2 or 3 \(TS 38\.212 table 5\.4\.2\.1-2\), got 4",
        ),
        (lambda: load_base_graph(3), "base_graph must be 1 or 2, got 3"),
        (
            lambda: LDPCEncoder(20, 50)(np.zeros((2, 21))),
            r"bits must be \[\.\.\., 20\]",
        ),
        (lambda: LDPCEncoder(20, 50)(1), r"bits must be \[\.\.\., 20\], got \(\)"),
        (lambda: LDPCEncoder(20, 50)(np.full(20, 2)), "zeros and ones, got 2"),
        (lambda: LDPCEncoder(20, 50)(np.full(20, np.nan)), "bits must be zeros and"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_whole_numbers_are_asked_for():
    with pytest.raises(TypeError, match=r"k must be a whole number, got 20\.0"):
        LDPCEncoder(20.0, 50)
