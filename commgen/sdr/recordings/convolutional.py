"""Convolutional codes of 64 states, and Viterbi's decoder on LLRs.

802.11 (IEEE 802.11-2020 17.3.5.6: rate 1/2, from state zero to state zero) and LTE's
broadcast (TS 36.212 5.1.3.1: rate 1/3, tail-biting) share register and first taps.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from commgen.coding.compiled import compiled

MEMORY = 6
NUM_STATES = 1 << MEMORY


@dataclass(frozen=True)
class ConvolutionalCode:
    """A code of constraint length 7 and rate 1/n.

    Parameters
    ----------
    generators
        One a output, in octal as the standards write them: the highest bit is the tap
        of the newest input.

    Examples
    --------
    >>> ConvolutionalCode((0o133, 0o171)).encode([1, 0, 0]).tolist()
    [[1, 1], [0, 1], [1, 1]]
    """

    generators: tuple[int, ...]

    @cached_property
    def _outputs(self) -> np.ndarray:
        """Coded bits of each state and input: [64, 2, n], uint8.

        The newest of the last six bits is the highest bit of a state.
        """
        register = np.arange(2 * NUM_STATES)  # the input, then the state
        taps = register[:, None] & np.array(self.generators)
        parity = np.zeros_like(taps)
        for k in range(MEMORY + 1):
            parity ^= (taps >> k) & 1
        by_input = parity.reshape(2, NUM_STATES, -1)
        return np.ascontiguousarray(by_input.transpose(1, 0, 2).astype(np.uint8))

    def encode(self, bits, *, tail_biting: bool = False) -> np.ndarray:
        """Return coded bits of [k] bits: [k, n], uint8.

        Parameters
        ----------
        bits : [k], uint8
            With the zeros that end them where the code is terminated.
        tail_biting
            Start from the state in which it will end, instead of zero.
        """
        bits = np.asarray(bits, np.uint8)
        before = bits[-MEMORY:] if tail_biting else np.zeros(MEMORY, np.uint8)
        line = np.concatenate([before, bits])
        n = len(bits)
        taps = [
            [(g >> (MEMORY - d)) & 1 for d in range(MEMORY + 1)]
            for g in self.generators
        ]
        delayed = np.stack([line[MEMORY - d : MEMORY - d + n] for d in range(7)])
        return (np.array(taps) @ delayed % 2).T.astype(np.uint8)

    def decode(self, llr, *, terminated: bool = True) -> np.ndarray:
        """Return the most likely bits of a sequence that starts in state zero.

        Parameters
        ----------
        llr : [k, n], float
            Logarithm of P(1) / P(0) of each coded bit, 0 where one was not sent.
        terminated
            Whether it ends in state zero; otherwise in the best one.

        Returns
        -------
        [k], uint8
        """
        llr = np.ascontiguousarray(llr, np.float32)
        return _terminated(llr, self._outputs, terminated)

    def decode_tail_biting(self, llr) -> np.ndarray:
        """Return the most likely bits of a sequence that ends where it starts, [k].

        By one pass for each of the 64 states, so that it is the maximum-likelihood
        word; meant for short ones.
        """
        llr = np.ascontiguousarray(llr, np.float32)
        return _tail_biting(llr, self._outputs)


@compiled
def _forward(llr, outputs, start, choices):
    """Fill [k, 64] with the older bit that each state came from; return the metrics."""
    num_states = outputs.shape[0]
    steps, width = llr.shape
    metric = np.full(num_states, np.float32(-1e30))
    metric[start] = 0
    new = np.empty_like(metric)
    gains = np.empty(1 << width, np.float32)
    labels = np.zeros((num_states, 2), np.int64)
    for s in range(num_states):
        for b in range(2):
            for j in range(width):
                labels[s, b] = 2 * labels[s, b] + outputs[s, b, j]
    half = num_states // 2
    for t in range(steps):
        for label in range(1 << width):
            gain = np.float32(0)
            for j in range(width):
                if (label >> (width - 1 - j)) & 1:
                    gain += llr[t, j]
            gains[label] = gain
        # State s' = (input, s's upper five bits): two states lead to each.
        for b in range(2):
            for upper in range(half):
                s = 2 * upper
                zero = metric[s] + gains[labels[s, b]]
                one = metric[s + 1] + gains[labels[s + 1, b]]
                to = b * half + upper
                new[to] = max(zero, one)
                choices[t, to] = one > zero
        metric, new = new, metric
    return metric


@compiled
def _back(choices, state, num_states):
    steps = choices.shape[0]
    bits = np.empty(steps, np.uint8)
    half = num_states // 2
    for t in range(steps - 1, -1, -1):
        bits[t] = state >= half
        state = 2 * (state % half) + choices[t, state]
    return bits, state


@compiled
def _terminated(llr, outputs, terminated):
    choices = np.empty((llr.shape[0], outputs.shape[0]), np.uint8)
    metric = _forward(llr, outputs, 0, choices)
    state = 0 if terminated else np.argmax(metric)
    return _back(choices, state, outputs.shape[0])[0]


@compiled
def _tail_biting(llr, outputs):
    num_states = outputs.shape[0]
    choices = np.empty((llr.shape[0], num_states), np.uint8)
    best, found = np.float32(-1e30), np.zeros(llr.shape[0], np.uint8)
    for start in range(num_states):
        metric = _forward(llr, outputs, start, choices)
        if metric[start] > best:
            best = metric[start]
            found = _back(choices, start, num_states)[0]
    return found
