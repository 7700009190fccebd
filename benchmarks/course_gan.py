"""DCGAN and R3GAN steps of the course."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from benchmarks.course_training import Training, count, metrics_of, named
from benchmarks.sizes import Sizes, mixed
from karpa_helpers.data.images import to_unit
from karpa_helpers.gan import fitting, losses
from karpa_helpers.gan.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    PlainDiscriminator,
    leaky,
)
from karpa_helpers.lessons.lesson_08_networks import ResidualDiscriminator, ResidualGenerator
from karpa_helpers.nn.convolution import ConvStride2, ConvTranspose2x

GAMMA, RATE, CHECK_RATE, CHECK_STEPS = 0.3, 2e-4, 0.05, 2


class DCGANGenerator64(nnx.Module):
    """DCGAN's generator at 64 pixels: a dense layer to 4x4, then four doublings.

    Args:
        latent_dim: Length of z.
        width: Channels at 32x32.
        channels: Of the images.
        rngs: Random keys for the first weights.
    """

    def __init__(self, latent_dim: int, width: int, channels: int, *, rngs: nnx.Rngs) -> None:
        wide = 8 * width
        self.wide = wide
        self.dense = nnx.Linear(latent_dim, 16 * wide, use_bias=False, rngs=rngs)
        self.norm0 = nnx.BatchNorm(wide, momentum=0.9, rngs=rngs)
        self.up1 = ConvTranspose2x(wide, wide // 2, use_bias=False, rngs=rngs)
        self.norm1 = nnx.BatchNorm(wide // 2, momentum=0.9, rngs=rngs)
        self.up2 = ConvTranspose2x(wide // 2, wide // 4, use_bias=False, rngs=rngs)
        self.norm2 = nnx.BatchNorm(wide // 4, momentum=0.9, rngs=rngs)
        self.up3 = ConvTranspose2x(wide // 4, wide // 8, use_bias=False, rngs=rngs)
        self.norm3 = nnx.BatchNorm(wide // 8, momentum=0.9, rngs=rngs)
        self.up4 = ConvTranspose2x(wide // 8, channels, rngs=rngs)

    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps (N, latent_dim) to (N, 64, 64, channels)."""
        x = nnx.relu(self.norm0(self.dense(z).reshape(len(z), 4, 4, self.wide)))
        x = nnx.relu(self.norm1(self.up1(x)))
        x = nnx.relu(self.norm2(self.up2(x)))
        x = nnx.relu(self.norm3(self.up3(x)))
        return jnp.tanh(self.up4(x))


class DCGANDiscriminator64(nnx.Module):
    """DCGAN's discriminator at 64 pixels: four strided convolutions, then a logit.

    Args:
        width: Channels at 32x32.
        channels: Of the images.
        rngs: Random keys for the first weights.
    """

    def __init__(self, width: int, channels: int, *, rngs: nnx.Rngs) -> None:
        def down(inputs: int, outputs: int, bias: bool) -> ConvStride2:
            return ConvStride2(inputs, outputs, use_bias=bias, rngs=rngs)

        self.down1 = down(channels, width, True)
        self.down2, self.norm2 = down(width, 2 * width, False), _norm(2 * width, rngs)
        self.down3, self.norm3 = down(2 * width, 4 * width, False), _norm(4 * width, rngs)
        self.down4, self.norm4 = down(4 * width, 8 * width, False), _norm(8 * width, rngs)
        self.dense = nnx.Linear(16 * 8 * width, 1, rngs=rngs)

    def __call__(self, images: jax.Array) -> jax.Array:
        """Maps (N, 64, 64, channels) to logits (N,)."""
        x = leaky(self.down1(images))
        x = leaky(self.norm2(self.down2(x)))
        x = leaky(self.norm3(self.down3(x)))
        x = leaky(self.norm4(self.down4(x)))
        return self.dense(x.reshape(len(x), -1))[:, 0]


def _norm(features: int, rngs: nnx.Rngs) -> nnx.BatchNorm:
    return nnx.BatchNorm(features, momentum=0.9, rngs=rngs)


