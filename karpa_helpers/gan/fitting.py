"""The adversarial step, and sampling from what it trained."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from karpa_helpers import training
from karpa_helpers.data.images import to_pixels, to_unit
from karpa_helpers.data.numbers import whole_number
from karpa_helpers.gan import losses
from karpa_helpers.training.precision import Activations, cast_to, to_float32

GameState = dict[str, Any]


Penalty = Callable[[losses.Network, jax.Array, jax.Array, jax.Array], jax.Array]
Augment = Callable[[jax.Array, jax.Array], jax.Array]
Batch = jax.Array | Mapping[str, jax.Array]
Inputs = tuple[jax.Array, ...]  # examples as floats, and their labels where there are any


@dataclass(frozen=True)
class Recipe:
    """What an adversarial step needs besides the networks.

    Attributes:
        latent_dim: Length of the latent vector z, drawn from a standard normal.
        learning_rate: Adam's, for both players: a number, or an Optax schedule.
        beta1: Adam's first moment decay; DCGAN's 0.5.
        beta2: Adam's second moment decay.
        average_decay: Decay of the moving average of the generator that samples are drawn from.
        game: The losses of both players.
        penalty: Added to the discriminator's loss, such as `losses.r1_r2`; None is nothing.
        weight: The penalty's factor: a number, or a function of the number of steps done. R3GAN's
            gamma, since `losses.r1_r2` holds the half.
        penalty_every: Steps from one penalty to the next; it then counts so many times as much.
            A penalty costs about as much as the rest of the step, so 4 saves a third of the time.
        augment: augment(key, images), differentiable, on all that the discriminator sees; None is
            nothing.
        critic_steps: Steps of the discriminator for one of the generator; a batch is divided
            among them.
        make_optimizer: Makes each player's optimizer; None is Adam with the settings above.
        activations: "bfloat16" lets both networks compute in it; weights, losses, optimizers and
            the penalty, which differentiates twice, stay float32, see `precision`. None is float32.
    """

    latent_dim: int = 64
    learning_rate: float | optax.Schedule = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    average_decay: float = 0.99
    game: losses.Game = losses.NON_SATURATING
    penalty: Penalty | None = None
    weight: float | Callable[[jax.Array], jax.Array] = 1.0
    penalty_every: int = 1
    augment: Augment | None = None
    critic_steps: int = 1
    make_optimizer: Callable[[], optax.GradientTransformation] | None = None
    activations: Activations = None

    def optimizer(self) -> optax.GradientTransformation:
        """The optimizer of each player."""
        if self.make_optimizer is not None:
            return self.make_optimizer()
        return optax.adam(self.learning_rate, b1=self.beta1, b2=self.beta2)


@dataclass(frozen=True)
class Graphs:
    """The static parts of the two networks."""

    generator: nnx.GraphDef
    discriminator: nnx.GraphDef


def create_game_state(
    generator: nnx.Module, discriminator: nnx.Module, recipe: Recipe
) -> tuple[Graphs, GameState]:
    """Takes two networks apart into graphs and one state for `adversarial_step`.

    Args:
        generator: Maps z (N, latent_dim) to examples; images in [-1, 1].
        discriminator: Maps examples to logits (N,). For a game with labels both networks take
            them as a second argument.
        recipe: The recipe that the step will be made with.

    Returns:
        (graphs, state) with state = {"generator", "discriminator", "average", "step"}.
    """
    graph_g, state_g = training.create_state(generator, recipe.optimizer())
    graph_d, state_d = training.create_state(discriminator, recipe.optimizer())
    state = {
        "generator": state_g,
        "discriminator": state_d,
        "average": _weights(state_g),
        "step": jnp.zeros((), jnp.int32),
    }
    return Graphs(graph_g, graph_d), state


def adversarial_step(graphs: Graphs, recipe: Recipe) -> training.Step:
    """A pure step: the discriminator learns on a batch, then the generator answers.

    Real and generated examples pass the discriminator as two batches, so that batch normalisation
    sees each kind by itself. Make the step once and use it for every seed.

    Args:
        graphs: From `create_game_state`.
        recipe: As given to `create_game_state`.

    Returns:
        step(state, batch, key), where batch is uint8 images (N, H, W, C), or examples of any other
        shape as floats; metrics are "d_loss" (without the penalty), "g_loss", the mean of D on
        real and on generated examples, and "penalty" where there is one. For a game with labels
        it is {"examples": the same, "labels": (N, ...)}: both networks see the labels, and each
        generated example answers to those of the real one that it is paired with.

    Raises:
        ValueError: By the step, where the batch is neither of these, or cannot be divided among
            `critic_steps`.
    """

    def step(state: GameState, batch: Batch, key: jax.Array) -> tuple[GameState, training.Metrics]:
        parts = _divide(batch, recipe.critic_steps)
        *keys, key_generator = _split_keys(key, len(parts))
        g, d, count = state["generator"], state["discriminator"], state["step"]
        for part, key_part in zip(parts, keys, strict=True):
            g, d, metrics = _discriminator_step(graphs, recipe, g, d, part, count, key_part)
        g, d, metrics["g_loss"] = _generator_step(graphs, recipe, g, d, parts[-1], key_generator)
        average = training.moving_average(state["average"], _weights(g), recipe.average_decay)
        state = {"generator": g, "discriminator": d, "average": average, "step": count + 1}
        return state, metrics

    return step


class _Keys(NamedTuple):
    """The random keys of one player's step."""

    latent: jax.Array
    real: jax.Array  # augments the real examples
    fake: jax.Array  # augments the generated ones
    penalty: Any = None


