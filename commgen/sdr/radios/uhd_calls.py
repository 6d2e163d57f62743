"""The calls of ``gnuradio.uhd.usrp_source`` and ``usrp_sink``, for their stand-in."""

# Fewest and most arguments of each, by the signatures of GNU Radio 3.10.5.
_SHARED = {
    (0, 0): "get_device get_num_mboards get_samp_rate get_samp_rates",
    (0, 1): """clear_command_time get_antenna get_antennas get_bandwidth
        get_bandwidth_range get_center_freq get_clock_rate get_dboard_iface
        get_dboard_sensor_names get_filter_names get_freq_range get_gain_names
        get_lo_names get_mboard_sensor_names get_normalized_gain get_power_range
        get_power_reference get_sensor_names get_subdev_spec get_time_last_pps
        get_time_now get_usrp_info has_power_reference""",
    (0, 2): "get_gain get_gain_range",
    (1, 1): """get_clock_source get_clock_sources get_gpio_banks get_time_source
        get_time_sources set_samp_rate set_start_time set_stream_args
        set_time_next_pps set_time_unknown_pps""",
    (1, 2): """get_dboard_sensor get_filter get_lo_export_enabled get_lo_freq
        get_lo_freq_range get_lo_source get_lo_sources get_mboard_sensor get_sensor
        set_antenna set_bandwidth set_center_freq set_clock_rate set_clock_source
        set_command_time set_dc_offset set_iq_balance set_normalized_gain
        set_power_reference set_subdev_spec set_time_now set_time_source""",
    (1, 3): "set_gain",
    (2, 3): """get_gpio_attr set_filter set_lo_export_enabled set_lo_freq
        set_lo_source set_user_register""",
    (3, 5): "set_gpio_attr",
}
_SOURCE = {
    (1, 1): "finite_acquisition finite_acquisition_v issue_stream_cmd",
    (1, 2): "set_auto_dc_offset set_auto_iq_balance set_recv_timeout set_rx_agc",
}


def _by_name(table: dict[tuple[int, int], str]) -> dict[str, tuple[int, int]]:
    return {name: count for count, names in table.items() for name in names.split()}


SINK_CALLS = _by_name(_SHARED)
SOURCE_CALLS = {**SINK_CALLS, **_by_name(_SOURCE)}
