"""``commgen estimate``: apply a saved model to received pilots from anywhere."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from commgen._checks import check_amplitudes, check_finite
from commgen._console import say
from commgen._files.made import made_by
from commgen._files.npz import npz_made, write_npz
from commgen._files.whole import sha256
from commgen.cli._done import ForceOption, already_made
from commgen.cli._observed import (
    check_power,
    observed,
    read_noise,
    read_observed,
    read_quantizer,
)
from commgen.cli._quiet import start_tensorflow

ParameterName = Literal["angle", "delay", "doppler"]
_NOISE = ("no", "snr_db")


def estimate(
    input: Annotated[Path, typer.Option("--input", "-i", help=".npz file with y.")],
    output: Annotated[Path, typer.Option("--output", "-o", help=".npz file.")],
    model: Annotated[Path | None, typer.Option(help="Model folder.")] = None,
    num_samples: Annotated[
        int, typer.Option(min=0, help="Draws of the posterior of each channel.")
    ] = 0,
    level: Annotated[
        float, typer.Option(help="Probability of regions and intervals.")
    ] = 0.9,
    guard: Annotated[
        bool, typer.Option(help="Fall back on least squares where the model fails.")
    ] = False,
    unknown_noise: Annotated[
        bool, typer.Option(help="Infer the noise level too, one for all (mixtures).")
    ] = False,
    parameters: Annotated[
        ParameterName | None,
        typer.Option(help="Infer these of y [n, num_snapshots, num_positions]."),
    ] = None,
    num_paths: Annotated[int, typer.Option(min=1, help="With --parameters.")] = 1,
    subcarrier_spacing_hz: Annotated[
        float | None, typer.Option(help="Of delays.")
    ] = None,
    time_step_s: Annotated[
        float | None, typer.Option(help="Of Doppler shifts.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.")] = 0,
    force: ForceOption = False,
) -> None:
    """Estimate channels h from y = A h + n, with the error variance of each entry.

    INPUT holds y, complex [n, *channel]; snr_db or no, one or [n]; and optionally A,
    complex [num_obs, channel entries], or mask, boolean [*channel], of what was
    observed (y is then [n, num_obs], or full with the rest ignored); noise_corr,
    complex [num_obs, num_obs], the covariance of noise that is not white, where no is
    one; num_bits and step, where y are the levels of converters. SNR is 1/no for
    channels of unit mean power. OUTPUT gets h_hat (once more as h, the name that
    importers take), err_var, and radius: |h - h_hat|^2 is below it with probability
    LEVEL.

    With --parameters, in place of a model, it gets mean, low and high of the angles
    [deg], delays [s] or Doppler shifts [Hz].
    """
    if output.suffix != ".npz":
        raise ValueError(f"output must end in .npz, got {output}.")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level:g}.")
    if (model is None) == (parameters is None):
        raise ValueError("give model or parameters, and not both.")
    arrays = read_observed(input)
    inputs = {"input": sha256(input)}
    if model is not None:
        from commgen.generative.checksum import model_checksum

        inputs["model"] = model_checksum(model)
    units = {
        "subcarrier_spacing_hz": subcarrier_spacing_hz,
        "time_step_s": time_step_s,
    }
    settings = {
        **{"num_samples": num_samples, "level": level, "guard": guard, "seed": seed},
        **{"unknown_noise": unknown_noise, "parameters": parameters},
        **{"num_paths": num_paths, **units},
    }
    made = made_by("estimate", settings, inputs)
    if already_made(output, made, npz_made, force=force):
        return
    start_tensorflow()
    if parameters is not None:
        found, line = _infer(arrays, parameters, num_paths, level, seed, units)
    else:
        request = _Request(num_samples, level, guard, unknown_noise, seed)
        found, line = request.estimate(arrays, model)
    for name, values in found.items():
        check_finite(name, values)
    write_npz(output, found, compressed=True, made=made)
    say(f"{line}, written to {output}")


class _Request:
    """What is wanted of a model."""

    def __init__(self, num_samples, level, guard, unknown_noise, seed):
        self.num_samples, self.level = num_samples, level
        self.guard, self.unknown_noise = guard, unknown_noise
        self.seed = seed

    def estimate(self, arrays, model) -> tuple[dict[str, Any], str]:
        """Return the arrays of the output, and what to say of them."""
        from commgen.generative.load import load_prior

        no = None if self._infers_noise(arrays) else read_noise(arrays)
        prior = load_prior(model)
        y, A = observed(arrays, prior.event_shape)
        check_amplitudes("y", y)
        if no is not None:
            check_power(y, no, A)
            no = np.broadcast_to(no, (len(y),))
        shape, quantizer = arrays.get("noise_corr"), read_quantizer(arrays)
        self._check(A, shape, quantizer)
        if quantizer is not None or self.unknown_noise:
            _check_mixture(prior)
        found: dict[str, Any] = {}
        if self.guard:
            posterior = self._guarded(prior, y, no, found)
        elif no is None or quantizer is not None or shape is not None:
            posterior = self._observed(prior, y, A, no, shape, quantizer, found)
        else:
            posterior = prior.posterior(
                y, A, no, num_samples=self.num_samples or None, seed=self.seed
            )
        found |= {"h_hat": posterior.mean, "h": posterior.mean}
        found["err_var"] = posterior.err_var
        direct = A is None and shape is None and quantizer is None and no is not None
        found["radius"] = posterior.err_var * self._radius(
            prior, no if direct else None, posterior.err_var.ndim
        )
        if posterior.samples is not None:
            found["samples"] = posterior.samples
        expected = 10 * np.log10(posterior.err_var.mean())
        flags = found.get("flagged")
        flagged = "" if flags is None else f", {int(flags.sum()):,} flagged"
        line = f"{len(y):,} channels estimated{flagged}, mean error variance"
        return found, f"{line} {expected:.2f} dB"

    def _infers_noise(self, arrays) -> bool:
        if not self.unknown_noise:
            return False
        if any(name in arrays for name in _NOISE):
            raise ValueError("input must not hold snr_db or no with --unknown-noise.")
        return True

    def _check(self, A, shape, quantizer) -> None:
        special = [
            name
            for name, there in (
                ("A or mask", self.guard and A is not None),
                ("noise_corr", shape is not None),
                ("num_bits", quantizer is not None),
                ("--unknown-noise", self.unknown_noise),
            )
            if there
        ]
        if self.guard and special:
            raise ValueError(f"guard needs y = h + n in white noise, got {special}.")
        if quantizer is not None and self.unknown_noise:
            raise ValueError("num_bits needs snr_db or no, got --unknown-noise.")
        if self.num_samples and special:
            raise ValueError(f"num_samples must be 0 with {special}.")

    def _guarded(self, prior, y, no, found):
        from commgen.generative import Posterior
        from commgen.inference.uncertainty import GuardedPrior

        decision = GuardedPrior(prior).decide(y, no.astype(np.float32))
        found["flagged"] = np.asarray(decision.flagged)
        return Posterior(np.asarray(decision.h_hat), np.asarray(decision.err_var))

    def _observed(self, prior, y, A, no, shape, quantizer, found):
        from commgen.inference import observation as o

        level = 1.0 if no is None else no
        seen = o.LinearObservation(prior.event_shape, A, level, shape)
        if quantizer is not None:
            return o.quantized_posterior(prior, y, o.Quantizer(*quantizer), seen)
        if no is not None:
            return o.infer(prior, y, seen)
        groups = np.zeros(len(y), int)
        posterior, noise = o.denoise_unknown_noise(prior, y, seen, groups=groups)
        found["no"] = noise.no_hat
        return posterior

    def _radius(self, prior, no, rank):
        """Squared radius of regions over the error variance, each channel's own."""
        from commgen.inference.uncertainty import CalibratedPrior, gaussian_radius

        if no is None or self.guard or not isinstance(prior, CalibratedPrior):
            return gaussian_radius(self.level)
        radius = np.asarray(prior.radius(no.astype(np.float32), self.level))
        return radius.reshape(-1, *(1,) * (rank - 1))