def _split_keys(key: jax.Array, count: int) -> list[_Keys]:
    """The keys of `count` steps of the discriminator, then those of the generator's step."""
    *latents, more = jax.random.split(key, count + 2)
    *others, last = jax.random.split(more, count + 1)
    splits = [jax.random.split(other, 3) for other in others] + [jax.random.split(last)]
    return [_Keys(latent, *split) for latent, split in zip(latents, splits, strict=True)]


def _discriminator_step(
    graphs: Graphs, recipe: Recipe, g: GameState, d: GameState,
    part: Inputs, count: jax.Array, keys: _Keys,
) -> tuple[GameState, GameState, training.Metrics]:  # fmt: skip
    """The discriminator learns; of the generator only counters and random streams go on."""
    real, *labels = part
    low = recipe.activations
    z = _latent(keys.latent, real, recipe)
    fake, rest = _apply(graphs.generator, g["params"], g["rest"], z, *labels, low=low)
    g = {**g, "rest": training.advance(g["rest"], rest)}
    real, fake = _augment(recipe, keys.real, real), _augment(recipe, keys.fake, fake)

    def objective(params: Any) -> Any:
        on_real, rest = _apply(graphs.discriminator, params, d["rest"], real, *labels, low=low)
        on_fake, rest = _apply(graphs.discriminator, params, rest, fake, *labels, low=low)
        loss = recipe.game.discriminator(on_real, on_fake)
        metrics = {
            "d_loss": loss,
            "d_real": jax.nn.sigmoid(on_real).mean(),
            "d_fake": jax.nn.sigmoid(on_fake).mean(),
        }
        if recipe.penalty is not None:

            def discriminator(x: jax.Array) -> jax.Array:
                return _apply(graphs.discriminator, params, d["rest"], x, *labels)[0]

            metrics["penalty"], cost = _penalty(
                recipe, count, discriminator, real, fake, keys.penalty
            )
            loss = loss + cost
        return loss, (rest, metrics)

    slope, (rest, metrics) = jax.grad(objective, has_aux=True)(d["params"])
    return g, _learn(recipe, slope, d, rest), metrics


def _generator_step(
    graphs: Graphs, recipe: Recipe, g: GameState, d: GameState, part: Inputs, keys: _Keys
) -> tuple[GameState, GameState, jax.Array]:
    """The generator learns; of the discriminator only counters and random streams go on."""
    real, *labels = part

    def judge(rest: Any, x: jax.Array) -> tuple[jax.Array, Any]:
        logits, new = _apply(
            graphs.discriminator, d["params"], rest, x, *labels, low=recipe.activations
        )
        return logits, training.advance(rest, new)

    on_real, rest_d = judge(d["rest"], _augment(recipe, keys.real, real))

    def objective(params: Any) -> Any:
        z = _latent(keys.latent, real, recipe)
        fake, rest = _apply(graphs.generator, params, g["rest"], z, *labels, low=recipe.activations)
        on_fake, rest_after = judge(rest_d, _augment(recipe, keys.fake, fake))
        return recipe.game.generator(on_real, on_fake), (rest, rest_after)

    (loss, (rest, rest_d)), slope = jax.value_and_grad(objective, has_aux=True)(g["params"])
    return _learn(recipe, slope, g, rest), {**d, "rest": rest_d}, loss


