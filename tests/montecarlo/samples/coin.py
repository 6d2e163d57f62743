"""Coins whose tails grow rarer with their bias."""

import numpy as np

import commgen.montecarlo as mc
from commgen._settings import Settings


class CoinConfig(Settings):
    seed: int
    tails: dict[str, float]
    bias: tuple[float, ...]
    sweep: mc.StoppingRule


class Coin(mc.Experiment):
    config_class = CoinConfig

    @property
    def layout(self):
        axis = mc.Axis(name="bias", label="bias", unit="")
        names = tuple(self.config.tails)
        return mc.Layout(curves=names, points=self.config.bias, axis=axis)

    def build(self, keep=None):
        tails, bias = list(self.config.tails.values()), self.config.bias

        def toss(batch, pending):
            rng = np.random.default_rng([self.seed, batch])
            u, counts = rng.uniform(size=self.sweep.batch_size), {}
            for i, j in np.argwhere(pending):
                wrong = u < tails[i] * np.exp(-bias[j])
                counts[i, j] = mc.PointCounts(np.stack([np.ones(len(u)), wrong]))
            return mc.CountedBatch.of(batch, counts)

        return mc.Trials(self.layout, toss)
