"""Leaves the examples of GNU Radio's blocks out where there is no GNU Radio."""

from importlib.util import find_spec

_GNURADIO = [
    "commgen/sdr/blocks/*",
    "commgen/sdr/radios/gr_*.py",
    "commgen/sdr/grc/make.py",
]
collect_ignore_glob = [] if find_spec("gnuradio") else _GNURADIO
