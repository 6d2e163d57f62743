"""Clustered delay lines: correlation of antennas from the angles of the tables."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.channels import ArrayConfig, CdlConfig, build_channel
from commgen.channels.corrected import RAY_OFFSETS_DEG
from commgen.measures.intervals import mean_interval
from commgen.studies.validation.line import CONFIDENCE, Line, equal, point_seed, worst
from commgen.studies.validation.profiles import PROFILES
from commgen.studies.validation.size import ValidationSize

GROUP = "CDL"

_NUM_ANTENNAS = 8
_SPACING = 0.5  # wavelengths
_DELAY_SPREAD_S = 100e-9
_CHUNK = 500
_FEWER = 3  # channels than of tapped delay lines: they take longer


@dataclass(frozen=True)
class Clusters:
    """Angles on the side of the base station, TR 38.901 tables 7.7.1-1 to 7.7.1-5.

    Parameters
    ----------
    source
        The table.
    azimuth_deg, zenith_deg
        Of each cluster, departing from the base station.
    azimuth_spread_deg, zenith_spread_deg
        Within a cluster.
    """

    source: str
    azimuth_deg: tuple[float, ...]
    zenith_deg: tuple[float, ...]
    azimuth_spread_deg: float
    zenith_spread_deg: float

    def covariance(self, power, lags) -> np.ndarray:
        r"""Correlation of two antennas ``lags`` apart in a horizontal line.

        .. math:: \sum_n P_n \frac{1}{400} \sum_{i,j}
            e^{j 2 \pi d m \sin\theta_{n,i} \sin\phi_{n,j}}

        the mean over the random coupling of azimuth and zenith rays (TR 38.901 section
        7.7.1, steps 1 and 2).
        """
        offset = np.array(RAY_OFFSETS_DEG)
        azimuth = np.array(self.azimuth_deg)[:, None] + self.azimuth_spread_deg * offset
        zenith = np.array(self.zenith_deg)[:, None] + self.zenith_spread_deg * offset
        across = (
            np.sin(np.radians(zenith))[:, :, None]
            * np.sin(np.radians(azimuth))[:, None]
        )
        turn = np.exp(2j * np.pi * _SPACING * np.multiply.outer(lags, across))
        return turn.mean((2, 3)) @ power


#: The delays and powers are those of ``PROFILES``.
CLUSTERS = {
    "A": Clusters(
        "TR 38.901 table 7.7.1-1",
        (
            -178.1, -4.2, -4.2, -4.2, 90.2, 90.2, 90.2, 121.5, -81.7, 158.4, -83, 134.8,
            -153, -172, -129.9, -136, 165.4, 148.4, 132.7, -118.6, -154.1, 126.5, -56.2,
        ),
        (
            50.2, 93.2, 93.2, 93.2, 122, 122, 122, 150.2, 55.2, 26.4, 126.4, 171.6,
            151.4, 157.2, 47.2, 40.4, 43.3, 161.8, 10.8, 16.7, 171.7, 22.7, 144.9,
        ),
        5.0,
        3.0,
    ),
    "C": Clusters(
        "TR 38.901 table 7.7.1-3",
        (
            -46.6, -22.8, -22.8, -22.8, -40.7, 0.3, 0.3, 0.3, 73.1, -64.5, 80.2, -97.1,
            -55.3, -64.3, -78.5, 102.7, 99.2, 88.8, -101.9, 92.2, 93.3, 106.6, 119.5,
            -123.8,
        ),
        (
            97.2, 98.6, 98.6, 98.6, 100.6, 99.2, 99.2, 99.2, 105.2, 95.3, 106.1, 93.5,
            103.7, 104.2, 93.0, 104.2, 94.9, 93.1, 92.2, 106.7, 93.0, 92.9, 105.2,
            107.8,
        ),
        2.0,
        3.0,
    ),
}  # fmt: skip


def cluster_lines(
    size: ValidationSize, name: str, *, seed: int, source: Any = None
) -> list[Line]:
    """Compare a clustered delay line with its table: power, taps, antennas.

    Parameters
    ----------
    size
        How many draws.
    name
        A key of ``CLUSTERS``.
    seed
        Of the draws.
    source
        Channel source in place of that of commgen: uplink to eight V-polarised
        omnidirectional antennas in a horizontal line, delay spread 100 ns.
    """
    clusters, profile = CLUSTERS[name], PROFILES[name]
    source = source or _source(name, point_seed(seed, *name.encode(), 2))
    parts = []
    for _ in range(-(-size.channels // (_FEWER * _CHUNK))):
        a = source(_CHUNK, 1, 1.0)[0].numpy()
        parts.append(a.reshape(_CHUNK, _NUM_ANTENNAS, -1))
    a = np.concatenate(parts)
    power = np.mean(np.abs(a) ** 2, axis=1)
    order = np.argsort(profile.delay, kind="stable")  # Sionna sorts the clusters
    h = a.sum(2)
    lags = np.arange(1, _NUM_ANTENNAS)
    product = np.stack(
        [np.mean(h[:, lag:] * h[:, :-lag].conj(), axis=1) for lag in lags], axis=1
    )
    expected = clusters.covariance(profile.power, lags)
    return [
        equal(
            GROUP,
            f"{name}: mean power",
            mean_interval(power.sum(1), CONFIDENCE),
            1.0,
            tolerance=size.statistic_tolerance,
            note="by definition",
        ),
        worst(
            GROUP,
            f"{name}: power over that of the table",
            power / profile.power[order],
            np.ones(len(order)),
            [f"cluster {i + 1}" for i in order],
            tolerance=4 * size.statistic_tolerance,
            note=f"{clusters.source}, powers as in {profile.source}",
        ),
        worst(
            GROUP,
            f"{name}: correlation of two antennas",
            np.concatenate([np.real(product), np.imag(product)], axis=1),
            np.concatenate([np.real(expected), np.imag(expected)]),
            [
                f"{part} at {lag} x 0.5 wavelengths"
                for part in ("Re", "Im")
                for lag in lags
            ],
            tolerance=2 * size.statistic_tolerance,
            note=f"from the angles of {clusters.source}",
            scale=1.0,
        ),
    ]


def _source(name: str, seed: int) -> Any:
    config = CdlConfig.model_validate(
        {
            "model": name,
            "delay_spread_s": _DELAY_SPREAD_S,
            "direction": "uplink",
            "bs_array": ArrayConfig(columns=_NUM_ANTENNAS),
        }
    )
    return build_channel(config, seed=seed)
