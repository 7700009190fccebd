"""The reusable model and data code that the notebooks of the Karpa course import."""

__version__ = "0.1.0"
