"""What a demapper takes a point for: the likelihood under noise and a phase error."""

import math

from commgen.coding.compiled import compiled


@compiled
def log_likelihood(y, x, no, phase_var):
    r"""Return ln p(y | x), but for terms that all points share.

    .. math:: -\frac{(|y| - |x|)^2}{N_0} - \frac{|y - x|^2 - (|y| - |x|)^2}{V}
        - \frac12 \ln\frac{V}{N_0}, \qquad V = N_0 + 2 \sigma^2 |x|\,|y|

    for :math:`y = x\,e^{j\varphi} + n` with :math:`\varphi \sim \mathcal{N}(0,
    \sigma^2)`. In polar coordinates :math:`|y - x e^{j\varphi}|^2 = (|y| - |x|)^2 +
    2|x||y|(1 - \cos(\theta - \varphi))`, where :math:`\theta` is the angle between y
    and x; with the cosine to second order the mean over :math:`\varphi` is this. It is
    exact without a phase error, and where :math:`|x||y| \gg N_0` (Krishnan et al.,
    IEEE Trans. Commun. 61, 2013, has the same idea).

    Parameters
    ----------
    y, x : complex
        What was received, and the point.
    no
        Variance of the complex noise, linear.
    phase_var
        Variance of the phase [rad^2].
    """
    d = y - x
    square = d.real * d.real + d.imag * d.imag
    if phase_var == 0.0:
        return -square / no
    a, c = modulus(x), modulus(y)
    v = no + 2 * phase_var * a * c
    r = c - a
    return -r * r / no - (square - r * r) / v - 0.5 * math.log(v / no)


@compiled
def slope(y, x, no, phase_var):
    """Return the slope of :func:`log_likelihood` by x, real and imaginary part as such.

    By y it is ``slope(x, y, no, phase_var)``: x and y may be exchanged.

    Parameters
    ----------
    y, x, no, phase_var
        As of :func:`log_likelihood`.
    """
    if phase_var == 0.0:
        return 2 / no * (y - x)
    a, c = modulus(x), modulus(y)
    if a == 0.0:  # a kink: neither side is better
        return 0j
    v = no + 2 * phase_var * a * c
    apart = a * c - (x.real * y.real + x.imag * y.imag)
    bend = (4 * phase_var * apart / v - phase_var) / v
    along = 2 * (c - a) / no - 2 * c / v + bend * c
    return along / a * x + 2 / v * y


@compiled
def modulus(x):
    """Return the absolute value of a complex number, without a guard for overflow."""
    return math.sqrt(x.real * x.real + x.imag * x.imag)
