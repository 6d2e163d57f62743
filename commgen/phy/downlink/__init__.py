"""A downlink to several users: precoded blocks of the NR code, and who gets them."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
