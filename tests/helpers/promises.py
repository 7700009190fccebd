"""What every encoder-decoder promises, recurrent or not."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
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


def rows_of_one_source_share_its_memory(model: Any, state: Any, memory: Any) -> None:
    """Three beginnings of each source: as if each had a memory of its own."""

    def repeated(tree: Any) -> Any:
        return jax.tree.map(lambda leaf: jnp.repeat(leaf, 3, axis=0), tree)

    shared, alone = repeated(state), repeated(state)
    rows = len(jax.tree.leaves(shared)[0])
    for token in (np.arange(rows) % 3 + 4, np.arange(rows) % 2 + 4):
        shared, *found = model.step(shared, token, memory)
        alone, *expected = model.step(alone, token, repeated(memory))
        for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
    logits = found[0].reshape(-1, 3, found[0].shape[-1])
    assert np.ptp(logits, axis=1).max() > 1e-3  # a source's rows differ
    assert np.ptp(logits, axis=0).max() > 1e-3


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
