"""DCGAN and R3GAN steps in PyTorch: the course's arithmetic, in PyTorch's own layout and layers."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks import twin_torch_weights as weights
from benchmarks.sizes import Sizes, mixed
from benchmarks.twin_torch_precision import autocast

GAMMA, RATE, CHECK_RATE, DECAY = 0.3, 2e-4, 0.05, 0.99
EPSILON = 1e-6  # Flax's, in group normalisation


def leaky(x: torch.Tensor) -> torch.Tensor:
    """Leaky ReLU with slope 0.2."""
    return functional.leaky_relu(x, 0.2)


def up(inputs: int, outputs: int, bias: bool = True) -> nn.ConvTranspose2d:
    """Doubles height and width."""
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)


def down(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    """Halves height and width."""
    return nn.Conv2d(inputs, outputs, 4, 2, 1, bias=bias)


def to_image(latent: int, shape: tuple[int, int, int], bias: bool) -> nn.Linear:
    """A dense layer whose outputs are an image (C, H, W)."""
    layer = nn.Linear(latent, shape[0] * shape[1] * shape[2], bias=bias)
    layer.image_out = shape
    return layer


def to_logit(shape: tuple[int, int, int]) -> nn.Linear:
    """A dense layer that reads an image (C, H, W)."""
    layer = nn.Linear(shape[0] * shape[1] * shape[2], 1)
    layer.image_in = shape
    return layer


class Generator(nn.Module):
    """DCGAN's generator, at 28 pixels from 7x7, at 64 from 4x4."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        small = sizes["pixels"] == 28
        width, doublings = sizes["width"], 2 if small else 4
        wide = width * 2 ** (doublings - 1)
        self.first = (wide, 7, 7) if small else (wide, 4, 4)
        self.dense = to_image(sizes["latent"], self.first, bias=False)
        self.doublings, offset = doublings, 1 if small else 0
        for number in range(doublings):
            last = number == doublings - 1
            narrow = sizes["channels"] if last else wide // 2
            self.add_module(f"norm{number + offset}", nn.BatchNorm2d(wide))
            self.add_module(f"up{number + 1}", up(wide, narrow, bias=last))
            wide = narrow
        self.offset = offset

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Maps (N, latent) to images (N, C, H, W)."""
        x = self.dense(z).unflatten(1, self.first)
        for number in range(self.doublings):
            norm = getattr(self, f"norm{number + self.offset}")
            x = getattr(self, f"up{number + 1}")(functional.relu(norm(x)))
        return torch.tanh(x)


class Discriminator28(nn.Module):
    """DCGAN's discriminator at 28 pixels; with `groups` the one for penalties."""

    def __init__(self, sizes: Sizes, groups: int = 0) -> None:
        super().__init__()
        width = sizes["width"]
        self.down1 = down(sizes["channels"], width)
        self.down2 = down(width, 2 * width, bias=bool(groups))
        if groups:
            self.norm = nn.GroupNorm(groups, 2 * width, eps=EPSILON)
        else:
            self.norm = nn.BatchNorm2d(2 * width)
        self.dense = to_logit((2 * width, 7, 7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps images (N, C, 28, 28) to logits (N,)."""
        x = leaky(self.down1(x))
        x = leaky(self.norm(self.down2(x)))
        return self.dense(x.flatten(1))[:, 0]


class Discriminator64(nn.Module):
    """DCGAN's discriminator at 64 pixels."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes["width"]
        self.down1 = down(sizes["channels"], width)
        for number in (2, 3, 4):
            self.add_module(f"down{number}", down(width, 2 * width, bias=False))
            self.add_module(f"norm{number}", nn.BatchNorm2d(2 * width))
            width = 2 * width
        self.dense = to_logit((width, 4, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps images (N, C, 64, 64) to logits (N,)."""
        x = leaky(self.down1(x))
        for number in (2, 3, 4):
            x = getattr(self, f"norm{number}")(getattr(self, f"down{number}")(x))
            x = leaky(x)
        return self.dense(x.flatten(1))[:, 0]


class Block(nn.Module):
    """x + f(x), as the course's `ResidualBlock`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(channels // 2, 1)
        self.first = nn.Conv2d(channels, inner, 1)
        self.middle = nn.Conv2d(inner, inner, 3, padding=1)
        self.last = nn.Conv2d(inner, channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (N, C, H, W) to the same shape."""
        return x + self.last(leaky(self.middle(leaky(self.first(x)))))


class Stage(nn.Module):
    """Residual blocks, and a doubling behind or a halving in front."""

    def __init__(self, inputs: int, outputs: int, upwards: bool) -> None:
        super().__init__()
        self.upwards = upwards
        self.blocks = nn.ModuleList([Block(inputs if upwards else outputs)])
        if upwards:
            self.up = up(inputs, outputs)
        else:
            self.down = down(inputs, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (N, inputs, H, W) to (N, outputs, 2H, 2W) or (N, outputs, H / 2, W / 2)."""
        if self.upwards:
            return self.up(functional.relu(self.blocks[0](x)))
        return leaky(self.blocks[0](self.down(x)))


def stage_widths(sizes: Sizes) -> list[int]:
    """Channels of each stage, from the largest images down."""
    stages = (sizes["pixels"] // 4).bit_length() - 1
    return [sizes["width"] * min(2**stage, 8) for stage in range(stages)]


class ResidualGenerator(nn.Module):
    """The course's `ResidualGenerator`."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        widths = stage_widths(sizes)[::-1]
        self.first = (widths[0], 4, 4)
        self.dense = to_image(sizes["latent"], self.first, bias=True)
        self.dense.bias_image = self.first
        pairs = zip(widths, [*widths[1:], sizes["channels"]], strict=True)
        self.stages = nn.ModuleList([Stage(wide, narrow, True) for wide, narrow in pairs])

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Maps (N, latent) to images (N, C, H, W)."""
        x = self.dense(z).unflatten(1, self.first)
        for stage in self.stages:
            x = stage(x)
        return torch.tanh(x)


class ResidualDiscriminator(nn.Module):
    """The course's `ResidualDiscriminator`."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        widths = stage_widths(sizes)
        pairs = zip([sizes["channels"], *widths[:-1]], widths, strict=True)
        self.stages = nn.ModuleList([Stage(narrow, wide, False) for narrow, wide in pairs])
        self.dense = to_logit((widths[-1], 4, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps images (N, C, H, W) to logits (N,)."""
        for stage in self.stages:
            x = stage(x)
        return self.dense(x.flatten(1))[:, 0]


def networks(sizes: Sizes) -> nn.ModuleDict:
    """Both players of a row."""
    if sizes.get("r3gan") and sizes["pixels"] != 28:
        players = ResidualGenerator(sizes), ResidualDiscriminator(sizes)
    elif sizes["pixels"] == 28:
        groups = min(4, sizes["width"]) if sizes.get("r3gan") else 0
        players = Generator(sizes), Discriminator28(sizes, groups)
    else:
        players = Generator(sizes), Discriminator64(sizes)
    return nn.ModuleDict(dict(zip(("generator", "discriminator"), players, strict=True)))


class Training:
    """The adversarial step, batches and latents drawn on the device.

    Args:
        sizes: Of the row.
        compiled: Whether `torch.compile` compiles the networks. It cannot differentiate twice, so
            the penalised pass through R3GAN's discriminator stays eager.
        rate: Of plain gradient descent, for the check; None is Adam.
    """

    def __init__(self, sizes: Sizes, compiled: bool, rate: float | None = None) -> None:
        self.sizes, self.penalised = sizes, bool(sizes.get("r3gan"))
        self.players = networks(sizes)
        self.parameters = weights.count(self.players)
        order = torch.channels_last if sizes.get("channels_last") else torch.contiguous_format
        self.players.to(memory_format=order)
        self.generator, self.discriminator = self.players.values()
        self.optimizers = [self._optimizer(player, rate) for player in self.players.values()]
        followed = [*self.generator.parameters(), *self.generator.buffers()]
        self.followed = [t for t in followed if t.is_floating_point()]
        self.average = [t.detach().clone() for t in self.followed]
        self.generate, self.judge = self.generator, self.discriminator
        self.note = ""
        if compiled:
            self.generate, self.judge = torch.compile(self.generator), torch.compile(self.judge)
            self.note = "the penalised pass is eager" if self.penalised else ""
        side = sizes["pixels"]
        shape = (sizes["images"], sizes["channels"], side, side)
        self.images = torch.randint(0, 256, shape, dtype=torch.uint8).to(memory_format=order)
        self.order, self.number = torch.randperm(sizes["images"]), 0

    def _optimizer(self, player: nn.Module, rate: float | None) -> torch.optim.Optimizer:
        if rate is not None:
            return torch.optim.SGD(player.parameters(), rate)
        betas = (0.0, 0.99) if self.penalised else (0.5, 0.999)
        return torch.optim.Adam(player.parameters(), RATE, betas, fused=True)

    def run(self, calls: int) -> None:
        """So many steps, waited for."""
        batch, batches = self.sizes["batch"], self.sizes["images"] // self.sizes["batch"]
        for _ in range(calls):
            place = self.number % batches
            if place == 0:
                self.order = torch.randperm(self.sizes["images"])
            chosen = self.order[place * batch : (place + 1) * batch]
            real = self.images[chosen].float() / 127.5 - 1.0
            latents = [torch.randn(batch, self.sizes["latent"]) for _ in range(2)]
            self.step(real, *latents)
            self.number += 1
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    def step(self, real: torch.Tensor, z_judged: torch.Tensor, z_played: torch.Tensor) -> dict:
        """The discriminator learns, then the generator, then the average follows."""
        on_generator, on_discriminator = self.optimizers
        with torch.no_grad(), autocast(self.sizes):
            fake = self.generate(z_judged).float()
        loss, penalty = self._judge(real, fake)
        on_discriminator.zero_grad(set_to_none=True)
        (loss + GAMMA * penalty if self.penalised else loss).backward()
        on_discriminator.step()
        self.discriminator.requires_grad_(False)
        played = self._play(real, z_played)
        on_generator.zero_grad(set_to_none=True)
        played.backward()
        on_generator.step()
        self.discriminator.requires_grad_(True)
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.followed, 1 - DECAY)
        found = {"d_loss": loss.detach(), "g_loss": played.detach()}
        return {**found, "penalty": penalty.detach()} if self.penalised else found

    def _judge(self, real: torch.Tensor, fake: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The discriminator's loss, and half its squared slopes, which are always float32."""
        softplus = functional.softplus
        if not self.penalised:
            with autocast(self.sizes):
                on_real, on_fake = self.judge(real).float(), self.judge(fake).float()
            return softplus(-on_real).mean() + softplus(on_fake).mean(), torch.zeros(())
        real, fake = real.requires_grad_(), fake.requires_grad_()
        on_real, on_fake = self.discriminator(real), self.discriminator(fake)
        penalty = sum(
            0.5 * torch.autograd.grad(logits.sum(), images, create_graph=True)[0]
            .square().flatten(1).sum(1).mean()
            for logits, images in ((on_real, real), (on_fake, fake))
        )  # fmt: skip
        if mixed(self.sizes):  # the loss has its own pass, as the course's
            with autocast(self.sizes):
                on_real, on_fake = (self.judge(x.detach()).float() for x in (real, fake))
        return softplus(on_fake - on_real).mean(), penalty

    def _play(self, real: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """The generator's loss."""
        with autocast(self.sizes):
            on_fake = self.judge(self.generate(z)).float()
        if not self.penalised:
            return functional.softplus(-on_fake).mean()
        with torch.no_grad(), autocast(self.sizes):
            on_real = self.judge(real.detach()).float()
        return functional.softplus(on_real - on_fake).mean()


def check(sizes: Sizes, found: dict[str, np.ndarray]) -> dict[str, float]:
    """Largest differences of losses (relative) and of weights after some steps."""
    case = Training(sizes, False, CHECK_RATE)
    arrays = {name: _bias_in_order(case, name, array) for name, array in found.items()}
    weights.load(case.players, arrays, "before/")
    steps = []
    images = np.ascontiguousarray(found["input/images"].transpose(0, 1, 4, 2, 3))
    for real, latents in zip(images, found["input/latents"], strict=True):
        steps.append(case.step(*(torch.as_tensor(x) for x in (real, *latents))))
    worst = {"weights": weights.difference(case.players, arrays, "after/")}
    for name in steps[0]:
        mine, theirs = np.asarray([float(s[name]) for s in steps]), found[f"metric/{name}"]
        worst[name] = float(np.max(np.abs(mine - theirs) / np.maximum(np.abs(theirs), 1e-3)))
    return {**worst, "parameters": float(case.parameters)}


def _bias_in_order(case: Training, name: str, array: np.ndarray) -> np.ndarray:
    """The bias of a layer that makes an image, channels first."""
    shape = getattr(case.generator.dense, "bias_image", None)
    if shape is None or not name.endswith("generator.dense.bias"):
        return array
    channels, height, width = shape
    return array.reshape(height, width, channels).transpose(2, 0, 1).reshape(-1)
