"""What the tables of the NR standard allow, and the clause where it does not."""

# TS 38.214 tables 5.1.3.1-1 to -3, which 6.1.4.1 refers to for PUSCH without transform
# precoding: target code rate x 1024 of each modulation.
_RATES_X1024 = {
    2: (30, 40, 50, 64, 78, 99, 120, 157, 193, 251, 308, 379, 449, 526, 602, 679),
    4: (340, 378, 434, 490, 553, 616, 658),
    6: (438, 466, 517, 567, 616, 666, 719, 772, 822, 873, 910, 948),
    8: (682.5, 711, 754, 797, 841, 885, 916.5, 948),
}
_RATE_TOLERANCE = 5e-4  # a tenth of what would be ambiguous, half of 10 / 1024

# Table 4.2-1 has more; these are the ones of FR1 (TS 38.104 5.3.2).
_SPACINGS_HZ = (15e3, 30e3, 60e3)

# TS 38.211 table 6.4.1.1.3-3, duration 14, mapping type A: positions after the first.
_ADDITIONAL_SYMBOLS = ((), (11,), (7, 11), (5, 8, 11))

NUM_OFDM_SYMBOLS = 14


def slot_duration_s(subcarrier_spacing_hz: float) -> float:
    """Duration of a slot [s], TS 38.211 4.3.2.

    Raises
    ------
    ValueError
        If the spacing is not one of FR1.

    Examples
    --------
    >>> slot_duration_s(30e3)
    0.0005
    """
    if subcarrier_spacing_hz not in _SPACINGS_HZ:
        raise ValueError(
            "subcarrier_spacing_hz must be 15000, 30000 or 60000 (TS 38.211 table "
            f"4.2-1, TS 38.104 5.3.2), got {subcarrier_spacing_hz}."
        )
    return 1e-3 * 15e3 / subcarrier_spacing_hz


def dmrs_symbol_indices(
    type_a_position: int, additional_position: int
) -> tuple[int, ...]:
    """OFDM symbols with DMRS of a PUSCH over a whole slot, mapping type A.

    TS 38.211 table 6.4.1.1.3-3, single-symbol DMRS.

    Raises
    ------
    ValueError
        If the table has no such entry.

    Examples
    --------
    >>> dmrs_symbol_indices(2, 1)
    (2, 11)
    """
    if type_a_position not in (2, 3):
        raise ValueError(
            "type_a_position must be 2 or 3 (TS 38.211 6.4.1.1.3), "
            f"got {type_a_position}."
        )
    if additional_position not in range(4):
        raise ValueError(
            "dmrs_additional_position must be in 0..3 (TS 38.211 table 6.4.1.1.3-3), "
            f"got {additional_position}."
        )
    if additional_position == 3 and type_a_position == 3:
        raise ValueError(
            "dmrs_additional_position must be below 3 where type_a_position is 3 "
            f"(TS 38.211 6.4.1.1.3), got {additional_position}."
        )
    return (type_a_position, *_ADDITIONAL_SYMBOLS[additional_position])


def num_data_re_per_prb(num_dmrs_symbols: int) -> int:
    """Resource elements of a resource block for data, none of them in DMRS symbols.

    Examples
    --------
    >>> num_data_re_per_prb(2)
    144
    """
    return 12 * (NUM_OFDM_SYMBOLS - num_dmrs_symbols)


def mcs_coderate(num_bits_per_symbol: int, coderate: float) -> float:
    """Target code rate of the tables that ``coderate`` stands for.

    Raises
    ------
    ValueError
        If no row of TS 38.214 tables 5.1.3.1-1 to -3 is within 0.0005 of it.

    Examples
    --------
    >>> mcs_coderate(2, 0.1885) * 1024
    193.0
    """
    if num_bits_per_symbol not in _RATES_X1024:
        raise ValueError(
            "num_bits_per_symbol must be 2, 4, 6 or 8 (TS 38.214 5.1.3.1), "
            f"got {num_bits_per_symbol}."
        )
    rates = _RATES_X1024[num_bits_per_symbol]
    nearest = min(rates, key=lambda rate: abs(rate / 1024 - coderate))
    if not abs(nearest / 1024 - coderate) <= _RATE_TOLERANCE:
        raise ValueError(
            f"coderate must be one for {num_bits_per_symbol} bits a symbol of TS "
            f"38.214 tables 5.1.3.1-1 to -3, in 1/1024 {rates}, got {coderate}."
        )
    return nearest / 1024
