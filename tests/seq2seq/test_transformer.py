"""The Transformer in the place of `Seq2Seq`: the same promises, by the same decoders."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import promises
import pytest
from flax import nnx
from promises import TARGET
from toys import SIZE

from karpa_helpers import training
from karpa_helpers.data.vocabulary import BOS, EOS, PAD
from karpa_helpers.nn.transformer import count_parameters
from karpa_helpers.seq2seq import decoding, fitting, transformer
from karpa_helpers.seq2seq.transformer import Transformer


def network(seed: int = 0, scale: float = 1.5, **settings: Any) -> Transformer:
    settings = {"longest": 6, **settings}
    model = Transformer(SIZE, SIZE, 8, 2, 2, rngs=nnx.Rngs(seed), **settings)
    nnx.update(model, jax.tree.map(lambda x: scale * x, nnx.state(model, nnx.Param)))
    model.eval()
    return model


def state_of(model: Transformer) -> Any:
    return training.create_state(model, optax.sgd(0.1))


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "none"])
def test_cached_steps_equal_teacher_forcing(positions: Any, source: np.ndarray) -> None:
    model = network(positions=positions)
    logits, weights = model(source, TARGET)
    assert np.ptp(logits, axis=1).max() > 0.1  # places differ: the comparison means something
    state, memory = model.encode(source)
    step = jax.jit(model.step)
    for t in range(TARGET.shape[1]):
        state, now, looked = step(state, TARGET[:, t], memory)
        np.testing.assert_allclose(now, logits[:, t], atol=1e-5)
        np.testing.assert_allclose(looked, weights[:, t], atol=1e-5)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(weights)[(source == PAD)[:, None].repeat(4, 1)], 0)
    every = jax.tree.leaves((state, memory))
    assert {leaf.shape[0] for leaf in every} == {len(source)}


def test_padding_company_and_width_change_nothing(source: np.ndarray) -> None:
    promises.padding_company_and_width_change_nothing(network(), source)


def test_rows_of_one_source_share_its_memory(source: np.ndarray) -> None:
    model = network()
    promises.rows_of_one_source_share_its_memory(model, *model.encode(source))


def test_source_tokens_count_in_their_order(source: np.ndarray) -> None:
    turned = source[4:5, [4, 3, 2, 1, 0, 5]]
    assert not np.allclose(network()(turned, TARGET[:1])[0], network()(source[4:5], TARGET[:1])[0])
    bag = network(positions="none")
    same = bag(turned, TARGET[:1])[0]
    np.testing.assert_allclose(same, bag(source[4:5], TARGET[:1])[0], atol=1e-5)


def test_the_target_sees_its_past_only(source: np.ndarray) -> None:
    promises.the_target_sees_its_past_only(network(), source)


def test_every_head_s_weights_are_there(source: np.ndarray) -> None:
    model = network()
    heads = model.heads(source, TARGET)
    assert [layer.shape for layer in heads] == [(6, 2, 4, 6)] * 2
    np.testing.assert_allclose(heads[-1].mean(axis=1), model(source, TARGET)[1], atol=1e-6)


def test_dropout_in_training_only(source: np.ndarray) -> None:
    promises.dropout_in_training_only(network(dropout=0.5), source)


def test_no_key_is_used_twice(source: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two embeddings; in each of two layers 3 places of the encoder and 5 of the decoder.
    draws = 2 + 2 * 3 + 2 * 5
    promises.no_key_is_used_twice(network(dropout=0.5), source, monkeypatch, draws)


def test_beam_of_one_is_greedy_and_a_full_beam_is_exhaustive(source: np.ndarray) -> None:
    length = 3
    graph, state = state_of(network(seed=3, scale=2.0))
    greedy = decoding.greedy(graph, state, source, length)
    narrow = decoding.beam(graph, state, source, length, width=1, alpha=0.0)
    np.testing.assert_array_equal(greedy.tokens, narrow.tokens[:, 0])
    np.testing.assert_allclose(greedy.log_probability, narrow.log_probability[:, 0], atol=1e-5)

    model = training.merge(graph, state)
    letters = [k for k in range(SIZE) if k not in (PAD, BOS, EOS)]
    every = [[*w, EOS] for n in range(length) for w in itertools.product(letters, repeat=n)]
    rows = np.array([row + [PAD] * (length - len(row)) for row in every])
    wide = decoding.beam(graph, state, source[:2], length, width=120, alpha=0.0)
    for n in range(2):
        given = np.insert(rows[:, :-1], 0, BOS, axis=1)
        logits, _ = model(np.repeat(source[n : n + 1], len(rows), axis=0), given)
        p = jax.nn.log_softmax(logits)
        scores = np.array(
            [sum(p[i, t, k] for t, k in enumerate(row)) for i, row in enumerate(every)]
        )
        best = int(scores.argmax())
        assert wide.tokens[n, 0].tolist() == rows[best].tolist()
        np.testing.assert_allclose(wide.log_probability[n, 0], scores[best], atol=1e-4)


def test_a_full_cache_can_only_end(source: np.ndarray) -> None:
    model = network(longest=2)
    model.target_embedding.embedding[...] = model.target_embedding.embedding[...].at[EOS].set(0)
    graph, state = state_of(model)
    written = np.asarray(decoding.greedy(graph, state, source, 6).tokens)
    assert (written[:, 3:] == PAD).all()
    assert (written == EOS).any(axis=1).all()
    with pytest.raises(ValueError, match="longest=2"):
        model(source, TARGET)


def test_it_learns_to_copy() -> None:
    generator = np.random.default_rng(0)
    rows = generator.integers(4, SIZE, (200, 3))
    data = {
        "source": np.pad(rows, ((0, 0), (0, 1)), constant_values=EOS).astype(np.int32),
        "target": np.pad(np.pad(rows, ((0, 0), (0, 1)), constant_values=EOS), ((0, 0), (1, 0)),
                         constant_values=BOS).astype(np.int32),
    }  # fmt: skip
    model = Transformer(SIZE, SIZE, 16, 2, 1, longest=5, dropout=0.1, rngs=nnx.Rngs(0))
    optimizer = optax.adam(1e-2)
    graph, state = training.create_state(model, optimizer)
    step = training.gradient_step(graph, optimizer, fitting.pair_loss(smoothing=0.05))
    run = training.fit(step, state, data, batch_size=50, steps=120, show=False)
    first, second = (fitting.evaluate_pairs(graph, run.state, data) for _ in range(2))
    assert first == second
    assert first.accuracy > 0.95
    written = np.asarray(decoding.greedy(graph, run.state, data["source"], 4).tokens)
    assert (written == data["target"][:, 1:]).all(axis=1).mean() > 0.9


def test_equal_parameters() -> None:
    model = Transformer(30, 40, 24, 4, 3, rngs=nnx.Rngs(0))
    assert count_parameters(model) == transformer.transformer_parameters(30, 40, 24, 3)
    width = transformer.width_for(100_000, 300, 400, 2, 4)
    assert transformer.transformer_parameters(300, 400, width, 2) <= 100_000
    assert transformer.transformer_parameters(300, 400, width + 8, 2) > 100_000
    with pytest.raises(ValueError, match="smallest such model"):
        transformer.width_for(1000, 300, 400)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"longest": 0}, "longest is 0"), ({"positions": "rotary"}, "kind is 'rotary'")],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Transformer(SIZE, SIZE, 8, 2, 2, rngs=nnx.Rngs(0), **settings)


def test_learned_positions_are_counted(source: np.ndarray) -> None:
    with pytest.raises(ValueError, match="only 4 positions"):
        network(positions="learned", longest=4).encode(jnp.array(source))
