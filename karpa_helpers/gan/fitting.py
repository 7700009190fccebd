"""The adversarial step, and sampling from what it trained."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import optax
from flax import nnx

from karpa_helpers import training
from karpa_helpers.data.images import to_pixels, to_unit
from karpa_helpers.gan import losses

State = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """What an adversarial step needs besides the networks.

    Attributes:
        latent_dim: Length of the latent vector z, drawn from a standard normal.
        learning_rate: Adam's, for both players.
        beta1: Adam's first moment decay; DCGAN's 0.5.
        average_decay: Decay of the moving average of the generator that samples are drawn from.
        generator_loss: Loss of the generator as a function of the fake logits.
        make_optimizer: Makes each player's optimizer; None is Adam with the settings above.
    """

    latent_dim: int = 64
    learning_rate: float = 2e-4
    beta1: float = 0.5
    average_decay: float = 0.99
    generator_loss: Callable[[jax.Array], jax.Array] = losses.non_saturating_loss
    make_optimizer: Callable[[], optax.GradientTransformation] | None = None

    def optimizer(self) -> optax.GradientTransformation:
        """The optimizer of each player."""
        if self.make_optimizer is not None:
            return self.make_optimizer()
        return optax.adam(self.learning_rate, b1=self.beta1)


@dataclass(frozen=True)
class Graphs:
    """The static parts of the two networks."""

    generator: nnx.GraphDef
    discriminator: nnx.GraphDef


def create_state(
    generator: nnx.Module, discriminator: nnx.Module, recipe: Recipe
) -> tuple[Graphs, State]:
    """Takes two networks apart into graphs and one state for `adversarial_step`.

    Args:
        generator: Maps z (N, latent_dim) to images in [-1, 1].
        discriminator: Maps images to logits (N,).
        recipe: The recipe that the step will be made with.

    Returns:
        (graphs, state) with state = {"generator", "discriminator", "average"}.
    """
    graph_g, state_g = training.create_state(generator, recipe.optimizer())
    graph_d, state_d = training.create_state(discriminator, recipe.optimizer())
    state = {"generator": state_g, "discriminator": state_d, "average": _weights(state_g)}
    return Graphs(graph_g, graph_d), state


def adversarial_step(graphs: Graphs, recipe: Recipe) -> training.Step:
    """A pure step: the discriminator learns on a batch, then the generator answers.

    Real and generated images pass the discriminator as two batches, so that batch normalisation
    sees each kind by itself. Make the step once and use it for every seed.

    Args:
        graphs: From `create_state`.
        recipe: As given to `create_state`.

    Returns:
        step(state, batch, key), where batch is uint8 images (N, H, W, C); metrics are
        "d_loss", "g_loss" and the mean of D on real and on generated images.
    """
    optimizer = recipe.optimizer()

    def step(state: State, batch: jax.Array, key: jax.Array) -> tuple[State, training.Metrics]:
        real = to_unit(batch)
        key_d, key_g = jax.random.split(key)
        g, d = state["generator"], state["discriminator"]
        fake, _ = _apply(graphs.generator, g["params"], g["rest"], _latent(key_d, real, recipe))

        def d_objective(params: Any) -> Any:
            on_real, rest = _apply(graphs.discriminator, params, d["rest"], real)
            on_fake, rest = _apply(graphs.discriminator, params, rest, fake)
            return losses.discriminator_loss(on_real, on_fake), (rest, on_real, on_fake)

        (d_loss, (d_rest, on_real, on_fake)), slope = jax.value_and_grad(d_objective, has_aux=True)(
            d["params"]
        )
        d = _learned(optimizer, slope, d, d_rest)

        def g_objective(params: Any) -> Any:
            z = _latent(key_g, real, recipe)
            images, rest = _apply(graphs.generator, params, g["rest"], z)
            logits, _ = _apply(graphs.discriminator, d["params"], d["rest"], images)
            return recipe.generator_loss(logits), rest

        (g_loss, g_rest), slope = jax.value_and_grad(g_objective, has_aux=True)(g["params"])
        g = _learned(optimizer, slope, g, g_rest)

        average = training.moving_average(state["average"], _weights(g), recipe.average_decay)
        metrics = {
            "d_loss": d_loss,
            "g_loss": g_loss,
            "d_real": jax.nn.sigmoid(on_real).mean(),
            "d_fake": jax.nn.sigmoid(on_fake).mean(),
        }
        return {"generator": g, "discriminator": d, "average": average}, metrics

    return step


def sample(
    graphs: Graphs, state: State, key: jax.Array, count: int, latent_dim: int = 64
) -> np.ndarray:
    """Draws images from the averaged generator, in evaluation mode.

    Args:
        graphs: From `create_state`.
        state: A trained state.
        key: Random key of the latent vectors.
        count: Number of images.
        latent_dim: Length of the latent vector, as in the recipe.

    Returns:
        uint8 images (count, H, W, C).
    """
    return generate(graphs, state, jax.random.normal(key, (count, latent_dim)))


def generate(graphs: Graphs, state: State, z: jax.Array, batch: int = 500) -> np.ndarray:
    """Images of given latent vectors, from the averaged generator.

    Args:
        graphs: From `create_state`.
        state: A trained state.
        z: Latent vectors (N, latent_dim).
        batch: Vectors at a time.

    Returns:
        uint8 images (N, H, W, C).

    Raises:
        ValueError: There is no latent vector.
    """
    if len(z) == 0:
        raise ValueError("z holds no latent vector; give at least one.")
    parts = [
        np.asarray(_generate(graphs.generator, state["average"], z[i : i + batch]))
        for i in range(0, len(z), batch)
    ]
    return np.concatenate(parts)


@functools.partial(jax.jit, static_argnums=0)
def _generate(graph: nnx.GraphDef, average: State, z: jax.Array) -> jax.Array:
    return to_pixels(training.merge(graph, average)(z))


def _latent(key: jax.Array, batch: jax.Array, recipe: Recipe) -> jax.Array:
    return jax.random.normal(key, (len(batch), recipe.latent_dim))


def _weights(state: State) -> State:
    """What the moving average follows: parameters and the normalisations' statistics."""
    return {"params": state["params"], "rest": state["rest"]}


def _apply(graph: nnx.GraphDef, params: Any, rest: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    """A network's output, and its statistics after the call."""
    return training.call(graph, params, rest, lambda network: network(x))


def _learned(
    optimizer: optax.GradientTransformation, gradient: Any, player: State, rest: Any
) -> State:
    params, memory = training.apply_gradient(
        optimizer, gradient, player["optimizer"], player["params"]
    )
    return {"params": params, "rest": rest, "optimizer": memory}
