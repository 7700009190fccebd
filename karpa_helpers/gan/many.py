"""Many runs at once: the same small networks from several seeds, as one compiled step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from karpa_helpers import training
from karpa_helpers.gan.fitting import Graphs, Recipe, State, adversarial_step, create_state

Draw = Callable[[jax.Array, int], jax.Array]
MakePair = Callable[[int], tuple[nnx.Module, nnx.Module]]
NO_DATA = np.zeros((1, 1), np.float32)  # for `training.fit`, where the step draws its own examples


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
    pairs = [create_state(*make_pair(seed), recipe) for seed in seeds]
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
        state: State, alive: jax.Array, key: jax.Array, part: jax.Array
    ) -> tuple[State, jax.Array, Any]:
        key_real, key_step = jax.random.split(key)
        real = jax.lax.switch(part, branches, key_real)
        new, metrics = single(state, real, key_step)
        alive = alive & training.all_finite((new, metrics))
        new = jax.tree.map(lambda after, before: jnp.where(alive, after, before), new, state)
        return new, alive, metrics

    def step(state: State, batch: Any, key: jax.Array) -> tuple[State, training.Metrics]:
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
    graphs: Graphs, state: State, key: jax.Array, count: int, latent_dim: int
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

    def draw(average: State, key: jax.Array) -> jax.Array:
        z = jax.random.normal(key, (count, latent_dim))
        return training.merge(graphs.generator, average)(z)

    keys = jax.random.split(key, len(state["alive"]))
    return np.asarray(jax.jit(jax.vmap(draw))(state["runs"]["average"], keys))


def _counted(draw: Draw, count: int) -> Callable[[jax.Array], jax.Array]:
    return lambda key: draw(key, count)
