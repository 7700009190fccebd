"""What every encoder-decoder promises, recurrent or not."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from karpa_helpers.data.vocabulary import BOS, PAD

TARGET = np.array([[BOS, 4, 5, 6]] * 6)


def padding_company_and_width_change_nothing(model: Any, source: np.ndarray) -> None:
    call = jax.jit(model)
    logits, _ = call(source, TARGET)
    mask = source != PAD
    for other, others_mask in (
        (np.where(mask, source, 5), mask),  # other tokens at the places of PAD
        (np.pad(source, ((0, 0), (0, 9))), None),  # a wider bucket
    ):
        np.testing.assert_allclose(call(other, TARGET, others_mask)[0], logits, atol=1e-5)
    alone, _ = call(source[2:3, :4], TARGET[2:3])
    np.testing.assert_allclose(alone, logits[2:3], atol=1e-5)


def the_target_sees_its_past_only(model: Any, source: np.ndarray) -> None:
    later = TARGET.copy()
    later[:, 2:] = 4
    before, after = model(source, TARGET)[0], model(source, later)[0]
    np.testing.assert_array_equal(before[:, :2], after[:, :2])
    assert not np.allclose(before[:, 2:], after[:, 2:])


def dropout_in_training_only(model: Any, source: np.ndarray) -> None:
    np.testing.assert_array_equal(model(source, TARGET)[0], model(source, TARGET)[0])
    model.train()
    one, two = jax.random.split(jax.random.key(0))
    with_one = model(source, TARGET, key=one)[0]
    np.testing.assert_array_equal(with_one, model(source, TARGET, key=one)[0])
    assert not np.allclose(with_one, model(source, TARGET, key=two)[0])
    with pytest.raises(ValueError, match="needs a key"):
        model(source, TARGET)


def no_key_is_used_twice(
    model: Any, source: np.ndarray, monkeypatch: pytest.MonkeyPatch, draws: int
) -> None:
    """In two calls, each of which draws `draws` masks."""
    model.train()
    seen: list[bytes] = []
    drawn = jax.random.bernoulli

    def record(key: jax.Array, *args: Any, **more: Any) -> jax.Array:
        seen.append(np.asarray(jax.random.key_data(key)).tobytes())
        return drawn(key, *args, **more)

    monkeypatch.setattr(jax.random, "bernoulli", record)
    for key in jax.random.split(jax.random.key(0)):
        model(source, TARGET, key=key)
    assert len(seen) == len(set(seen)) == 2 * draws
