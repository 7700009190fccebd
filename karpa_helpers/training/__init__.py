"""The one training engine: a pure step, compiled once, run over data that stays on the device."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
