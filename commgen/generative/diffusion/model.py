"""Diffusion model of complex channels: prior, sampler and one-pass estimator."""

from commgen._checks import check_int
from commgen.generative._untyped import keras
from commgen.generative.denoising.solver import MOST_STEPS
from commgen.generative.diffusion.correction import CorrectionModel
from commgen.generative.family import NetworkFamily
from commgen.generative.noisy_examples import noisy_batch


@keras.saving.register_keras_serializable("commgen")
class Diffusion(CorrectionModel):
    r"""Variance-exploding diffusion model with a calibrated error variance.

    One network removes white noise of every level (Karras et al., NeurIPS 2022), as
    :class:`~commgen.generative.diffusion.correction.CorrectionModel` says: an MMSE
    estimator in one pass, and a sampler in ``num_steps``
    (:func:`~commgen.generative.denoising.solver.multistep_sample`). Its error variance
    is scaled, noise level by noise level, to the error measured on validation channels.

    Parameters
    ----------
    event_shape, network, prior, num_conditions, start_snr_db, end_snr_db, name
        As :class:`~commgen.generative.diffusion.correction.CorrectionModel`.
    num_steps
        Passes of the sampler, at least 2.
    """

    def __init__(
        self,
        event_shape,
        network=None,
        prior=None,
        num_steps=10,
        num_conditions=0,
        *,
        start_snr_db=-18.0,
        end_snr_db=20.0,
        name=None,
    ):
        super().__init__(
            event_shape,
            network,
            prior,
            num_conditions,
            start_snr_db=start_snr_db,
            end_snr_db=end_snr_db,
            name=name,
        )
        self.num_steps = check_int("num_steps", num_steps, low=2, high=MOST_STEPS)

    def _examples(self, rng, h, condition, *, validating=False):
        share = {"share": 1.0} if validating else {}
        if self.num_conditions:
            # What a condition changes is seen in more noise than receivers meet.
            share = {"share": 0.0}
        inputs, target = noisy_batch(rng, h, **share)
        return self._with_condition(
            inputs, condition, None if validating else rng
        ), target

    @property
    def _mixture(self):
        return self.prior

    def _draw(self, rng, n, condition, guidance=1.0):
        """Draw channels in ``num_steps`` passes, in twice as many with guidance."""
        x = self._noisy_prior(rng, n, condition)
        h = self._solve(x, condition, guidance, self.num_steps)
        return h.reshape(n, *self.event_shape)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), "num_steps": self.num_steps}


FAMILIES = {"diffusion": NetworkFamily(Diffusion, 30, corrects_mixture=True)}
