import numpy as np
import pytest

from commgen.coding import LayeredDecoder, LDPCCode, LDPCDecoder, LDPCEncoder
from commgen.coding.encoder import encode_mother

CODES = [(12, 60, 2), (100, 180, None), (100, 700, 4), (300, 400, None), (900, 2000, 8)]


@pytest.mark.parametrize(("k", "n", "num_bits_per_symbol"), CODES)
@pytest.mark.parametrize("algorithm", ["offset-minsum", "normalised-minsum", "minsum"])
def test_bits_return_without_noise(rng, k, n, num_bits_per_symbol, algorithm):
    encoder = LDPCEncoder(k, n, num_bits_per_symbol=num_bits_per_symbol)
    decoder = LDPCDecoder(encoder, algorithm=algorithm)
    bits = rng.integers(2, size=(2, 3, k))
    found = decoder.decode(10.0 * encoder(bits) - 5)
    np.testing.assert_array_equal(found.bits, bits)
    assert found.parity_ok.all()
    assert found.num_iterations.shape == (2, 3)
    assert found.bits.dtype == np.uint8


def reference(code, llr, num_iterations, scale, offset):
    """Layered min-sum check by check in double precision, stopping at a codeword.

    All checks, all bits, fillers and punctured ones included.
    """
    rows, z = code.graph.num_rows, code.z
    h = np.zeros((rows * z, code.n_mother), bool)
    for r in range(rows):
        for e in range(code.row_starts[r], code.row_starts[r + 1]):
            for i in range(z):
                h[r * z + i, code.cols[e] * z + (i + code.shifts[e]) % z] = True
    total = -np.clip(np.round(llr * 16) / 16, -1023 / 16, 1023 / 16)
    total[code.k : code.num_info] = 1e6
    sent = [np.flatnonzero(row) for row in h]
    heard = [np.zeros(len(s)) for s in sent]
    for iteration in range(1, num_iterations + 1):
        for s, m in zip(sent, heard, strict=True):
            t = total[s] - m
            sizes = np.abs(t)
            for j in range(len(s)):
                others = np.arange(len(s)) != j
                size = min(sizes[others].min(), 1023 / 16)
                # Down to a sixteenth, as the integers round.
                size = max(np.floor(size * scale * 16) / 16 - offset, 0)
                sign = np.prod(np.where(t[others] < 0, -1, 1))
                m[j] = sign * size
            total[s] = t + m
        decided = total < 0
        own = code.num_info + np.arange(rows * z)
        known = np.repeat(
            [r < 4 or np.any(llr[own[r * z : (r + 1) * z]]) for r in range(rows)], z
        )
        if not np.any((h[known] @ decided.astype(int)) % 2):
            return decided[: code.k], iteration, True
    return decided[: code.k], num_iterations, False


@pytest.mark.parametrize(
    ("algorithm", "scale", "offset"),
    [("offset-minsum", 1, 0.5), ("normalised-minsum", 0.75, 0), ("minsum", 1, 0)],
)
@pytest.mark.parametrize(
    ("k", "base_graph", "num_cols", "snr_db"),
    [(40, 2, 30, -3.5), (30, 2, 52, -6), (70, 1, 40, -1), (150, 1, 68, -4.5)],
)
def test_decisions_are_those_of_a_plain_decoder(
    rng, noisy_llr, k, base_graph, num_cols, snr_db, algorithm, scale, offset
):
    """Frames that converge and frames that do not, some bits erased."""
    code = LDPCCode.of(k, base_graph)
    bits = rng.integers(2, size=(6, k), dtype=np.uint8)
    llr = noisy_llr(encode_mother(code, bits), snr_db)
    llr[:, : 2 * code.z] = 0
    llr[:, num_cols * code.z - 1 :] = 0
    llr[:, (num_cols - 3) * code.z : (num_cols - 2) * code.z] = 0
    decoder = LayeredDecoder(code, num_iterations=8, algorithm=algorithm)
    found = decoder.decode(llr)
    for f in range(6):
        decided, iterations, ok = reference(code, llr[f], 8, scale, offset)
        np.testing.assert_array_equal(found.bits[f], decided)
        assert found.num_iterations[f] == iterations
        assert found.parity_ok[f] == ok


