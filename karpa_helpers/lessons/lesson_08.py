"""What lesson 08 needs and does not teach: its game with faces, and a detector as a judge."""

from __future__ import annotations

import dataclasses
import functools
import importlib
from typing import Any

import jax
import numpy as np
import optax
from flax import nnx

from karpa_helpers.gan import losses
from karpa_helpers.gan.fitting import GameState, Graphs, Recipe, create_game_state
from karpa_helpers.lessons import lesson_08_augment as augment
from karpa_helpers.lessons import lesson_08_networks as residual
from karpa_helpers.lessons.lesson_08_reader import check_pixels

FACES = "faces"  # names of the weights that ship
LABELLED_FACES = "labelled_faces"
LATENT = 64
STEPS = 6000  # at preset cpu, and of the generator that ships
RATES = (3e-3, 6e-5)  # Adam's learning rate, at the first step and at the last
GAMMAS = (1.0, 0.1)  # the penalties' weight
LABELLED_STEPS = 8000
# With labels the rates above make the early game swing, and more detail can be asked for.
LABELLED_RATES, LABELLED_GAMMAS = (1e-3, 6e-5), (0.5, 0.02)
SHARPNESS = 2.0
PENALTY_EVERY = 4  # steps: a penalty costs more than the rest of a step
CASCADE = "haarcascade_frontalface_alt2.xml"
ENLARGED = 128  # pixels; the detector knows no face below 20
MARGIN = 32  # on each side, since a face that touches the edge is missed
SCALE = 1.05  # ratio of two window sizes that are tried
NEIGHBOURS = 3  # windows that must agree


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
) -> tuple[Graphs, GameState]:
    """Two untrained residual networks for the game, taken apart by `create_game_state`.

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
    return create_game_state(generator, discriminator, recipe)


def create_labelled_players(
    recipe: Recipe, seed: int, label_dim: int, pixels: int = 32, width: int = 24
) -> tuple[Graphs, GameState]:
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
    return create_game_state(generator, discriminator, recipe)


class DetectorMissing(ImportError):  # noqa: N818  (says what is the case)
    """There is no face detector here. The message says how to get one."""


def load_cascade() -> Any:
    """OpenCV's cascade classifier of frontal faces.

    Raises:
        DetectorMissing: OpenCV is not installed, or came without its cascades.

    References:
        Viola, Jones. Rapid object detection using a boosted cascade of simple features. CVPR 2001.
    """
    remedy = "install the course's extra `apps` (pip install -e '.[apps]') for one."
    try:
        cv2: Any = importlib.import_module("cv2")
        cascade = cv2.CascadeClassifier(cv2.data.haarcascades + CASCADE)
    except (ImportError, AttributeError) as error:
        raise DetectorMissing(f"No face detector here ({error}): {remedy}") from error
    if cascade.empty():
        raise DetectorMissing(f"OpenCV is here without {CASCADE}: {remedy}")
    return cascade


def finds_face(pixels: np.ndarray) -> np.ndarray:
    """Whether a detector finds a face in each image, at least a third as wide as the image.

    It is made for photographs, looks at grey values only, and misses many faces, most often dark
    ones in low contrast. So give the share in real images beside any other.

    Args:
        pixels: uint8 colour images (N, H, W, 3) of any size; small ones are enlarged.

    Returns:
        Shape (N,) bool.

    Raises:
        DetectorMissing: See `load_cascade`.
        ValueError: There is no image, or they are of another type or mode.
    """
    pixels, cascade = check_pixels(pixels), load_cascade()
    return np.array([_finds(cascade, image) for image in pixels])


def _finds(cascade: Any, image: np.ndarray) -> bool:
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)
    grey = cv2.copyMakeBorder(grey, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
    least = (ENLARGED // 3, ENLARGED // 3)
    return len(cascade.detectMultiScale(grey, SCALE, NEIGHBOURS, minSize=least)) > 0
