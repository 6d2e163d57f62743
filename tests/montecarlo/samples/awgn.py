"""Uncoded QPSK and 16-QAM over an AWGN channel: a block is a symbol."""

import numpy as np

import commgen.montecarlo as mc
from commgen._random import complex_normal
from commgen._settings import Settings
from commgen.frame.qam import qam_points
from commgen.measures.decibel import noise_variance


class AwgnConfig(Settings):
    seed: int
    num_bits_per_symbol: tuple[int, ...]
    sweep: mc.SweepConfig


class Awgn(mc.Experiment):
    config_class = AwgnConfig

    @property
    def layout(self):
        names = [f"{2**k}-QAM" for k in self.config.num_bits_per_symbol]
        return mc.Layout(curves=names, points=self.sweep.snr_db)

    def build(self, keep=None):
        points = [qam_points(k) for k in self.config.num_bits_per_symbol]
        no = noise_variance(self.sweep.snr_db)

        def transmit(batch, pending):
            rng, counts = np.random.default_rng([self.seed, batch]), {}
            u = rng.uniform(size=self.sweep.batch_size)
            noise = complex_normal(rng, u.shape)
            for i, j in np.argwhere(pending):
                sent = (u * len(points[i])).astype(int)
                y = points[i][sent] + np.sqrt(no[j]) * noise
                wrong = np.abs(y[:, None] - points[i]).argmin(1) != sent
                counts[i, j] = mc.PointCounts(np.stack([u >= 0, wrong]))
            return mc.CountedBatch.of(batch, counts)

        return mc.Trials(self.layout, transmit)