def sample(
    graphs: Graphs, state: GameState, key: jax.Array, count: int, latent_dim: int = 64
) -> np.ndarray:
    """Draws images from the averaged generator, in evaluation mode.

    Args:
        graphs: From `create_game_state`.
        state: A trained state.
        key: Random key of the latent vectors.
        count: Number of images.
        latent_dim: Length of the latent vector, as in the recipe.

    Returns:
        uint8 images (count, H, W, C).
    """
    shape = whole_number("count", count, 1), whole_number("latent_dim", latent_dim, 1)
    return generate(graphs, state, jax.random.normal(key, shape))


def generate(
    graphs: Graphs,
    state: GameState,
    z: jax.Array,
    labels: jax.Array | np.ndarray | None = None,
    batch: int = 500,
) -> np.ndarray:
    """Images of given latent vectors, from the averaged generator.

    Args:
        graphs: From `create_game_state`.
        state: A trained state.
        z: Latent vectors (N, latent_dim).
        labels: What the images are to show, (N, ...), in a game with labels.
        batch: Vectors at a time.

    Returns:
        uint8 images (N, H, W, C).

    Raises:
        ValueError: There is no latent vector, or not one label for each.
    """
    batch = whole_number("batch", batch, 1)
    if len(z) == 0:
        raise ValueError("z holds no latent vector; give at least one.")
    if labels is not None and len(labels) != len(z):
        raise ValueError(f"There are {len(labels)} labels for {len(z)} latent vectors in z.")
    inputs = (z,) if labels is None else (z, jnp.asarray(labels))
    draw = functools.partial(_generate, graphs.generator, state["average"])
    parts = [draw(*(x[i : i + batch] for x in inputs)) for i in range(0, len(z), batch)]
    return np.concatenate(parts)


@functools.partial(jax.jit, static_argnums=0)
def _generate(graph: nnx.GraphDef, average: GameState, *inputs: jax.Array) -> jax.Array:
    return to_pixels(training.merge(graph, average)(*inputs))


def _penalty(
    recipe: Recipe, count: jax.Array, discriminator: losses.Network, *examples: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The penalty, and what it adds to the loss: nothing in the steps between."""
    penalty, every = recipe.penalty, recipe.penalty_every
    assert penalty is not None
    weight = recipe.weight(count) if callable(recipe.weight) else recipe.weight
    if every == 1:
        value = penalty(discriminator, *examples)
    else:
        due, nothing = count % every == 0, jnp.zeros(())
        value = jax.lax.cond(
            due, lambda: every * penalty(discriminator, *examples), lambda: nothing
        )
    return value, weight * value


def _divide(batch: Batch, count: int) -> list[Inputs]:
    """The batch in equal parts, one for each step of the discriminator."""
    if not isinstance(batch, Mapping):
        parts: Inputs = (batch,)
    elif set(batch) == {"examples", "labels"}:
        parts = batch["examples"], batch["labels"]
    else:
        raise ValueError(
            f'A batch holds {sorted(batch)}; give an array of examples, or {{"examples": ..., '
            '"labels": ...}.'
        )
    examples, *labels = parts
    if len(examples) % count:
        raise ValueError(
            f"A batch of {len(examples)} cannot be divided among {count} steps of the "
            f"discriminator; give a batch_size that is a multiple of critic_steps={count}."
        )
    examples = to_unit(examples) if examples.dtype == jnp.uint8 else examples
    return list(zip(*(jnp.split(x, count) for x in (examples, *labels)), strict=True))


def _augment(recipe: Recipe, key: jax.Array, examples: jax.Array) -> jax.Array:
    return examples if recipe.augment is None else recipe.augment(key, examples)


def _latent(key: jax.Array, batch: jax.Array, recipe: Recipe) -> jax.Array:
    return jax.random.normal(key, (len(batch), recipe.latent_dim))


def _weights(state: GameState) -> GameState:
    """What the moving average follows: parameters and the normalisations' statistics."""
    return {"params": state["params"], "rest": state["rest"]}


def _apply(
    graph: nnx.GraphDef, params: Any, rest: Any, *inputs: jax.Array, low: Activations = None
) -> tuple[jax.Array, Any]:
    """A network's output in float32, computed in `low`, and its statistics after the call."""
    inputs = cast_to(inputs, low)
    output, rest = training.call(graph, params, rest, lambda network: network(*inputs), low)
    return to_float32(output), rest


def _learn(recipe: Recipe, gradient: Any, player: GameState, rest: Any) -> GameState:
    params, memory = training.apply_gradient(
        recipe.optimizer(), gradient, player["optimizer"], player["params"]
    )
    return {"params": params, "rest": rest, "optimizer": memory}
