"""Random walks of terminals between buildings."""

from dataclasses import dataclass

import numpy as np

# A heading wanders by so much in a second [radian], as walkers do not walk in lines.
_WANDER = 0.15
# Headings that are tried where a step would end in a wall.
_TRIES = 32


@dataclass(frozen=True, eq=False)
class StreetMap:
    """Where there is street, on a raster.

    Parameters
    ----------
    free : [num_y, num_x], bool
        Whether a cell holds no building.
    x_m, y_m
        Centre of the first cell.
    cell_m
        Side of a cell.
    """

    free: np.ndarray
    x_m: float
    y_m: float
    cell_m: float

    def is_free(self, x, y) -> np.ndarray:
        """Return whether places are on the map and on a street, shaped as they are."""
        column = np.rint((np.asarray(x) - self.x_m) / self.cell_m).astype(int)
        row = np.rint((np.asarray(y) - self.y_m) / self.cell_m).astype(int)
        height, width = self.free.shape
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        free = self.free[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
        return inside & free

    def walk(
        self, num_steps: int, step_m: float, wander: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Walk at random from a street at random, [num_steps, 2], x and y [m].

        The heading wanders, and turns to the nearest one that is free where a wall is
        in the way, looking at both sides; a terminal that is walled in stands still.

        Parameters
        ----------
        num_steps
            Places of the walk.
        step_m
            Between two of them.
        wander
            Standard deviation of the heading's change in a step [radian].
        rng
            Generator of the draws.

        Raises
        ------
        ValueError
            If no cell is free.
        """
        rows, columns = np.nonzero(self.free)
        if len(rows) == 0:
            raise ValueError("free must hold at least one cell of street, got none.")
        i = rng.integers(len(rows))
        place = np.array(
            [self.x_m + self.cell_m * columns[i], self.y_m + self.cell_m * rows[i]]
        )
        heading, places = rng.uniform(0, 2 * np.pi), [place]
        for _ in range(num_steps - 1):
            heading += wander * rng.normal()
            # Small turns first, to a side at random.
            turn = np.arange(_TRIES) * (2 * np.pi / _TRIES) / 2
            turn *= np.where(np.arange(_TRIES) % 2 == rng.integers(2), 1, -1)
            ways = heading + turn
            ahead = place + step_m * np.stack([np.cos(ways), np.sin(ways)], axis=1)
            halfway = (place + ahead) / 2
            free = self.is_free(*ahead.T) & self.is_free(*halfway.T)
            if free.any():
                first = int(free.argmax())
                heading, place = ways[first], ahead[first]
            places.append(place)
        return np.stack(places)


def wander_of(step_s: float) -> float:
    """Return how far a heading wanders in a step [radian]."""
    return _WANDER * float(np.sqrt(step_s))


def track_of(config, streets: StreetMap, seed: int, track: int) -> np.ndarray:
    """Return the places of one track of a configuration, [num_steps, 2].

    Parameters
    ----------
    config
        A :class:`~commgen.channels.RayTracedConfig`.
    streets
        Where it may walk.
    seed, track
        Together they decide the walk.
    """
    rng = np.random.default_rng([seed, track])
    speed = rng.uniform(config.speed_min_m_s, config.speed_max_m_s)
    step_m = speed * config.step_s
    return streets.walk(config.num_steps, step_m, wander_of(config.step_s), rng)
