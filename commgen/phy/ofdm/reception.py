"""From a received slot to bits and an estimate, with a receiver of either kind."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from commgen.phy.receiver.batch_sizes import fill_up
from commgen.phy.receiver.kinds import gives_llr
from commgen.phy.receiver.refinement import Refinement
from commgen.phy.signal.equalizer import FewStreamsLMMSEEqualizer
from commgen.phy.signal.grid import EffectiveSubcarriers


@dataclass(frozen=True)
class Distortion:
    """Variances of what devices add to a grid, as a receiver is told of them.

    Parameters
    ----------
    sent
        Of what the transmitter adds to data of unit power; it comes through the channel
        as they do.
    received
        Of what the receiver adds to them.
    pilots
        Of what both add to pilots.
    """

    sent: float = 0.0
    received: float = 0.0
    pilots: float = 0.0


class Reception:
    """Estimate, equalise and decode; again and again where the receiver says so.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter.
    symbols
        That the data were mapped to, as :func:`~commgen.phy.ofdm.symbols.symbols_of`.
    decode : Receiver
        From equalised symbols, or LLRs, to bits.
    distortion
        What devices add beside the noise: in the noise variance that estimators are
        told what is added to pilots, in that of the equaliser what the receiver adds,
        and in that of the equalised symbols what the transmitter adds to data.
    despread
        ``(x_hat, no_eff) -> x_hat, no_eff`` behind the equaliser, such as
        :meth:`~commgen.phy.ofdm.spreading.Spreading.despread`; None: as they are.

    Attributes
    ----------
    powers
        ``(h, h_hat, err_var)`` -> error, channel and promised error power of each slot,
        [batch] each.
    """

    def __init__(
        self,
        resource_grid: Any,
        symbols: Any,
        decode: Any,
        *,
        distortion: Distortion | None = None,
        despread: Any = None,
    ):
        self._grid = resource_grid
        self._distortion = distortion or Distortion()
        self._despread = despread
        self._symbols = symbols
        self._decode = decode
        self._separate = tf.function(FewStreamsLMMSEEqualizer(resource_grid))
        self.powers = tf.function(_Powers(resource_grid))

    def __call__(self, receiver, observed, y, no) -> tuple[Any, Any, Any]:
        """Return bits, ``h_hat`` and ``err_var``.

        Parameters
        ----------
        receiver
            As :func:`~commgen.phy.receiver.as_receiver` gives it.
        observed
            What it estimates from: ``y``, or the channel for a genie.
        y : [batch, 1, num_rx_ant, num_ofdm_symbols, fft_size], complex
            Received grid.
        no : scalar, float
            Noise variance.
        """
        self._check_spread(receiver)
        added = self._distortion.pilots
        told_no = no + added if added else no
        if gives_llr(receiver):
            h_hat, err_var, llr = receiver.receive(observed, told_no)
            return self._decode.decode_llr(llr), h_hat, err_var
        h_hat, err_var = receiver(observed, told_no)
        if receiver.iterations:
            return self._iterate(y, h_hat, err_var, no, receiver)
        return self._decide(receiver, y, h_hat, err_var, no), h_hat, err_var

    def _decide(self, receiver, y, h_hat, err_var, no):
        """Return the bits of one estimate."""
        told = receiver.told(err_var)
        equalized = self._equalize(y, h_hat, told, no)
        if receiver.correct is None:
            return self._decode(*equalized)
        llr = receiver.correct(y, no, h_hat, told, *equalized)
        return self._decode.decode_llr(llr)

    def _soft(self, receiver, y, h_hat, err_var, no, num=None):
        """Return what the code says of one estimate."""
        told = receiver.told(tf.constant(err_var))
        equalized = self._equalize(y, h_hat, told, no)
        if receiver.correct is None:
            return self._decode.decode_soft(*equalized, num=num)
        llr = receiver.correct(y, no, h_hat, told, *equalized)
        return self._decode.decode_soft_llr(llr, num=num)

    def _equalize(self, y, h_hat, told, no):
        """Return symbols and the variance of what is left in them."""
        sent, received = self._distortion.sent, self._distortion.received
        no = no + received if received else no
        x_hat, no_eff = self._separate(y, h_hat, told, no)
        no_eff = no_eff + sent if sent else no_eff
        return self._despread(x_hat, no_eff) if self._despread else (x_hat, no_eff)

    def _check_spread(self, receiver):
        if self._despread and (gives_llr(receiver) or receiver.iterations):
            raise ValueError(
                "link.waveform.kind must be ofdm for receivers that give LLRs or "
                "iterate, whose symbols are not spread, got dft-spread."
            )

    def _iterate(self, y, h_hat, err_var, no, receiver):
        """Return bits and estimate after as many rounds as each slot needs."""
        refine = Refinement(self._grid, self._symbols, receiver.refine)
        told_no = float(no) + self._distortion.pilots
        y, h_hat = y.numpy(), h_hat.numpy()
        err_var = np.broadcast_to(err_var.numpy(), h_hat.shape).copy()
        found = self._soft(receiver, y, h_hat, err_var, no)
        for _ in range(receiver.iterations):
            failed = np.flatnonzero(~found.parity_ok.all(axis=(1, 2, 3)))
            if not len(failed):
                break
            llr = self._decode.stream_llr(found.llr[failed])
            h_hat[failed], err_var[failed] = refine(
                y[failed], told_no, llr, h_hat[failed], err_var[failed]
            )
            rows = fill_up(failed, len(y))
            parts = y[rows], h_hat[rows], err_var[rows]
            again = self._soft(receiver, *parts, no, num=len(failed))
            # What is decided stays so.
            open_ = ~found.parity_ok[failed]
            for kept, new in zip(_parts(found), _parts(again), strict=True):
                kept[failed] = np.where(_like(open_, new), new, kept[failed])
        return found.bits, h_hat, err_var


def _parts(decoded):
    return decoded.bits, decoded.llr, decoded.parity_ok


def _like(flags, values):
    """Append axes of length one to ``flags`` up to the rank of ``values``."""
    return flags.reshape(flags.shape + (1,) * (values.ndim - flags.ndim))


class _Powers:
    """Error, channel and promised error power of each slot, [batch] each."""

    def __init__(self, resource_grid):
        self._effective = EffectiveSubcarriers(resource_grid)

    def __call__(self, h, h_hat, err_var):
        h = self._effective(h)
        # What is broadcast is multiplied, not written out.
        shape = tf.cast(tf.shape(h)[1:], err_var.dtype)
        present = tf.cast(tf.shape(err_var)[1:], err_var.dtype)
        copies = tf.reduce_prod(shape / present)
        promised = copies * tf.reduce_sum(err_var, list(range(1, 7)))
        promised = tf.broadcast_to(promised, tf.shape(h)[:1])
        return _power(h_hat - h), _power(h), promised


def _power(x):
    """Sum |x|^2 over all axes but the first."""
    pairs = tf.reshape(tf.bitcast(x, tf.float32), [tf.shape(x)[0], -1])
    return tf.reduce_sum(pairs**2, axis=1)
