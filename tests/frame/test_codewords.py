import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from commgen.frame.codewords import MAX_CODERATE, MIN_CODERATE, CodewordLayout


@settings(max_examples=200, deadline=None)
@given(
    num_data=st.integers(1, 60_000),
    num_bits=st.sampled_from([2, 4, 6, 8]),
    coderate=st.floats(MIN_CODERATE, MAX_CODERATE),
)
@example(num_data=11, num_bits=2, coderate=0.921875)  # 21 of 22 would be too many
def test_layout_always_suits_the_code(num_data, num_bits, coderate):
    if num_data * num_bits * coderate <= 11:
        with pytest.raises(ValueError, match="at least 12 information bits"):
            CodewordLayout.of(num_data, num_bits, coderate)
        return
    layout = CodewordLayout.of(num_data, num_bits, coderate)
    used = layout.num_codewords * layout.n
    assert used + layout.num_filler_bits == num_data * num_bits
    assert layout.n % num_bits == 0
    assert 12 <= layout.k <= (8448 if coderate >= 1 / 3 else 3824)
    assert layout.k / layout.n <= 0.95
    assert layout.k / layout.n == pytest.approx(coderate, abs=1 / layout.n + 0.01)


@pytest.mark.parametrize("coderate", [0.029, 0.93, np.nan])
def test_layout_refuses_rates_without_a_code(coderate):
    with pytest.raises(ValueError, match=r"coderate must be in 0\.0293\.\.0\.9258"):
        CodewordLayout.of(100, 2, coderate)
