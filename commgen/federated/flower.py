"""Flower without telemetry, look-ups and chatter: the first to import it."""

import logging
import os

for _name, _value in {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}.items():
    os.environ.setdefault(_name, _value)

import flwr.serverapp  # noqa: E402, F401 (which sets the level of its log)

logging.getLogger("flwr").setLevel(logging.ERROR)  # we show it better