def networks(sizes: Sizes) -> tuple[nnx.Module, nnx.Module]:
    """Generator and discriminator of a row."""
    latent, width, channels = sizes["latent"], sizes["width"], sizes["channels"]
    first, second = nnx.Rngs(0), nnx.Rngs(1)
    if sizes["pixels"] == 28:
        plain = sizes.get("r3gan")
        groups = min(4, width)
        return DCGANGenerator(latent, width, channels, rngs=first), (
            PlainDiscriminator(width, channels, groups, rngs=second)
            if plain
            else DCGANDiscriminator(width, channels, rngs=second)
        )
    if sizes.get("r3gan"):
        size = sizes["pixels"]
        return (
            ResidualGenerator(latent, width, size, channels=channels, rngs=first),
            ResidualDiscriminator(width, size, channels=channels, rngs=second),
        )
    return (
        DCGANGenerator64(latent, width, channels, rngs=first),
        DCGANDiscriminator64(width, channels, rngs=second),
    )


def recipe(sizes: Sizes) -> fitting.Recipe:
    """DCGAN's, or R3GAN's with both penalties at every step."""
    activations = "bfloat16" if mixed(sizes) else None
    if not sizes.get("r3gan"):
        return fitting.Recipe(sizes["latent"], RATE, activations=activations)
    return fitting.Recipe(
        sizes["latent"], RATE, beta1=0.0, beta2=0.99, game=losses.RELATIVISTIC,
        penalty=losses.r1_r2, weight=GAMMA, activations=activations,
    )  # fmt: skip


def images(sizes: Sizes) -> np.ndarray:
    """Random pixels: what they show changes no time."""
    side = sizes["pixels"]
    shape = (sizes["images"], side, side, sizes["channels"])
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def training(sizes: Sizes, variant: str) -> Training:
    """The adversarial step."""
    made = recipe(sizes)
    graphs, state = fitting.create_game_state(*networks(sizes), made)
    step = fitting.adversarial_step(graphs, made)
    case = Training(step, state, images(sizes), sizes["batch"], variant)
    case.parameters = count([state[player]["params"] for player in ("generator", "discriminator")])
    return case


def write(sizes: Sizes) -> dict[str, np.ndarray]:
    """Two steps of plain gradient descent: a weight's change is its gradient."""
    made = dataclasses.replace(recipe(sizes), make_optimizer=lambda: optax.sgd(CHECK_RATE))
    graphs, state = fitting.create_game_state(*networks(sizes), made)
    # Blocks that begin as the identity would hide their insides from the comparison.
    state = _shaken(state)
    step, batch = jax.jit(fitting.adversarial_step(graphs, made)), sizes["batch"]
    found = {**_both(state, "before/")}
    metrics, latents, seen = [], [], []
    for number in range(CHECK_STEPS):
        key = jax.random.key(number)
        real = images(sizes)[number * batch : (number + 1) * batch]
        keys = jax.random.split(key, 3)  # as `adversarial_step` divides it
        drawn = [jax.random.normal(k, (batch, sizes["latent"])) for k in keys[:2]]
        latents.append(np.stack([np.asarray(z) for z in drawn]))
        seen.append(np.asarray(to_unit(real)))
        state, now = step(state, real, key)
        metrics.append(now)
    found |= {"input/latents": np.stack(latents), "input/images": np.stack(seen)}
    return {**found, **_both(state, "after/"), **metrics_of(metrics)}


def _shaken(state: Any) -> Any:
    """The state with a little noise on all parameters."""
    for number, player in enumerate(("generator", "discriminator")):
        leaves, structure = jax.tree.flatten(state[player]["params"])
        keys = jax.random.split(jax.random.key(100 + number), len(leaves))
        noisy = [
            leaf + 0.02 * jax.random.normal(key, leaf.shape)
            for key, leaf in zip(keys, leaves, strict=True)
        ]
        params = jax.tree.unflatten(structure, noisy)
        state = {**state, player: {**state[player], "params": params}}
    return state


def _both(state: Any, prefix: str) -> dict[str, np.ndarray]:
    return {
        name: array
        for player in ("generator", "discriminator")
        for name, array in named(state[player]["params"], f"{prefix}{player}.").items()
    }
