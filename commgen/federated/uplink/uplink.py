"""A training answer on its way: packed at the node, unpacked before it is averaged."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from commgen.federated.sending_config import UplinkConfig
from commgen.federated.tasks import Answer, Task
from commgen.federated.uplink.coding import Coding
from commgen.federated.uplink.header import Header

#: The one array that packed ones travel as, uint8.
PACKED = "packed"
#: What is packed. Sums are statistics: others are built on their last digits.
PACKED_KINDS = ("weights/", "moments/", "control/")


class Uplink:
    r"""What is done to a training answer before it leaves, and undone where it arrives.

    Of each array the difference to what the node was sent travels, in few bits. What
    a message lacks is kept by the node and added to the next one,

    .. math:: e_{r+1} = d_r + e_r - Q(d_r + e_r),

    so that nothing is lost, only late (Seide et al., Interspeech 2014; Karimireddy et
    al., ICML 2019, arXiv:1901.09847, algorithm 2). Arrays without negative entries, as
    second moments, have none after unpacking.

    Parameters
    ----------
    config
        How finely.
    seed
        Words that the seed of a stochastic rounding begins with, of the node.
    """

    def __init__(self, config: UplinkConfig, seed: tuple[int, ...] = (0,)):
        self.config, self.seed = config, seed

    def pack(
        self, task: Task, answer: Answer, residual: Mapping[str, np.ndarray]
    ) -> tuple[Answer, dict[str, np.ndarray]]:
        """Return the answer with its arrays packed into one, and what it lacks.

        Parameters
        ----------
        task
            What was answered: its arrays are what the server knows.
        answer
            Weights, moments and controls are packed, all else is left as it is.
        residual
            From the answer before; empty at first. It is the node's own: never sent.
        """
        rng = np.random.default_rng([*self.seed, task.round])
        names = sorted(n for n in answer.arrays if n.startswith(PACKED_KINDS))
        own = {n: np.asarray(answer.arrays[n], np.float32) for n in names}
        header = Header.of(_known(task), own)
        parts, left = [header.write()], {}
        for name, signed in header.signed.items():
            target = own[name] + residual.get(name, np.float32(0))
            coding, sent = self._coding(name), _sent(task, name)
            parts.append(coding.encode((target - sent).ravel(), rng))
            change = coding.decode(parts[-1], target.size).reshape(target.shape)
            left[name] = target - _arrived(sent, change, signed)
        rest = {k: v for k, v in answer.arrays.items() if k not in own}
        buffer = np.frombuffer(b"".join(parts), np.uint8)
        return replace(answer, arrays={**rest, PACKED: buffer}), left

    def unpack(self, task: Task, answer: Answer) -> Answer:
        """Return the answer as its node had it, but for what the packing lacks.

        Raises
        ------
        ValueError
            If the packed array is damaged, or not of this task and configuration.
        """
        packed = np.asarray(answer.arrays.get(PACKED, ()))
        if packed.dtype != np.uint8 or packed.ndim != 1:
            raise ValueError(
                f"{PACKED} must be [n], uint8, got {packed.dtype} {packed.shape}."
            )
        buffer = packed.tobytes()
        header, start = Header.read(buffer, _known(task))
        arrays = {k: v for k, v in answer.arrays.items() if k != PACKED}
        for name, signed in header.signed.items():
            shape, coding = header.shapes[name], self._coding(name)
            size = math.prod(shape)
            end = start + coding.num_bytes(size)
            change = coding.decode(buffer[start:end], size).reshape(shape)
            arrays[name] = _arrived(_sent(task, name), change, signed)
            start = end
        if start != len(buffer):
            raise ValueError(f"{PACKED} must be {start} bytes, got {len(buffer)}.")
        return replace(answer, arrays=arrays)

    def _coding(self, name: str) -> Coding:
        config = self.config
        if name.startswith("weights/"):
            return Coding(config.bits, config.keep, config.rounding)
        return Coding(config.aid_bits, 1.0, config.rounding)


def _known(task: Task) -> dict[str, tuple[int, ...]]:
    """Return the shapes of what both ends have, in one order."""
    names = sorted(n for n in task.arrays if n.startswith(PACKED_KINDS))
    return {n: np.shape(task.arrays[n]) for n in names}


def _sent(task: Task, name: str) -> np.ndarray:
    return np.asarray(task.arrays.get(name, 0), np.float32)


def _arrived(sent, change, signed):
    value = sent + change
    return value if signed else np.maximum(value, np.float32(0))
