"""Leaves the examples of GNU Radio's blocks out where there is no GNU Radio."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("gnuradio") else ["commgen/sdr/blocks/*"]
