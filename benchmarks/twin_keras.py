"""A DCGAN step in Keras 3 on JAX, from Keras' own layers; its loop is compiled by `jax.jit`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import layers

from benchmarks.sizes import Sizes

RATE, DECAY = 2e-4, 0.99


def generator(sizes: Sizes) -> Any:
    """As the course's `DCGANGenerator`."""
    width = sizes["width"]
    return keras.Sequential([
        keras.Input((sizes["latent"],)),
        layers.Dense(7 * 7 * 2 * width, use_bias=False), layers.Reshape((7, 7, 2 * width)),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5), layers.ReLU(),
        layers.Conv2DTranspose(width, 4, 2, "same", use_bias=False),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5), layers.ReLU(),
        layers.Conv2DTranspose(sizes["channels"], 4, 2, "same", activation="tanh"),
    ])  # fmt: skip


def discriminator(sizes: Sizes) -> Any:
    """As the course's `DCGANDiscriminator`."""
    width = sizes["width"]
    return keras.Sequential([
        keras.Input((28, 28, sizes["channels"])),
        layers.Conv2D(width, 4, 2, "same"), layers.LeakyReLU(0.2),
        layers.Conv2D(2 * width, 4, 2, "same", use_bias=False),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5), layers.LeakyReLU(0.2),
        layers.Flatten(), layers.Dense(1),
    ])  # fmt: skip


class Training:
    """The adversarial step; batches and latents are drawn inside it.

    Args:
        sizes: Of the row.
    """

    def __init__(self, sizes: Sizes) -> None:
        players = self.players = generator(sizes), discriminator(sizes)
        optimizers = [keras.optimizers.Adam(RATE, 0.5, 0.999, epsilon=1e-8) for _ in players]
        for optimizer, player in zip(optimizers, players, strict=True):
            optimizer.build(player.trainable_variables)
        self.parameters = sum(int(np.prod(v.shape)) for p in players for v in p.trainable_variables)
        values = [
            [v.value for v in group]
            for player, optimizer in zip(players, optimizers, strict=True)
            for group in (
                player.trainable_variables, player.non_trainable_variables, optimizer.variables
            )
        ]  # fmt: skip
        average = [jnp.array(v, copy=True) for v in values[0]]
        self.state = jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), (values, average))
        shape = (sizes["images"], 28, 28, sizes["channels"])
        self.images = jnp.asarray(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
        self.key = jax.random.key(0)
        self.step = jax.jit(make_step(players, optimizers, sizes), donate_argnums=0)

    def run(self, calls: int) -> None:
        """So many steps, waited for."""
        for _ in range(calls):
            self.key, now = jax.random.split(self.key)
            self.state = self.step(self.state, self.images, now)
        jax.block_until_ready(self.state)


def make_step(players: Any, optimizers: Any, sizes: Sizes) -> Any:
    """step(state, images, key) -> state."""
    make, judge = (player.stateless_call for player in players)
    softplus, batch = jax.nn.softplus, sizes["batch"]

    def step(state: Any, images: jax.Array, key: jax.Array) -> Any:
        (g, g_rest, g_memory, d, d_rest, d_memory), average = state
        choose, one, two = jax.random.split(key, 3)
        chosen = jax.random.choice(choose, len(images), (batch,))
        real = images[chosen].astype("float32") / 127.5 - 1
        fake, _ = make(g, g_rest, jax.random.normal(one, (batch, sizes["latent"])), training=True)

        def judged(d: Any) -> Any:
            on_real, rest = judge(d, d_rest, real, training=True)
            on_fake, rest = judge(d, rest, fake, training=True)
            return jnp.mean(softplus(-on_real)) + jnp.mean(softplus(on_fake)), rest

        slope, d_rest = jax.grad(judged, has_aux=True)(d)
        d, d_memory = optimizers[1].stateless_apply(d_memory, slope, d)
        z = jax.random.normal(two, (batch, sizes["latent"]))

        def played(g: Any) -> Any:
            images, rest = make(g, g_rest, z, training=True)
            return jnp.mean(softplus(-judge(d, d_rest, images, training=True)[0])), rest

        slope, g_rest = jax.grad(played, has_aux=True)(g)
        g, g_memory = optimizers[0].stateless_apply(g_memory, slope, g)
        average = [DECAY * a + (1 - DECAY) * n for a, n in zip(average, g, strict=True)]
        return [g, g_rest, g_memory, d, d_rest, d_memory], average

    return step


def build(case: str, variant: str, sizes: Sizes) -> Training:
    """The one case there is."""
    if case != "dcgan28":
        raise ValueError(f"Keras has no twin of {case}.")
    return Training(sizes)


def versions() -> dict[str, Any]:
    """What it runs on."""
    return {"keras": keras.__version__, "jax": jax.__version__}