def test_frames_are_decoded_one_by_one(rng, noisy_llr):
    """Neither neighbours nor what they lack of received bits changes a frame."""
    code = LDPCCode.of(200, 2)
    llr = noisy_llr(encode_mother(code, np.zeros((7, 200), np.uint8)), -4)
    for f, last in enumerate((52, 20, 20, 30, 14, 52, 20)):
        llr[f, last * code.z :] = 0
    decoder = LayeredDecoder(code)
    together = decoder.decode(llr)
    for f in range(7):
        alone = decoder.decode(llr[f : f + 1])
        np.testing.assert_array_equal(alone.bits[0], together.bits[f])
        assert alone.num_iterations[0] == together.num_iterations[f]


def test_columns_at_the_end_may_be_left_out(noisy_llr):
    code = LDPCCode.of(200, 2)
    llr = noisy_llr(encode_mother(code, np.zeros((20, 200), np.uint8)), -1)
    llr[:, 22 * code.z :] = 0
    decoder = LayeredDecoder(code)
    whole, cut = decoder.decode(llr), decoder.decode(llr[:, : 22 * code.z])
    np.testing.assert_array_equal(whole.bits, cut.bits)
    np.testing.assert_array_equal(whole.num_iterations, cut.num_iterations)


def test_early_stop_keeps_what_has_converged(rng, noisy_llr):
    encoder = LDPCEncoder(300, 600)
    llr = noisy_llr(encoder(rng.integers(2, size=(400, 300))), -1.6)
    early = LDPCDecoder(encoder).decode(llr)
    full = LDPCDecoder(encoder, early_stop=False).decode(llr)
    assert np.all(full.num_iterations == 20)
    assert early.num_iterations.mean() < 12
    assert 0.5 < early.parity_ok.mean() < 1
    ok = early.parity_ok
    np.testing.assert_array_equal(early.bits[ok], full.bits[ok])
    np.testing.assert_array_equal(early.parity_ok, full.parity_ok)


def test_repeated_bits_are_added_up(rng, noisy_llr):
    """Twice the circular buffer is the buffer with the sum of the LLRs."""
    size = len(LDPCCode.of(100, 2).sent_positions)
    once, twice = LDPCEncoder(100, size), LDPCEncoder(100, 2 * size)
    llr = noisy_llr(twice(rng.integers(2, size=(200, 100))), -9.5)
    a = LDPCDecoder(twice).decode(llr)
    b = LDPCDecoder(once).decode(llr[:, :size] + llr[:, size:])
    np.testing.assert_array_equal(a.bits, b.bits)
    np.testing.assert_array_equal(a.num_iterations, b.num_iterations)


def test_errors_are_no_more_than_sionnas_sum_product_makes(sionna, rng, noisy_llr):
    """Same LLRs, 20 iterations. The layered schedule makes up for min-sum."""
    encoder = LDPCEncoder(100, 200)
    theirs = sionna.LDPC5GDecoder(
        sionna.LDPC5GEncoder(100, 200), cn_update="boxplus", num_iter=20
    )
    bits = rng.integers(2, size=(1500, 100))
    llr = noisy_llr(encoder(bits), -1)
    wrong = (LDPCDecoder(encoder)(llr) != bits).any(axis=1)
    wrong_theirs = (theirs(llr).numpy() != bits).any(axis=1)
    assert 30 < wrong_theirs.sum() < 300
    # Paired frames: the difference has the variance of those that one only gets wrong.
    four_se = 4 * np.sqrt(np.sum(wrong != wrong_theirs))
    assert wrong.sum() - wrong_theirs.sum() < four_se
    assert np.mean(wrong == wrong_theirs) > 0.9


