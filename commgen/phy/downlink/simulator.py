"""What simulates any batch of a downlink."""

from time import process_time

import numpy as np

from commgen.channels.build import build_channel
from commgen.measures.decibel import noise_variance
from commgen.montecarlo.counts import CountedBatch, PointCounts
from commgen.montecarlo.layout import Layout
from commgen.phy.downlink.adaptation import believed_mcs, highest_mcs
from commgen.phy.downlink.config import DownlinkConfig
from commgen.phy.downlink.link import Delivery, DownlinkLink
from commgen.phy.downlink.thresholds import decoding_thresholds


class DownlinkSimulator:
    """Drops of users over precoders and powers; all see the same bits and noise.

    Parameters
    ----------
    config
        The simulation.
    layout
        Precoders over power.

    Attributes
    ----------
    num_blocks
        Users: a trial is a drop, a block that of a user.
    """

    def __init__(self, config: DownlinkConfig, layout: Layout):
        self._config, self.layout = config, layout
        link = config.link
        self.num_blocks = link.num_users
        self._link = DownlinkLink(
            link.num_re,
            link.num_streams,
            table=link.table,
            num_pilots=link.num_pilots,
            num_decoder_iterations=link.num_decoder_iterations,
        )
        rx, tx = config.antennas
        self._source = build_channel(config.channel, seed=config.seed)
        self._believe = config.belief.build(tx, rx)
        self._precoders = [p.build(link.num_streams) for p in config.precoders]
        self._thresholds_db = self._decoding_thresholds()

    def run(self, batch: int, pending: np.ndarray) -> CountedBatch:
        """Simulate batch number ``batch`` at the points of ``pending``."""
        size, link = self._config.sweep.batch_size, self._config.link
        h = self._channels(batch)
        rng = np.random.default_rng([self._config.seed, batch])
        draws = self._link.draws(rng, size, link.num_users, h.shape[2])
        belief, expected = self._believe(h, rng)
        counts = {}
        for i, j in np.argwhere(pending):
            start = process_time()
            no = float(noise_variance(self._config.sweep.snr_db[j]))
            w = self._weights(int(i), h, belief, no)
            mcs = self._mcs(int(i), h, expected, w, no)
            found = self._link.run(h, w, mcs, no, draws)
            rate = np.log2(1 + self._link.sinr(h, w, no)).sum() * link.num_streams
            counts[int(i), int(j)] = PointCounts(
                _events(found, link.num_re),
                {"rate": float(rate)},
                process_time() - start,
            )
        return CountedBatch.of(batch, counts)

    def _channels(self, batch: int) -> np.ndarray:
        """Return channels, [batch, num_users, num_rx_ant, num_tx_ant]."""
        size, users = self._config.sweep.batch_size, self._config.link.num_users
        self._source.set_seed(self._config.seed, batch)
        h = self._source.frequency_response(size * users, 1, 1.0, 1, 15e3)
        h = h.numpy()[:, 0, :, 0, :, 0, 0]
        if self._config.is_uplink:
            h = np.swapaxes(h, 1, 2)
        return h.reshape(size, users, *h.shape[1:])

    def _weights(self, i: int, h, belief, no: float) -> np.ndarray:
        knows = self._config.precoders[i].knows
        return self._precoders[i](h if knows == "channels" else belief, no).numpy()

    def _mcs(self, i: int, h, expected, w, no: float) -> np.ndarray:
        adaptation, entry = self._config.adaptation, self._config.precoders[i]
        if adaptation.mcs is not None:
            return np.full(h.shape[:2], adaptation.mcs)
        needed, offset_db = self._thresholds_db, entry.offset_db
        if adaptation.kind == "reported":
            return highest_mcs(self._link.sinr(h, w, no), needed, offset_db=offset_db)
        knows = expected if entry.knows == "belief" else h[None]
        return believed_mcs(
            self._link.sinr(knows, w, no),
            needed,
            target_bler=adaptation.target_bler,
            offset_db=offset_db,
        )

    def _decoding_thresholds(self) -> np.ndarray:
        adaptation = self._config.adaptation
        if adaptation.mcs is not None:
            return np.empty(0)
        return decoding_thresholds(
            self._link.codec,
            seed=self._config.seed,
            num_blocks=adaptation.num_threshold_blocks,
            target_bler=adaptation.target_bler,
        )


def _events(found: Delivery, num_re: int) -> np.ndarray:
    """Return trials, wrong blocks, blocks sent, bits received, elements, by drop."""
    one = np.ones(len(found.sent), np.int64)
    wrong = (found.sent & ~found.accepted).sum(axis=1)
    sent, bits = found.sent.sum(axis=1), found.bits.sum(axis=1)
    return np.stack([one, wrong, sent, bits, num_re * one])
