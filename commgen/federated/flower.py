"""Flower without its chatter: it is imported for that, before a run begins."""

import logging

import flwr.serverapp  # noqa: F401 (which sets the level of its log)

logging.getLogger("flwr").setLevel(logging.ERROR)  # we show it better