@pytest.mark.parametrize(
    ("k", "ebno_db", "frames", "errors"),
    [
        (512, 1.5, 548, 102),
        (512, 1.75, 1817, 101),
        (512, 2.0, 10935, 100),
        (20, 2.0, 352, 108),
        (20, 4.0, 5397, 100),
    ],
)
def test_frame_errors_are_the_published_ones(
    rng, noisy_llr, k, ebno_db, frames, errors
):
    """AFF3CT's error rate references, horizontal layered OMS with offset 0.5.

    Files LDPC_N1024_K512_hlayered_OMS_i10_5G and LDPC_N40_K20_hlayered_OMS_i10_5G of
    github.com/aff3ct/error_rate_references: BPSK, rate 1/2, 10 iterations in floating
    point without early stop, 100 frame errors a point.
    """
    encoder = LDPCEncoder(k, 2 * k)
    decoder = LDPCDecoder(encoder, num_iterations=10, early_stop=False)
    bits = rng.integers(2, size=(10_000, k))
    llr = noisy_llr(encoder(bits), ebno_db + 10 * np.log10(0.5))
    rate = np.mean((decoder(llr) != bits).any(axis=1))
    published = errors / frames
    four_se = 4 * published * np.sqrt(1 / errors + 1 / (published * 10_000))
    assert rate == pytest.approx(published, abs=four_se)


def test_infinite_llrs_are_the_surest(rng, noisy_llr):
    encoder = LDPCEncoder(100, 200)
    bits = rng.integers(2, size=(50, 100))
    sure = np.where(encoder(bits) == 1, np.inf, -np.inf)
    np.testing.assert_array_equal(LDPCDecoder(encoder)(sure), bits)
    llr = noisy_llr(encoder(bits), 3)
    llr[:, ::7] = sure[:, ::7]
    np.testing.assert_array_equal(LDPCDecoder(encoder)(llr), bits)


@pytest.mark.parametrize("base_graph", [1, 2])
def test_sums_of_messages_fit_16_bits(base_graph):
    """A channel LLR and a message of each row, 1023 at most each."""
    graph = LDPCCode.of(100, base_graph).graph
    assert (1 + np.bincount(graph.cols).max()) * 1023 <= np.iinfo(np.int16).max


def test_normalised_minsum_does_not_ask_for_the_scale(rng, noisy_llr):
    encoder = LDPCEncoder(300, 600)
    llr = noisy_llr(encoder(rng.integers(2, size=(100, 300))), -0.8)
    # On the grid of sixteenths, so that twice the LLRs are twice the integers.
    llr = np.clip(np.round(4 * llr) / 4, -8, 8)
    decoder = LDPCDecoder(encoder, algorithm="normalised-minsum")
    a, b = decoder.decode(llr), decoder.decode(2 * llr)
    assert np.mean(a.parity_ok) > 0.5
    assert np.mean(np.any(a.bits != b.bits, axis=1)) < 0.1


def test_shapes_follow_the_input():
    decoder = LDPCDecoder(LDPCEncoder(20, 50))
    assert decoder(np.zeros(50)).shape == (20,)
    assert decoder(np.zeros((2, 3, 50))).shape == (2, 3, 20)
    empty = decoder.decode(np.zeros((0, 50)))
    assert empty.bits.shape == (0, 20)
    assert empty.parity_ok.shape == (0,)
    assert not decoder(np.zeros(50)).any()
    assert not decoder.decode(np.zeros(50)).parity_ok


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda e: LDPCDecoder(e.code),
            TypeError,
            "encoder must be an LDPCEncoder, go",
        ),
        (
            lambda e: LDPCDecoder(e, num_iterations=0),
            ValueError,
            "num_iterations must be at least 1, got 0",
        ),
        (
            lambda e: LDPCDecoder(e, algorithm="boxplus"),
            ValueError,
            "algorithm must be one of offset-minsum, normalised-minsum, minsum, got 'b",
        ),
        (
            lambda e: LDPCDecoder(e, early_stop=1),
            TypeError,
            "early_stop must be True or False, got 1",
        ),
        (
            lambda e: LDPCDecoder(e)(np.zeros((2, 49))),
            ValueError,
            r"llr must be \[\.\.\., 50\], got \(2, 49\)",
        ),
        (
            lambda e: LDPCDecoder(e)(np.full((2, 50), np.nan)),
            ValueError,
            "llr must not be NaN, got 100 of them",
        ),
        (
            lambda e: LayeredDecoder(e.code).decode(np.zeros((2, 51))),
            ValueError,
            r"llr must be \[num, num_cols \* 4\] with num_cols in 14\.\.52, got \(2",
        ),
        (
            lambda e: LayeredDecoder(e.code).decode(np.full((2, 208), np.nan)),
            ValueError,
            "llr must not be NaN, got 416 of them",
        ),
    ],
)
def test_bad_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(LDPCEncoder(20, 50))
