"""What lesson 07 needs and does not teach: known modes, and many runs at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from karpa_helpers import training
from karpa_helpers.gan.fitting import GameState, Graphs, Recipe, adversarial_step, create_game_state
from karpa_helpers.gan.scores import COVERED_ONE_IN

Draw = Callable[[jax.Array, int], jax.Array]
MakePair = Callable[[int], tuple[nnx.Module, nnx.Module]]
NO_DATA = np.zeros((1, 1), np.float32)  # for `training.fit`, where the step draws its own examples


# Known modes.


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
    _check_mixture(modes, radius=radius, sigma=sigma)
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
    _check_mixture(side, spacing=spacing, sigma=sigma)
    line = spacing * (np.arange(side) - (side - 1) / 2)
    y, x = np.meshgrid(line, line, indexing="ij")
    centres = np.stack([x.ravel(), y.ravel()], axis=1)
    return Mixture(f"grid of {side * side}", centres.astype(np.float32), sigma)


def _check_mixture(count: int, **lengths: float) -> None:
    if count < 2:
        raise ValueError(f"{count} is too few modes to drop one; give at least 2.")
    for name, value in lengths.items():
        if not value > 0:
            raise ValueError(f"{name} is {value}; give a positive length.")


@dataclass(frozen=True)
class ModeStatistics:
    """How samples lie on equally likely modes.

    Attributes:
        covered: Modes with at least a fifth of their fair share of the samples, counting only
            samples of high quality.
        touched: Modes with at least one sample of high quality, the looser count of the literature.
        high_quality: Share of samples within `within` standard deviations of their nearest centre.
        reverse_kl: `reverse_kl` of the samples by nearest centre, in nats.
    """

    covered: int
    touched: int
    high_quality: float
    reverse_kl: float


def mode_statistics(
    points: np.ndarray, centres: np.ndarray, sigma: float, within: float = 3.0
) -> ModeStatistics:
    """Counts modes among generated points.

    Each point belongs to its nearest centre. It is of high quality within `within` standard
    deviations of it: of true samples in the plane a share 1 - exp(-within^2 / 2) is, 98.9 % for 3.

    Args:
        points: Generated points (N, d). A point that is not finite counts as one of low quality.
        centres: The centres of K equally likely modes (K, d).
        sigma: Standard deviation of a mode along each axis.
        within: The radius of high quality, in standard deviations.

    Raises:
        ValueError: There is no point, or the shapes do not fit.

    References:
        High quality within three standard deviations, and the looser count: Srivastava et al.,
        VEEGAN, NIPS 2017, arXiv:1705.07761.
    """
    points, centres = np.asarray(points, np.float64), np.asarray(centres, np.float64)
    if points.ndim != 2 or centres.ndim != 2 or points.shape[1] != centres.shape[1]:
        raise ValueError(
            f"points have shape {points.shape} and centres {centres.shape}; "
            "give (N, d) and (K, d) with the same d."
        )
    if len(points) == 0:
        raise ValueError("There are no points; draw some samples first.")
    finite = points[np.isfinite(points).all(axis=1)]
    distances = np.linalg.norm(finite[:, None] - centres, axis=-1)
    nearest = distances.argmin(axis=1)
    good = distances[np.arange(len(finite)), nearest] <= within * sigma
    modes = len(centres)
    counts, good_counts = (np.bincount(n, minlength=modes) for n in (nearest, nearest[good]))
    return ModeStatistics(
        covered=covered_modes(good_counts, len(points)),
        touched=int((good_counts > 0).sum()),
        high_quality=float(good.sum() / len(points)),
        reverse_kl=reverse_kl(counts) if len(finite) else float(np.log(modes)),
    )


def covered_modes(counts: np.ndarray, total: int) -> int:
    """How many modes hold at least a fifth of a fair share of `total` samples.

    Args:
        counts: Samples of each mode, shape (K,); those that lie on no mode are left out.
        total: Samples in all.
    """
    # In whole numbers: an exact fifth must not fall on either side by rounding.
    return int((COVERED_ONE_IN * len(counts) * np.asarray(counts) >= total).sum())


def reverse_kl(counts: np.ndarray) -> float:
    """KL(q || uniform) = sum_k q_k log(K q_k), q the shares of samples, in nats.

    "Reverse", because the generated shares q come first. So it is finite where modes are missing:
    0 for even shares, log K where all samples lie on one mode. Samples alone make even perfect
    shares uneven, by about (K - 1) / (2 N) for N samples.

    Args:
        counts: Samples of each of K equally likely modes, shape (K,).

    Raises:
        ValueError: There are no samples.
    """
    counts = np.asarray(counts, np.float64)
    if counts.ndim != 1 or not counts.sum() > 0:
        raise ValueError(f"counts {counts} hold no samples; give one count a mode.")
    shares = counts[counts > 0] / counts.sum()
    return float(max((shares * np.log(len(counts) * shares)).sum(), 0.0))


# Many runs at once: the same small networks from several seeds, as one compiled step.


def create_states(make_pair: MakePair, seeds: Sequence[int], recipe: Recipe) -> tuple[Graphs, Any]:
    """One state for all seeds: every array has a leading axis of runs.

    Args:
        make_pair: make_pair(seed) -> (generator, discriminator), of the same form for each seed.
        seeds: One a run.
        recipe: The recipe that the step will be made with.

    Returns:
        (graphs, {"runs": stacked states, "alive": which runs are finite so far, (runs,)}).

    Raises:
        ValueError: There is no seed.
    """
    if len(seeds) == 0:
        raise ValueError("There is no seed; give at least one.")
    pairs = [create_game_state(*make_pair(seed), recipe) for seed in seeds]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(state for _, state in pairs))
    return pairs[0][0], {"runs": stacked, "alive": jnp.ones(len(seeds), bool)}


def many_step(
    graphs: Graphs, recipe: Recipe, draws: Sequence[Draw], batch_size: int
) -> training.Step:
    """A step of all runs. Each draws its own real examples and latent vectors from its own key.

    With several distributions, the first runs learn the first one, as many the second, and so on.

    A run whose state is not finite after a step has diverged: it keeps its last finite state
    and is no longer alive, while the others go on.

    Args:
        graphs: From `create_states`.
        recipe: As given to `create_states`.
        draws: draw(key, count) -> real examples, one for each distribution.
        batch_size: Real examples a step of the discriminator; it takes `critic_steps` such steps.

    Returns:
        step(state, batch, key) for `training.fit` with `NO_DATA`; the batch is not used. Metrics
        are means over the runs that are alive.

    Raises:
        ValueError: By the step, where the runs cannot be divided among the distributions.
    """
    single = adversarial_step(graphs, recipe)
    count = batch_size * recipe.critic_steps
    branches = [_counted(draw, count) for draw in draws]

    def one(
        state: GameState, alive: jax.Array, key: jax.Array, part: jax.Array
    ) -> tuple[GameState, jax.Array, Any]:
        key_real, key_step = jax.random.split(key)
        real = jax.lax.switch(part, branches, key_real)
        new, metrics = single(state, real, key_step)
        alive = alive & training.all_finite((new, metrics))
        new = jax.tree.map(lambda after, before: jnp.where(alive, after, before), new, state)
        return new, alive, metrics

    def step(state: GameState, batch: Any, key: jax.Array) -> tuple[GameState, training.Metrics]:
        total = len(state["alive"])
        if total % len(draws):
            raise ValueError(f"{total} runs cannot be divided among {len(draws)} distributions.")
        keys, parts = jax.random.split(key, total), jnp.arange(total) * len(draws) // total
        runs, alive, metrics = jax.vmap(one)(state["runs"], state["alive"], keys, parts)
        living = jnp.maximum(alive.sum(), 1)
        means = {name: jnp.where(alive, v, 0).sum() / living for name, v in metrics.items()}
        return {"runs": runs, "alive": alive}, means

    return step


def sample_runs(
    graphs: Graphs, state: GameState, key: jax.Array, count: int, latent_dim: int
) -> np.ndarray:
    """Examples from the averaged generator of each run.

    Args:
        graphs: From `create_states`.
        state: A trained state.
        key: Split into one key a run.
        count: Examples a run.
        latent_dim: The recipe's.

    Returns:
        Shape (runs, count, ...).
    """

    def draw(average: GameState, key: jax.Array) -> jax.Array:
        z = jax.random.normal(key, (count, latent_dim))
        return training.merge(graphs.generator, average)(z)

    keys = jax.random.split(key, len(state["alive"]))
    return np.asarray(jax.jit(jax.vmap(draw))(state["runs"]["average"], keys))


def _counted(draw: Draw, count: int) -> Callable[[jax.Array], jax.Array]:
    return lambda key: draw(key, count)
