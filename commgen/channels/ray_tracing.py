"""Paths between a roof and the street, by Sionna RT in a process of its own.

The ray tracer and TensorFlow each bring their LLVM, and do not live in one process:
``python -m commgen.channels.ray_tracing TASK ANSWER`` reads the JSON file TASK and
writes the arrays of ANSWER, an .npz file.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.npz import write_npz
from commgen.channels.ray_traced_config import RayTracedConfig
from commgen.channels.streets import StreetMap, track_of

# Side of a cell of the map of streets, and the height that it is looked at from [m].
_CELL_M = 1.0
_ABOVE_M = 200.0
# What is lower is street, not building [m].
_STREET_M = 0.5
# Receivers that are traced together.
_BATCH = 128


def trace(task: dict[str, Any]) -> dict[str, np.ndarray]:
    """Trace some steps of the tracks of a configuration.

    Parameters
    ----------
    task
        ``config``, as a dictionary; ``seed``; ``first``, number of the first step over
        all tracks; ``num``, how many follow.

    Returns
    -------
    dict
        ``a`` : [num, num_rx_ant, num_paths], complex64, strongest first; ``tau`` :
        [num, num_paths] [s]; ``los`` : [num], bool; ``x_m``, ``y_m`` : [num].
    """
    config = RayTracedConfig(**task["config"])
    tracer = _Tracer(config)
    steps = task["first"] + np.arange(task["num"])
    tracks, within = np.divmod(steps, config.num_steps)
    walks = {
        t: track_of(config, tracer.streets, task["seed"], int(t))
        for t in np.unique(tracks)
    }
    place = np.stack([walks[t][i] for t, i in zip(tracks, within, strict=True)])
    parts = [tracer.paths(place[i : i + _BATCH]) for i in range(0, len(place), _BATCH)]
    a, tau, los = (np.concatenate(part) for part in zip(*parts, strict=True))
    x, y = place.T.astype(np.float32)
    return {"a": a, "tau": tau, "los": los, "x_m": x, "y_m": y}


class _Tracer:
    """The scene with its base station."""

    def __init__(self, config: RayTracedConfig):
        from sionna import rt

        self._rt, self._config = rt, config
        scene: Any = rt.load_scene(getattr(rt.scene, config.scene), merge_shapes=True)
        scene.frequency = config.carrier_hz
        array = config.bs_array
        one = {"pattern": "iso", "polarization": "V"}
        scene.tx_array = rt.PlanarArray(
            num_rows=array.rows,
            num_cols=array.columns,
            vertical_spacing=array.vertical_spacing_wavelengths,
            horizontal_spacing=array.horizontal_spacing_wavelengths,
            **one,
        )
        scene.rx_array = rt.PlanarArray(num_rows=1, num_cols=1, **one)
        place = [config.bs_x_m, config.bs_y_m, config.bs_height_m]
        yaw = float(np.deg2rad(config.azimuth_deg))
        scene.add(rt.Transmitter("bs", position=place, orientation=[yaw, 0, 0]))
        self._scene, self._solve = scene, rt.PathSolver()
        self.streets = self._streets()

    def _streets(self) -> StreetMap:
        c, half = self._config, np.ceil(self._config.radius_m / _CELL_M)
        offset = _CELL_M * np.arange(-half, half + 1)
        x, y = np.meshgrid(c.bs_x_m + offset, c.bs_y_m + offset)
        near = (x - c.bs_x_m) ** 2 + (y - c.bs_y_m) ** 2 <= c.radius_m**2
        free = self._heights(x.ravel(), y.ravel()).reshape(x.shape) < _STREET_M
        return StreetMap(free & near, x[0, 0], y[0, 0], _CELL_M)

    def _heights(self, x, y) -> np.ndarray:
        """Return the height of what is seen from above; infinite where nothing is."""
        import mitsuba as mi  # pyright: ignore[reportMissingImports]

        above = np.full(len(x), _ABOVE_M, np.float32)
        start = mi.Point3f(*(mi.Float(v.astype(np.float32)) for v in (x, y, above)))
        seen = self._scene.mi_scene.ray_intersect(
            mi.Ray3f(start, mi.Vector3f(0, 0, -1))
        )
        height = _ABOVE_M - np.array(seen.t)
        return np.where(np.array(seen.is_valid()), height, np.inf)

    def paths(self, place) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return a, tau and los of terminals at place : [n, 2], as :func:`trace`."""
        c, names = self._config, [f"ut{i}" for i in range(len(place))]
        for name, (x, y) in zip(names, place, strict=True):
            at = [float(x), float(y), c.ut_height_m]
            self._scene.add(self._rt.Receiver(name, position=at))
        paths = self._solve(
            self._scene,
            max_depth=c.max_depth,
            samples_per_src=c.num_rays,
            max_num_paths_per_src=10 * c.num_rays,
            diffuse_reflection=False,
            refraction=False,
            diffraction=True,
            synthetic_array=True,
            seed=1,
        )
        a, tau = paths.cir(normalize_delays=False, out_type="numpy")
        valid = np.array(paths.valid)[:, 0]
        direct = valid & (np.array(paths.interactions)[:, :, 0] == 0).all(axis=0)
        for name in names:
            self._scene.remove(name)
        return self._strongest(a[:, 0, 0, :, :, 0], tau[:, 0], valid, direct)

    def _strongest(self, a, tau, valid, direct):
        """Keep the strongest paths, and scale to the power of the configuration."""
        c = self._config
        wavelength = 299_792_458.0 / c.carrier_hz
        a = np.where(valid[:, None], a, 0) * (4 * np.pi * c.reference_m / wavelength)
        missing = max(0, c.num_paths - a.shape[-1])
        a = np.pad(a, ((0, 0), (0, 0), (0, missing)))
        tau = np.pad(np.where(valid, tau, 0), ((0, 0), (0, missing)))
        power = np.sum(np.abs(a) ** 2, axis=1)
        order = np.argsort(-power, axis=1, kind="stable")[:, : c.num_paths]
        a = np.take_along_axis(a, order[:, None], axis=2)
        tau = np.take_along_axis(tau, order, axis=1)
        return a.astype(np.complex64), tau.astype(np.float32), direct.any(axis=1)


def main(task: str, answer: str) -> None:
    """Do the task of a file, and write the answer to another."""
    write_npz(Path(answer), trace(json.loads(Path(task).read_text())))


if __name__ == "__main__":
    main(*sys.argv[1:])
