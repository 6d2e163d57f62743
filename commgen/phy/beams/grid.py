"""Any precoder in Sionna's slots: on a resource grid, and as an effective channel."""

from typing import Any

import tensorflow as tf
from sionna.phy import Block
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import PrecodedChannel, RemoveNulledSubcarriers, ResourceGrid

from commgen.phy.beams.precoder import Precoder
from commgen.phy.beams.wmmse import side_by_side


class GridPrecoder(Block):
    """Precode resource grids with a commgen precoder.

    It stands where Sionna's ``RZFPrecoder`` does, and takes the noise variance where
    that takes a regularisation. Each transmitter serves its receivers alone, on each
    resource element with weights of their own.

    Parameters
    ----------
    resource_grid
        Grid of the transmitters.
    stream_management
        Who serves whom; streams of a transmitter go to its receivers evenly.
    precoder
        With as many streams as each receiver gets.
    equal_power
        Whether each stream has unit power, as Sionna's have; else the streams of a
        transmitter have it together as the precoder shares it.
    return_effective_channel
        Whether to return also what receivers see of each stream.

    Input
    -----
    x : [batch, num_tx, num_streams_per_tx, num_ofdm_symbols, fft_size], complex
        Symbols of unit power.
    h : [batch, num_rx, num_rx_ant, num_tx, num_tx_ant, num_ofdm_symbols, fft_size], \
complex
        Channels as the transmitters know them.
    no : float
        Noise variance at a receive antenna.

    Output
    ------
    x_precoded : [batch, num_tx, num_tx_ant, num_ofdm_symbols, fft_size], complex
        Of the power of ``num_streams_per_tx`` together.
    h_eff : [batch, num_rx, num_rx_ant, num_tx, num_streams_per_tx, num_ofdm_symbols, \
num_effective_subcarriers], complex
        Where it is asked for; without nulled subcarriers.

    Raises
    ------
    ValueError
        If the precoder does not have the streams of a receiver.
    """

    def __init__(
        self,
        resource_grid: ResourceGrid,
        stream_management: StreamManagement,
        precoder: Precoder,
        *,
        equal_power: bool = False,
        return_effective_channel: bool = False,
        precision: Any = None,
    ):
        super().__init__(precision=precision)
        check_fits(precoder, stream_management)
        self._precoder, self._management = precoder, stream_management
        self._equal_power = equal_power
        self._return_effective_channel = return_effective_channel
        self._remove_nulled = RemoveNulledSubcarriers(resource_grid)

    def call(self, x, h, no):
        """Return precoded grids, and the channels behind the weights if asked."""
        h = tf.cast(h, self.cdtype)
        g = grid_weights(self._precoder, self._management, h, no, self._equal_power)
        sent = tf.einsum("btofms,btsof->btmof", g, tf.cast(x, self.cdtype))
        if not self._return_effective_channel:
            return sent
        seen = tf.einsum("brntmof,btofms->brntsof", h, g)
        return sent, self._remove_nulled(seen)


class GridPrecodedChannel(PrecodedChannel):
    """Channels behind the weights of a commgen precoder, as Sionna's SINR takes them.

    It stands where Sionna's ``RZFPrecodedChannel`` does.

    Parameters
    ----------
    resource_grid, stream_management, precoder
        As of :class:`GridPrecoder`.

    Input
    -----
    h : [batch, num_rx, num_rx_ant, num_tx, num_tx_ant, num_ofdm_symbols, fft_size], \
complex
        Channels.
    tx_power : [batch, num_tx, num_streams_per_tx, num_ofdm_symbols, fft_size], float
        Power of each stream (or the first dimensions of it).
    h_hat : as ``h``, or None
        What the transmitters know of them; all where None.
    no : float
        Noise variance at a receive antenna.

    Output
    ------
    h_eff
        As of :class:`GridPrecoder`, with streams of ``tx_power``.
    """

    def __init__(
        self,
        resource_grid: ResourceGrid,
        stream_management: StreamManagement,
        precoder: Precoder,
        *,
        precision: Any = None,
    ):
        super().__init__(resource_grid, stream_management, precision=precision)
        check_fits(precoder, stream_management)
        self._precoder = precoder

    def call(self, h, tx_power, h_hat=None, no=1.0):
        """Return what receivers see of each stream."""
        known = tf.cast(h if h_hat is None else h_hat, self.cdtype)
        g = grid_weights(self._precoder, self._stream_management, known, no, True)
        return self.compute_effective_channel(h, self.apply_tx_power(g, tx_power))


def grid_weights(
    precoder: Precoder, management: StreamManagement, h: Any, no: Any, equal_power: bool
) -> tf.Tensor:
    """Return the weights of each resource element.

    Parameters
    ----------
    precoder, management, h, no, equal_power
        As of :class:`GridPrecoder`.

    Returns
    -------
    [batch, num_tx, num_ofdm_symbols, fft_size, num_tx_ant, num_streams_per_tx], complex
    """
    # [num_tx, num_rx, num_rx_ant, num_tx_ant, num_ofdm_symbols, fft_size, batch]
    h = tf.transpose(h, [3, 1, 2, 4, 5, 6, 0])
    served = tf.gather(h, management.precoding_ind, axis=1, batch_dims=1)
    served = tf.transpose(served, [6, 0, 4, 5, 1, 2, 3])
    shape = tf.shape(served)
    flat = tf.reshape(served, [-1, *served.shape[4:]])
    streams = int(management.num_streams_per_tx)
    w = side_by_side(precoder(flat, no, float(streams)))
    if equal_power:
        power = tf.reduce_sum(tf.math.real(w * tf.math.conj(w)), axis=1, keepdims=True)
        factor = tf.math.divide_no_nan(tf.ones_like(power), tf.sqrt(power))
        w *= tf.cast(factor, w.dtype)
    return tf.reshape(w, tf.concat([shape[:4], [w.shape[1], streams]], 0))


def check_fits(precoder: Precoder, management: StreamManagement) -> None:
    """Refuse a precoder without the streams of a receiver; ValueError says so."""
    wanted = management.num_streams_per_tx / management.num_rx_per_tx
    if precoder.num_streams != wanted:
        raise ValueError(
            f"num_streams of the precoder must be {wanted:g}, those of each receiver, "
            f"got {precoder.num_streams}."
        )
