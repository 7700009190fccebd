"""Losses against loops in plain Python."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.seq2seq import losses

LOGITS = jax.random.normal(jax.random.key(0), (3, 4, 5))
TARGETS = jnp.array([[1, 2, 3, 4], [4, 2, PAD, PAD], [2, PAD, PAD, PAD]])


def by_hand(logits, targets, smoothing):
    """Cross-entropy against (1 - e) on the target plus e / V on all, over real tokens."""
    total, count = 0.0, 0
    for rows, row in zip(np.asarray(logits, float).tolist(), targets.tolist(), strict=True):
        for scores, target in zip(rows, row, strict=True):
            if target == PAD:
                continue
            normal = sum(math.exp(s) for s in scores)
            for token, s in enumerate(scores):
                wanted = smoothing / len(scores) + (1 - smoothing) * (token == target)
                total -= wanted * math.log(math.exp(s) / normal)
            count += 1
    return total / count


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_equals_a_plain_loop(smoothing: float) -> None:
    value = losses.cross_entropy(LOGITS, TARGETS, smoothing=smoothing)
    np.testing.assert_allclose(value, by_hand(LOGITS, TARGETS, smoothing), rtol=1e-5)


def test_equals_optax() -> None:
    expected = optax.softmax_cross_entropy_with_integer_labels(LOGITS, TARGETS)
    np.testing.assert_allclose(losses.token_losses(LOGITS, TARGETS), expected, rtol=1e-5)


def test_what_stands_at_padding_changes_nothing() -> None:
    mask = TARGETS != PAD
    others = jnp.where(mask, TARGETS, 3)
    logits = jnp.where(mask[..., None], LOGITS, 1e6)
    slope = jax.grad(losses.cross_entropy)
    for changed in ((LOGITS, others, mask), (logits, TARGETS, mask)):
        assert losses.cross_entropy(*changed) == losses.cross_entropy(LOGITS, TARGETS)
    np.testing.assert_array_equal(slope(LOGITS, TARGETS)[~mask], 0)
    assert np.isfinite(slope(logits, others, mask)).all()


def test_more_padding_changes_nothing() -> None:
    wider = jnp.pad(TARGETS, ((0, 2), (0, 3)))
    logits = jnp.pad(LOGITS, ((0, 2), (0, 3), (0, 0)))
    np.testing.assert_allclose(
        losses.cross_entropy(logits, wider), losses.cross_entropy(LOGITS, TARGETS), rtol=1e-6
    )


def test_a_sentence_is_the_product_of_its_tokens() -> None:
    probability = jax.nn.softmax(LOGITS)
    product = probability[1, 0, 4] * probability[1, 1, 2]
    found = losses.log_probability(LOGITS, TARGETS)
    np.testing.assert_allclose(jnp.exp(found[1]), product, rtol=1e-5)


def test_the_likeliest_is_the_argmax() -> None:
    every = jnp.broadcast_to(jnp.arange(5), (3, 4, 5))
    found = losses.has_highest_logit(jnp.repeat(LOGITS[:, :, None], 5, axis=2), every)
    np.testing.assert_array_equal(found.argmax(-1), LOGITS.argmax(-1))
    np.testing.assert_array_equal(found.sum(-1), 1)


def test_nothing_real_is_zero_and_finite() -> None:
    nothing = jnp.full((2, 3), PAD)
    value, slope = jax.value_and_grad(losses.cross_entropy)(LOGITS[:2, :3], nothing)
    assert value == 0
    assert np.isfinite(slope).all()


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="one row of logits"):
        losses.token_losses(LOGITS, TARGETS[:, 1:])
    with pytest.raises(ValueError, match="smoothing is 1"):
        losses.token_losses(LOGITS, TARGETS, 1.0)
