"""Mixtures of equal Gaussians in the plane, the classic tests of mode dropping."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True, eq=False)
class Mixture:
    """K round Gaussians in the plane, equally likely.

        p(x) = 1/K sum_k N(x; c_k, sigma^2 I)

    Attributes:
        name: What it is called in tables.
        centres: The means c_k, float32 of shape (K, 2).
        sigma: The standard deviation along each axis.
    """

    name: str
    centres: np.ndarray
    sigma: float

    def __len__(self) -> int:
        """The number of modes K."""
        return len(self.centres)

    def draw(self, key: jax.Array, count: int) -> jax.Array:
        """Draws independent points, inside or outside of a compiled function.

        Args:
            key: A random key; the points are a function of it.
            count: How many.

        Returns:
            float32, shape (count, 2).
        """
        key_mode, key_noise = jax.random.split(key)
        modes = jax.random.randint(key_mode, (count,), 0, len(self))
        noise = jax.random.normal(key_noise, (count, 2))
        return jnp.asarray(self.centres)[modes] + self.sigma * noise


def ring(modes: int = 8, radius: float = 2.0, sigma: float = 0.02) -> Mixture:
    """Modes on a circle around the origin, evenly spaced, the first on the positive x axis.

    Args:
        modes: How many, at least 2.
        radius: Of the circle.
        sigma: Standard deviation of a mode along each axis.

    Raises:
        ValueError: Fewer than two modes, or a length that is not positive.

    References:
        The ring of 8 with these sizes: Metz, Poole, Pfau, Sohl-Dickstein. Unrolled Generative
        Adversarial Networks. ICLR 2017, arXiv:1611.02163.
    """
    _check(modes, radius=radius, sigma=sigma)
    angles = 2 * np.pi * np.arange(modes) / modes
    centres = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Mixture(f"ring of {modes}", centres.astype(np.float32), sigma)


def grid(side: int = 5, spacing: float = 2.0, sigma: float = 0.05) -> Mixture:
    """Modes on a square lattice around the origin, row by row.

    Args:
        side: Modes along each axis, at least 2.
        spacing: Distance of neighbours.
        sigma: Standard deviation of a mode along each axis.

    Raises:
        ValueError: Fewer than two modes a side, or a length that is not positive.

    References:
        The grid of 25 with these sizes: Srivastava et al. VEEGAN: Reducing Mode Collapse in GANs
        using Implicit Variational Learning. NIPS 2017, arXiv:1705.07761.
    """
    _check(side, spacing=spacing, sigma=sigma)
    line = spacing * (np.arange(side) - (side - 1) / 2)
    y, x = np.meshgrid(line, line, indexing="ij")
    centres = np.stack([x.ravel(), y.ravel()], axis=1)
    return Mixture(f"grid of {side * side}", centres.astype(np.float32), sigma)


def _check(count: int, **lengths: float) -> None:
    if count < 2:
        raise ValueError(f"{count} is too few modes to drop one; give at least 2.")
    for name, value in lengths.items():
        if not value > 0:
            raise ValueError(f"{name} is {value}; give a positive length.")
