"""The game of lesson 08, in one place for the lesson and for the weights that ship."""

from __future__ import annotations

import dataclasses
import functools

import jax
import optax
from flax import nnx

from karpa_helpers.gan import augment, losses, residual
from karpa_helpers.gan.fitting import Graphs, Recipe, State, create_state

LATENT = 64
STEPS = 6000  # at preset cpu, and of the generator that ships
RATES = (3e-3, 6e-5)  # Adam's learning rate, at the first step and at the last
GAMMAS = (1.0, 0.1)  # the penalties' weight
LABELLED_STEPS = 8000
# With labels the rates above make the early game swing, and more detail can be asked for.
LABELLED_RATES, LABELLED_GAMMAS = (1e-3, 6e-5), (0.5, 0.02)
SHARPNESS = 2.0
PENALTY_EVERY = 4  # steps: a penalty costs more than the rest of a step


def falling(first: float, last: float, steps: int) -> optax.Schedule:
    """A number that falls on half a cosine: last + (first - last) (1 + cos(pi t / T)) / 2.

    Args:
        first: Its value at step t = 0.
        last: Its value from step t = T on.
        steps: T.
    """
    return optax.cosine_decay_schedule(first, steps, alpha=last / first)


def face_recipe(steps: int, strength: float = 0.0) -> Recipe:
    """Relativistic pairing, R1 and R2, Adam without momentum, all on a cosine of known length.

    Args:
        steps: Steps of the whole run: the schedules end there.
        strength: Of `augment.diff_augment`; 0 leaves it out.

    References:
        Huang, Gokaslan, Kuleshov, Tompkin. The GAN is dead; long live the GAN! A Modern GAN
        Baseline. NeurIPS 2024, arXiv:2501.05441.
    """
    return Recipe(
        latent_dim=LATENT,
        learning_rate=falling(*RATES, steps),
        beta1=0.0,
        beta2=0.99,
        average_decay=0.998,
        game=losses.RELATIVISTIC,
        penalty=losses.r1_r2,
        weight=falling(*GAMMAS, steps),
        penalty_every=PENALTY_EVERY,
        augment=functools.partial(augment.diff_augment, strength=strength) if strength else None,
    )


def labelled_recipe(steps: int) -> Recipe:
    """The recipe for the game with labels, in which the discriminator sees sharpened images.

    Args:
        steps: Steps of the whole run: the schedules end there.
    """
    return dataclasses.replace(
        face_recipe(steps),
        learning_rate=falling(*LABELLED_RATES, steps),
        weight=falling(*LABELLED_GAMMAS, steps),
        augment=lambda key, images: augment.sharpen(images, SHARPNESS),
    )


def create_players(
    recipe: Recipe, seed: int, pixels: int = 32, width: int = 24, blocks: tuple[int, int] = (1, 0)
) -> tuple[Graphs, State]:
    """Two untrained residual networks for the game, taken apart by `fitting.create_state`.

    Args:
        recipe: From `face_recipe`.
        seed: Decides the first weights.
        pixels: Height and width of the images: 8, 16, 32, 64, ...
        width: Channels at half that size, in both networks.
        blocks: Residual blocks a stage, of the generator and of the discriminator.
    """
    key_g, key_d = jax.random.split(jax.random.key(seed))
    generator = residual.ResidualGenerator(
        recipe.latent_dim, width, pixels, blocks[0], normalise=True, rngs=nnx.Rngs(key_g)
    )
    discriminator = residual.ResidualDiscriminator(width, pixels, blocks[1], rngs=nnx.Rngs(key_d))
    return create_state(generator, discriminator, recipe)


def create_labelled_players(
    recipe: Recipe, seed: int, label_dim: int, pixels: int = 32, width: int = 24
) -> tuple[Graphs, State]:
    """Two untrained networks for the game with labels: both are told what the image shows.

    Args:
        recipe: From `labelled_recipe`.
        seed: Decides the first weights.
        label_dim: Length of a vector of labels.
        pixels: Height and width of the images: 8, 16, 32, 64, ...
        width: Channels at half that size, in both networks.
    """
    key_g, key_d = jax.random.split(jax.random.key(seed))
    generator = residual.LabelledGenerator(
        recipe.latent_dim, label_dim, width, pixels, rngs=nnx.Rngs(key_g)
    )
    discriminator = residual.ResidualDiscriminator(
        width, pixels, 0, label_dim=label_dim, rngs=nnx.Rngs(key_d)
    )
    return create_state(generator, discriminator, recipe)
