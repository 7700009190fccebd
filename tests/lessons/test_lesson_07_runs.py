"""Many runs at once are the same runs one by one, and one that breaks harms no other."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.gan import fitting, losses
from karpa_helpers.lessons import lesson_07
from karpa_helpers.lessons.lesson_07 import ring

RECIPE = fitting.Recipe(
    2, 1e-2, game=losses.RELATIVISTIC, penalty=losses.r1_r2, weight=0.1, critic_steps=2
)
SEEDS = (3, 4, 5)


class Score(nnx.Module):
    """A discriminator: a hidden layer, then one number."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.hidden, self.out = nnx.Linear(2, 8, rngs=rngs), nnx.Linear(8, 1, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.out(nnx.relu(self.hidden(x)))[:, 0]


def pair(seed):
    return nnx.Linear(2, 2, rngs=nnx.Rngs(seed)), Score(nnx.Rngs(100 + seed))


def leaves(tree):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


def test_each_run_is_the_run_alone():
    graphs, state = lesson_07.create_states(pair, SEEDS, RECIPE)
    step = jax.jit(lesson_07.many_step(graphs, RECIPE, [ring().draw], 4))
    key = jax.random.key(1)
    together, metrics = step(state, lesson_07.NO_DATA, key)
    found = []
    for seed, own in zip(SEEDS, jax.random.split(key, 3), strict=True):
        alone_graphs, alone = fitting.create_game_state(*pair(seed), RECIPE)
        key_real, key_step = jax.random.split(own)
        single = jax.jit(fitting.adversarial_step(alone_graphs, RECIPE))
        found.append(single(alone, ring().draw(key_real, 8), key_step))
    for i, (alone, _) in enumerate(found):
        for one, other in zip(leaves(together["runs"]), leaves(alone), strict=True):
            np.testing.assert_allclose(one[i], other, rtol=1e-4, atol=1e-6)
    for name, mean in metrics.items():
        assert mean == pytest.approx(np.mean([m[name] for _, m in found]), rel=1e-4)


def test_equal_networks_see_different_points():
    graphs, state = lesson_07.create_states(lambda seed: pair(0), SEEDS, RECIPE)
    step = jax.jit(lesson_07.many_step(graphs, RECIPE, [ring().draw], 4))
    after = step(state, lesson_07.NO_DATA, jax.random.key(1))[0]["runs"]["discriminator"]["params"]
    kernel = leaves(after)[1]
    assert np.abs(kernel[0] - kernel[1]).max() > 1e-4
    assert np.abs(kernel[1] - kernel[2]).max() > 1e-4


def test_a_run_that_diverges_stops_alone():
    graphs, state = lesson_07.create_states(pair, SEEDS, RECIPE)
    broken = jax.tree.map(lambda x: x, state)
    params = broken["runs"]["generator"]["params"]
    # A weight so large that the next loss overflows in run 1.
    broken["runs"]["generator"]["params"] = jax.tree.map(lambda x: x.at[1].set(3e38), params)
    step = lesson_07.many_step(graphs, RECIPE, [ring().draw], 4)
    settings = {"batch_size": 1, "steps": 3, "show": False}
    result = training.fit(step, broken, lesson_07.NO_DATA, **settings)
    assert result.state["alive"].tolist() == [True, False, True]
    healthy = training.fit(step, state, lesson_07.NO_DATA, **settings)
    for one, other, first in zip(
        leaves(result.state["runs"]),
        leaves(healthy.state["runs"]),
        leaves(broken["runs"]),
        strict=True,
    ):
        np.testing.assert_allclose(one[[0, 2]], other[[0, 2]], rtol=1e-5, atol=1e-7)
        np.testing.assert_array_equal(one[1], first[1])
    assert np.isfinite(result.curve["d_loss"]).all()


def test_samples_come_from_each_runs_average():
    graphs, state = lesson_07.create_states(pair, SEEDS, RECIPE)
    key = jax.random.key(9)
    found = lesson_07.sample_runs(graphs, state, key, 6, 2)
    assert found.shape == (3, 6, 2)
    z = jax.random.normal(jax.random.split(key, 3)[2], (6, 2))
    np.testing.assert_allclose(found[2], pair(5)[0](z), rtol=1e-5, atol=1e-6)


def test_runs_are_divided_among_distributions():
    seen = {}

    def noted(name, value):
        def draw(key, count):
            seen[name] = count
            return jnp.full((count, 2), value)

        return draw

    graphs, state = lesson_07.create_states(pair, (3, 4, 3, 4), RECIPE)
    step = lesson_07.many_step(graphs, RECIPE, [noted("low", -1.0), noted("high", 5.0)], 4)
    new, _ = jax.jit(step)(state, lesson_07.NO_DATA, jax.random.key(1))
    assert seen == {"low": 8, "high": 8}  # two steps of the discriminator
    # With one constant alone, the first two runs are as they were, or the last two.
    for value, chosen in ((-1.0, slice(0, 2)), (5.0, slice(2, 4))):
        only = lesson_07.many_step(graphs, RECIPE, [noted("only", value)], 4)
        alone, _ = jax.jit(only)(state, lesson_07.NO_DATA, jax.random.key(1))
        for one, other in zip(leaves(new["runs"]), leaves(alone["runs"]), strict=True):
            np.testing.assert_allclose(one[chosen], other[chosen], rtol=1e-4, atol=1e-6)
    three = lesson_07.create_states(pair, SEEDS, RECIPE)[1]
    with pytest.raises(ValueError, match="3 runs cannot be divided among 2"):
        step(three, lesson_07.NO_DATA, jax.random.key(1))


def test_no_seed_is_an_error():
    with pytest.raises(ValueError, match="no seed"):
        lesson_07.create_states(pair, (), RECIPE)