def _check_mixture(prior) -> None:
    from commgen.generative.mixture.model import MixtureModel

    if not isinstance(prior, MixtureModel):
        raise ValueError(
            "model must be a Gaussian mixture with num_bits or --unknown-noise, got "
            f"{type(prior).__name__}."
        )


def _infer(arrays, kind, num_paths, level, seed, units) -> tuple[dict[str, Any], str]:
    from commgen.inference.parameters import infer_parameters

    known = {"y", *_NOISE}
    if set(arrays) - known:
        raise ValueError(f"input must hold of {sorted(known)}, got {sorted(arrays)}.")
    no = None
    if any(name in arrays for name in _NOISE):
        values = read_noise(arrays)
        if len(values) != 1:
            raise ValueError(f"no must be one number here, got {values.shape}.")
        no = float(values[0])
    given = {name: value for name, value in units.items() if value is not None}
    posterior = infer_parameters(
        arrays["y"], kind, num_paths, no=no, level=level, seed=seed, **given
    )
    found = {name: getattr(posterior, name) for name in ("mean", "low", "high")}
    found |= {"covariance": posterior.covariance, "no": posterior.no}
    width = np.mean(posterior.high - posterior.low)
    line = f"{len(posterior.mean):,} observations, {100 * level:g} % intervals of"
    return found, f"{line} {width:.3g} {posterior.unit} on average"
