"""One rule for all verbs that write: the same again is done, nothing else replaced."""

import hashlib
import os
import shutil
import time
from dataclasses import dataclass

import numpy as np
import pytest
import yaml

from commgen.datasets import write_channels


@dataclass(frozen=True)
class Verb:
    """A command, its output, and an option that makes it another command.

    A verb that cannot be forced has no ``other``.
    """

    command: str
    output: str
    other: str


VERBS = {
    "datasets make": Verb(
        "datasets make rayleigh -n 20 --seed 1 -o OUT", "c.h5", "-n 21"
    ),
    "datasets import": Verb(
        "datasets import h.npz --sample-rate-hz 1 -o OUT", "c.h5", "--normalise set"
    ),
    "train": Verb("train train.h5 --family lmmse -o OUT", "m", "--seed 2"),
    "generate h5": Verb("generate --model model -n 20 -o OUT", "g.h5", "--seed 2"),
    "generate npz": Verb("generate --model model -n 20 -o OUT", "g.npz", "--seed 2"),
    "estimate": Verb("estimate --model model -i y.npz -o OUT", "e.npz", "--level 0.8"),
    "evaluate": Verb(
        "evaluate train.h5 --truth truth.h5 -n 40 --no-downstream -o OUT",
        "report",
        "--seed 2",
    ),
    "simulate": Verb("simulate link.yaml -o OUT", "run", ""),
    "plot": Verb("plot run -o OUT", "a.png", ""),
    "compare": Verb("compare run -o OUT", "c", "--bler 0.5"),
    "validate": Verb("validate --quick --only capacity -o OUT", "v", "--seed 2"),
}
