"""A DCGAN step in Keras 3 on JAX, from Keras' own layers; its loop is compiled by `jax.jit`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import layers

from benchmarks.sizes import Sizes

RATE, CHECK_RATE, DECAY = 2e-4, 0.05, 0.99


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
        rate: Of plain gradient descent, for the check; None is Adam.
    """

    def __init__(self, sizes: Sizes, rate: float | None = None) -> None:
        players = self.players = generator(sizes), discriminator(sizes)
        optimizers = [
            keras.optimizers.Adam(RATE, 0.5, 0.999, epsilon=1e-8)
            if rate is None
            else keras.optimizers.SGD(rate)
            for _ in players
        ]
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
        self.key, self.one = jax.random.key(0), make_step(players, optimizers)
        batch, latent = sizes["batch"], sizes["latent"]

        def drawn(state: Any, images: jax.Array, key: jax.Array) -> Any:
            choose, *keys = jax.random.split(key, 3)
            real = images[jax.random.choice(choose, len(images), (batch,))]
            latents = [jax.random.normal(key, (batch, latent)) for key in keys]
            return self.one(state, real.astype("float32") / 127.5 - 1, *latents)[0]

        self.step = jax.jit(drawn, donate_argnums=0)

    def run(self, calls: int) -> None:
        """So many steps, waited for."""
        for _ in range(calls):
            self.key, now = jax.random.split(self.key)
            self.state = self.step(self.state, self.images, now)
        jax.block_until_ready(self.state)


def make_step(players: Any, optimizers: Any) -> Any:
    """step(state, real, z_judged, z_played) -> (state, losses)."""
    make, judge = (player.stateless_call for player in players)
    softplus = jax.nn.softplus

    def step(state: Any, real: jax.Array, z_judged: jax.Array, z_played: jax.Array) -> Any:
        (g, g_rest, g_memory, d, d_rest, d_memory), average = state
        fake, _ = make(g, g_rest, z_judged, training=True)

        def judged(d: Any) -> Any:
            on_real, rest = judge(d, d_rest, real, training=True)
            on_fake, rest = judge(d, rest, fake, training=True)
            return jnp.mean(softplus(-on_real)) + jnp.mean(softplus(on_fake)), rest

        (d_loss, d_rest), slope = jax.value_and_grad(judged, has_aux=True)(d)
        d, d_memory = optimizers[1].stateless_apply(d_memory, slope, d)

        def played(g: Any) -> Any:
            images, rest = make(g, g_rest, z_played, training=True)
            return jnp.mean(softplus(-judge(d, d_rest, images, training=True)[0])), rest

        (g_loss, g_rest), slope = jax.value_and_grad(played, has_aux=True)(g)
        g, g_memory = optimizers[0].stateless_apply(g_memory, slope, g)
        average = [DECAY * a + (1 - DECAY) * n for a, n in zip(average, g, strict=True)]
        losses = {"d_loss": d_loss, "g_loss": g_loss}
        return ([g, g_rest, g_memory, d, d_rest, d_memory], average), losses

    return step


def weights(found: dict[str, np.ndarray], when: str) -> tuple[list[Any], list[Any]]:
    """The course's weights in Keras' order: of the generator and of the discriminator."""
    names = (
        "dense.kernel norm1.scale norm1.bias up1.kernel norm2.scale norm2.bias up2.kernel up2.bias",
        "down1.kernel down1.bias down2.kernel norm.scale norm.bias dense.kernel dense.bias",
    )
    players = ("generator", "discriminator")
    arrays = [
        [found[f"{when}/{player}.{name}"] for name in listed.split()]
        for player, listed in zip(players, names, strict=True)
    ]
    # Keras keeps the kernel of the way back: turned, inputs and outputs changed.
    for place in (3, 6):
        arrays[0][place] = arrays[0][place][::-1, ::-1].swapaxes(2, 3)
    return arrays[0], arrays[1]


def check(case: str, sizes: Sizes, file: str) -> dict[str, float]:
    """The largest differences of losses (relative) and of weights after some steps."""
    with np.load(file) as loaded:
        found = dict(loaded)
    made = build(case, "", sizes, CHECK_RATE)
    g, d = ([jnp.asarray(x) for x in player] for player in weights(found, "before"))
    values, average = made.state
    state = ([g, *values[1:3], d, *values[4:]], average)
    step, losses = jax.jit(made.one), []
    for real, latents in zip(found["input/images"], found["input/latents"], strict=True):
        state, now = step(state, real, *latents)
        losses.append(now)
    ours = zip((state[0][0], state[0][3]), weights(found, "after"), strict=True)
    pairs = [pair for player in ours for pair in zip(*player, strict=True)]
    worst = {"weights": max(float(np.abs(a - b).max()) for a, b in pairs)}
    for name in losses[0]:
        mine, theirs = np.asarray([float(x[name]) for x in losses]), found[f"metric/{name}"]
        worst[name] = float(np.max(np.abs(mine / theirs - 1)))
    return {**worst, "parameters": float(made.parameters)}


def build(case: str, variant: str, sizes: Sizes, rate: float | None = None) -> Training:
    """The one case there is."""
    if case != "dcgan28":
        raise ValueError(f"Keras has no twin of {case}.")
    return Training(sizes, rate)


def versions() -> dict[str, Any]:
    """What it runs on."""
    return {"keras": keras.__version__, "jax": jax.__version__}
