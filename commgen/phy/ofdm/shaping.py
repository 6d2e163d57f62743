"""Shaped QAM in a slot: its settings, its codewords, and their code."""

import math
from typing import Annotated, Any

from pydantic import Field

from commgen._settings import Count, Settings
from commgen.coding.matcher import MatcherKind, MatcherSize
from commgen.frame.codewords import MAX_K, CodewordLayout


class ShapingConfig(Settings):
    """A matcher that makes the inner points of QAM likelier.

    Parameters
    ----------
    matcher
        ``sphere``: :class:`~commgen.coding.sphere_shaping.SphereShaper`;
        ``composition``: :class:`~commgen.coding.composition.CompositionMatcher`.
    length
        Amplitudes of a sequence; a codeword is some whole sequences.
    num_bits
        Bits that a sequence carries: the fewer, the stronger the shaping, and the
        higher the rate of the code inside.
    """

    matcher: MatcherKind = "sphere"
    length: Annotated[Count, Field(le=1024)]
    num_bits: Count

    def layout(
        self, num_data_symbols: int, num_bits_per_symbol: int, coderate: float
    ) -> CodewordLayout:
        """Split a stream into as few codewords of whole sequences as the code allows.

        They carry what QAM of this ``coderate`` does: symbols that fill no sequence are
        filled with zeros, and the others carry the more.

        Raises
        ------
        ValueError
            As :meth:`~commgen.frame.codewords.CodewordLayout.of` and
            :class:`~commgen.frame.shaped.ShapedCode`: a sequence is too long for the
            slot, or has too few or too many bits for the rate.
        """
        plain = CodewordLayout.of(num_data_symbols, num_bits_per_symbol, coderate)
        data = num_data_symbols * num_bits_per_symbol * coderate
        # Of an odd length two sequences end together with a symbol.
        step = self.length if self.length % 2 else self.length // 2
        for num in range(plain.num_codewords, num_data_symbols // step + 1):
            size = num_data_symbols // num // step * step
            k = math.ceil(data / num - 1e-9)
            if self._inner_k(k, size, num_bits_per_symbol) <= MAX_K:
                n = size * num_bits_per_symbol
                rest = num_data_symbols * num_bits_per_symbol - num * n
                layout = CodewordLayout(num, k, n, rest)
                self._code(layout, num_bits_per_symbol, self._size(num_bits_per_symbol))
                return layout
        raise ValueError(
            f"length must be at most the {2 * num_data_symbols // plain.num_codewords} "
            f"amplitudes of a codeword in the slot, got {self.length}."
        )

    def code(self, layout: CodewordLayout, num_bits_per_symbol: int, **options) -> Any:
        """Return the code of a codeword, with its matcher.

        Parameters
        ----------
        layout
            As :meth:`layout` gives it.
        num_bits_per_symbol
            4, 6 or 8.
        options
            Of :class:`~commgen.frame.shaped.ShapedCode`.
        """
        matcher = self.of(num_bits_per_symbol)
        return self._code(layout, num_bits_per_symbol, matcher, **options)

    def of(self, num_bits_per_symbol: int) -> Any:
        """Return the matcher for an axis of QAM."""
        from commgen.coding.matching import matcher_of

        return matcher_of(self.matcher, *self._size(num_bits_per_symbol))

    def _inner_k(self, k, num_symbols, num_bits_per_symbol) -> int:
        """Information bits of the code inside: signs and amplitudes."""
        sequences = 2 * num_symbols // self.length
        return k - sequences * self.num_bits + num_symbols * (num_bits_per_symbol - 2)

    def _size(self, num_bits_per_symbol) -> MatcherSize:
        num_levels = 2 ** (num_bits_per_symbol // 2 - 1)
        most = int(self.length * math.log2(num_levels))
        if self.num_bits > most:
            raise ValueError(
                f"num_bits must be at most {most}, all that {self.length} amplitudes "
                f"of {num_levels} levels carry, got {self.num_bits}."
            )
        return MatcherSize(num_levels, self.length, self.num_bits)

    @staticmethod
    def _code(layout, num_bits_per_symbol, matcher, **options) -> Any:
        # A configuration alone loads neither SciPy nor the code.
        from commgen.frame.shaped import ShapedCode

        size = layout.n // num_bits_per_symbol
        rate = layout.k / size
        return ShapedCode(num_bits_per_symbol, matcher, size, rate, **options)
