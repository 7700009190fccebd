"""The adversarial step against a slow one written by hand; runs that are killed and resumed."""

from __future__ import annotations

import functools
import multiprocessing
import signal
import sys

import jax
import jax.numpy as jnp
import killable
import numpy as np
import optax
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.gan import fitting, losses

KEY = jax.random.key(11)


@functools.cache
def made():
    graphs, state = fitting.create_game_state(*killable.networks(), killable.RECIPE)
    return graphs, state, jax.jit(fitting.adversarial_step(graphs, killable.RECIPE))


def changed(before, after) -> bool:
    pairs = zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
    return any((np.asarray(a) != np.asarray(b)).any() for a, b in pairs)


def assert_close(one, other, tolerance=2e-5):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=tolerance)


class PlainDescent(fitting.Recipe):
    """Gradient descent: Adam's first step would hide the size of a gradient."""

    def optimizer(self):
        return optax.sgd(0.5)


def by_hand(batch, key, recipe):
    """One step with live modules and `nnx.grad`: D first, then G against the new D."""
    G, D = killable.networks()
    G.train()
    D.train()
    real = jnp.asarray(batch, jnp.float32) / 127.5 - 1
    key_d, key_g = jax.random.split(key)
    z_d, z_g = (jax.random.normal(k, (len(batch), recipe.latent_dim)) for k in (key_d, key_g))
    fake = nnx.clone(G)(z_d)  # a copy: this call leaves no trace in G

    def d_loss(D):
        return losses.discriminator_loss(D(real), D(fake))

    def g_loss(G):
        return losses.non_saturating_loss(nnx.clone(D)(G(z_g)))

    found = {}
    for name, model, loss in (("d_loss", D, d_loss), ("g_loss", G, g_loss)):
        params = nnx.state(model, nnx.Param)
        found[name], slope = nnx.value_and_grad(loss)(model)
        nnx.update(model, jax.tree.map(lambda p, s: p - 0.5 * s, params, slope))
    return G, D, found


def test_step_equals_the_one_by_hand():
    recipe = PlainDescent(latent_dim=3)
    graphs, state = fitting.create_game_state(*killable.networks(), recipe)
    batch = killable.pixels()[:8]
    new, metrics = jax.jit(fitting.adversarial_step(graphs, recipe))(state, batch, KEY)
    G, D, found = by_hand(batch, KEY, recipe)
    for player, model in (("generator", G), ("discriminator", D)):
        assert changed(new[player]["params"], state[player]["params"])
        assert_close(new[player]["params"], nnx.state(model, nnx.Param))
        assert_close(new[player]["rest"], nnx.state(model, nnx.BatchStat))
    for name, value in found.items():
        np.testing.assert_allclose(metrics[name], value, rtol=1e-4)


def test_the_generators_loss_does_not_teach_the_discriminator():
    # The discriminator's step must not depend on what the generator minimises.
    graphs, state, step = made()
    opposite = fitting.Recipe(latent_dim=3, learning_rate=1e-2, game=game(generator=-1))
    other = jax.jit(fitting.adversarial_step(graphs, opposite))
    batch = killable.pixels()[:8]
    one, two = step(state, batch, KEY)[0], other(state, batch, KEY)[0]
    assert_close(one["discriminator"], two["discriminator"], tolerance=1e-7)
    assert changed(one["generator"]["params"], two["generator"]["params"])


def game(discriminator: float = 1, generator: float = 1) -> losses.Game:
    """The non-saturating game with each player's loss times a factor."""
    return losses.Game(
        "scaled",
        lambda real, fake: discriminator * losses.discriminator_loss(real, fake),
        lambda real, fake: generator * losses.non_saturating_loss(fake),
    )


@pytest.mark.parametrize(
    ("still", "moved", "factors"),
    [("discriminator", "generator", (0, 1)), ("generator", "discriminator", (1, 0))],
)
def test_neither_players_loss_moves_the_other(still, moved, factors):
    graphs, state, _ = made()
    # One player's loss made constant: that player must stand still, the other not.
    recipe = fitting.Recipe(latent_dim=3, learning_rate=1e-2, game=game(*factors))
    new = jax.jit(fitting.adversarial_step(graphs, recipe))(state, killable.pixels()[:8], KEY)[0]
    assert not changed(new[still]["params"], state[still]["params"])
    assert changed(new[moved]["params"], state[moved]["params"])


class Echo(nnx.Module):
    """Gives its input back, times a weight: what the networks are fed becomes visible."""

    def __init__(self) -> None:
        self.weight = nnx.Param(jnp.ones(()))

    def __call__(self, x: jax.Array) -> jax.Array:
        return x * self.weight[...]


def drawn_latents(monkeypatch, keys):
    """The latent vectors that the two players are fed in steps with the given keys."""
    graphs, state = fitting.create_game_state(Echo(), Echo(), killable.RECIPE)
    step, seen = fitting.adversarial_step(graphs, killable.RECIPE), []
    normal = jax.random.normal

    def noted(*arguments, **options):
        seen.append(np.asarray(normal(*arguments, **options)))
        return seen[-1]

    monkeypatch.setattr(jax.random, "normal", noted)
    for key in keys:
        step(state, np.full((8, 3), 128, np.uint8), key)
    return seen


def test_every_draw_is_another_one(monkeypatch):
    drawn = drawn_latents(monkeypatch, [jax.random.fold_in(KEY, i) for i in range(3)])
    assert len(drawn) == 6  # one for each player at each step
    assert {z.shape for z in drawn} == {(8, 3)}
    assert len({z.tobytes() for z in drawn}) == 6
    rows = np.concatenate(drawn)
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_the_recipes_optimizer_is_dcgans_adam():
    recipe = fitting.Recipe(learning_rate=0.3)
    found, adam = recipe.optimizer(), optax.adam(0.3, b1=0.5)
    slope = jnp.array([1.0, -2.0])
    state, expected = found.init(slope), adam.init(slope)
    for factor in (1, -3, 2):
        update, state = found.update(factor * slope, state)
        wanted, expected = adam.update(factor * slope, expected)
        np.testing.assert_allclose(update, wanted)


def test_same_key_same_step():
    _, state, step = made()
    batch = killable.pixels()[:8]
    one, same = step(state, batch, KEY)[0], step(state, batch, KEY)[0]
    other = step(state, batch, jax.random.key(12))[0]
    assert not changed(one, same)
    assert changed(one["generator"]["params"], other["generator"]["params"])


def test_average_follows_parameters_and_statistics():
    _, state, step = made()
    old, average = state, state["average"]
    for i in range(3):
        old = step(old, killable.pixels()[:8], jax.random.fold_in(KEY, i))[0]
        for part in ("params", "rest"):
            average[part] = jax.tree.map(
                lambda a, n: 0.9 * a + 0.1 * n, average[part], old["generator"][part]
            )
            assert_close(old["average"][part], average[part], tolerance=1e-6)
    assert changed(old["average"]["params"], old["generator"]["params"])


def test_metrics_are_probabilities_and_losses():
    _, state, step = made()
    _, metrics = step(state, killable.pixels()[:8], KEY)
    assert sorted(metrics) == ["d_fake", "d_loss", "d_real", "g_loss"]
    assert 0 < metrics["d_real"] < 1
    assert 0 < metrics["d_fake"] < 1


def test_sampling_uses_the_average_in_evaluation_mode():
    graphs, state, _ = made()
    state = {**state, "generator": None, "discriminator": None}
    images = fitting.sample(graphs, state, KEY, 11, latent_dim=3)
    assert images.shape == (11, 4, 4, 1)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, fitting.sample(graphs, state, KEY, 11, latent_dim=3))
    assert (images != fitting.sample(graphs, state, jax.random.key(1), 11, latent_dim=3)).any()
    model = training.merge(graphs.generator, state["average"])
    z = jax.random.normal(KEY, (11, 3))
    exact = (np.asarray(model(z)) + 1) * 127.5
    assert np.abs(images - exact).max() <= 0.51
    one_by_one = [fitting.generate(graphs, state, z[i : i + 1]) for i in range(11)]
    in_parts = fitting.generate(graphs, state, z, batch=4)
    for other in (np.concatenate(one_by_one), in_parts):
        assert np.abs(images.astype(int) - other).max() <= 1  # rounding


class Linear(nnx.Module):
    """o = w . x + b: every loss and slope of a linear discriminator is known."""

    def __init__(self, weights: list[float]) -> None:
        self.weights, self.bias = nnx.Param(jnp.array(weights)), nnx.Param(jnp.zeros(()))

    def __call__(self, x: jax.Array) -> jax.Array:
        return x @ self.weights[...] + self.bias[...]


class Shift(nnx.Module):
    """x = z + shift."""

    def __init__(self) -> None:
        self.shift = nnx.Param(jnp.zeros(2))

    def __call__(self, z: jax.Array) -> jax.Array:
        return z + self.shift[...]


POINTS = np.random.default_rng(3).normal(2, 1, (12, 2)).astype("f4")


def one_step(recipe, points=POINTS, steps=1):
    graphs, state = fitting.create_game_state(Shift(), Linear([0.6, -0.8]), recipe)
    step = jax.jit(fitting.adversarial_step(graphs, recipe))
    for i in range(steps):
        state, metrics = step(state, points, jax.random.fold_in(KEY, i))
    return state, metrics


def descent(**options):
    return PlainDescent(latent_dim=2, **options)


@pytest.mark.parametrize(("weight", "count"), [(0.0, 1), (0.3, 1), (0.3, 3)])
def test_the_penalty_pulls_by_its_weight(weight, count):
    # Of o = w.x + b the slope is w, so R1 + R2 is |w|^2 and pulls w back by 2 weight w.
    without = descent()
    with_penalty = descent(penalty=losses.r1_r2, weight=weight)
    plain, metrics = one_step(without), one_step(with_penalty)
    plain_w, w = (s[0]["discriminator"]["params"]["weights"][...] for s in (plain, metrics))
    np.testing.assert_allclose(w, plain_w - 0.5 * weight * 2 * np.array([0.6, -0.8]), rtol=1e-5)
    assert metrics[1]["penalty"] == pytest.approx(1.0, rel=1e-5)  # |w|^2 = 1 at first
    assert "penalty" not in plain[1]
    assert metrics[1]["d_loss"] == pytest.approx(float(plain[1]["d_loss"]))  # without the penalty


def test_the_penaltys_weight_may_follow_the_steps_done():
    # A weight of 0.3 in the second step only.
    later = descent(penalty=losses.r1_r2, weight=lambda count: 0.3 * (count == 1))
    first, _ = one_step(later)
    assert not changed(first, one_step(descent(penalty=losses.r1_r2, weight=0.0))[0])
    w = first["discriminator"]["params"]["weights"][...]
    second, _ = one_step(later, steps=2)
    plain, _ = one_step(descent(penalty=losses.r1_r2, weight=0.0), steps=2)
    found = second["discriminator"]["params"]["weights"][...]
    np.testing.assert_allclose(
        found, plain["discriminator"]["params"]["weights"][...] - 0.3 * w, rtol=1e-4
    )
    assert second["step"] == 2


def test_a_lazy_penalty_counts_for_the_steps_between():
    lazy, double = descent(penalty=losses.r1_r2, weight=0.3, penalty_every=2), 2 * 0.3
    state, metrics = one_step(lazy)
    at_once, _ = one_step(descent(penalty=losses.r1_r2, weight=double))
    assert_close(state, at_once, tolerance=1e-6)
    assert metrics["penalty"] == pytest.approx(2.0, rel=1e-5)
    # The second step has none: it equals the plain one from the same state.
    both, metrics = one_step(lazy, steps=2)
    once = descent(penalty=losses.r1_r2, weight=lambda count: double * (count == 0))
    assert_close(both, one_step(once, steps=2)[0], tolerance=1e-6)
    assert metrics["penalty"] == 0


def test_critic_steps_divide_the_batch():
    # Three steps of D on four points each equal three steps with a silent G; then G moves once.
    deaf = game(generator=0)
    recipe = descent(critic_steps=3, game=deaf)
    state, _ = one_step(recipe)
    graphs, by_hand = fitting.create_game_state(Shift(), Linear([0.6, -0.8]), recipe)
    D = training.merge(graphs.discriminator, by_hand["discriminator"])
    for part, key in zip(POINTS.reshape(3, 4, 2), drawn_keys(3), strict=True):
        fake = jax.random.normal(key, (4, 2))

        def loss(D, real=part, fake=fake):
            return losses.discriminator_loss(D(real), D(fake))

        slope = nnx.grad(loss)(D)
        nnx.update(D, jax.tree.map(lambda p, s: p - 0.5 * s, nnx.state(D, nnx.Param), slope))
    assert_close(state["discriminator"]["params"], nnx.state(D, nnx.Param))
    with pytest.raises(ValueError, match="critic_steps=5"):
        one_step(descent(critic_steps=5))


def drawn_keys(count):
    """The keys of the discriminator's latent vectors in the first step."""
    return jax.random.split(jax.random.fold_in(KEY, 0), count + 2)[:count]


def test_augmentation_reaches_all_that_the_discriminator_sees():
    # Everything made equal: the discriminator cannot tell real from generated.
    blind = descent(augment=lambda key, x: 0.0 * x)
    _, metrics = one_step(blind)
    assert metrics["d_loss"] == pytest.approx(2 * np.log(2))
    assert metrics["g_loss"] == pytest.approx(np.log(2), rel=1e-4)


def test_augmentation_gets_a_new_key_each_time():
    seen = []

    def note(key, x):
        seen.append(np.asarray(jax.random.key_data(key)).tobytes())
        return x

    graphs, state = fitting.create_game_state(Shift(), Linear([0.6, -0.8]), descent(augment=note))
    step = fitting.adversarial_step(graphs, descent(augment=note, critic_steps=2))
    with jax.disable_jit():
        step(state, POINTS, KEY)
    assert len(seen) == len(set(seen)) == 6  # real and fake: two steps of D and one of G


def test_the_relativistic_generator_sees_the_real_ones():
    # Far apart, D is sure of each pair; the generator's loss grows with the real logits.
    near, far = (
        one_step(descent(game=losses.RELATIVISTIC), POINTS)[1],
        one_step(descent(game=losses.RELATIVISTIC), POINTS + np.array([6, -6], "f4"))[1],
    )
    assert far["g_loss"] > near["g_loss"] + 5


class ToldShift(Shift):
    """x = z + shift + labels."""

    def __call__(self, z: jax.Array, labels: jax.Array) -> jax.Array:
        return super().__call__(z) + labels


class ToldLinear(nnx.Module):
    """o = (w + labels) . x, so that both the logit and its slope depend on the labels."""

    def __init__(self) -> None:
        self.weights = nnx.Param(jnp.array([0.6, -0.8]))

    def __call__(self, x: jax.Array, labels: jax.Array) -> jax.Array:
        return (x * (self.weights[...] + labels)).sum(1)


LABELS = np.random.default_rng(4).normal(0, 0.5, (12, 2)).astype("f4")


def test_the_step_with_labels_equals_the_one_by_hand():
    recipe = descent(game=losses.RELATIVISTIC, penalty=losses.r1_r2, weight=0.3)
    graphs, state = fitting.create_game_state(ToldShift(), ToldLinear(), recipe)
    batch = {"examples": POINTS, "labels": LABELS}
    new, metrics = jax.jit(fitting.adversarial_step(graphs, recipe))(state, batch, KEY)

    z_d, z_g = (jax.random.normal(k, (12, 2)) for k in jax.random.split(KEY, 3)[:2])

    def margin(w, shift, z):  # real less generated, each pair with one row of labels
        return ((w + LABELS) * (POINTS - (z + shift + LABELS))).sum(1)

    def d_loss(w):
        loss, penalty = jax.nn.softplus(-margin(w, 0, z_d)).mean(), ((w + LABELS) ** 2).sum(1)
        return loss + 0.3 * penalty.mean(), (loss, penalty.mean())

    w = jnp.array([0.6, -0.8])
    (_, expected), slope = jax.value_and_grad(d_loss, has_aux=True)(w)
    w = w - 0.5 * slope
    loss, slope = jax.value_and_grad(lambda shift: jax.nn.softplus(margin(w, shift, z_g)).mean())(
        jnp.zeros(2)
    )
    found = [metrics[name] for name in ("d_loss", "penalty", "g_loss")]
    np.testing.assert_allclose(found, [*expected, loss], rtol=1e-5)
    np.testing.assert_allclose(new["discriminator"]["params"]["weights"][...], w, rtol=1e-5)
    np.testing.assert_allclose(new["generator"]["params"]["shift"][...], -0.5 * slope, rtol=1e-5)


def test_labels_stay_with_their_examples_when_a_batch_is_divided():
    recipe = descent(critic_steps=3, game=losses.RELATIVISTIC)
    graphs, state = fitting.create_game_state(ToldShift(), ToldLinear(), recipe)
    step = jax.jit(fitting.adversarial_step(graphs, recipe))
    one = step(state, {"examples": POINTS, "labels": LABELS}, KEY)[0]
    # Within a part of four, a label that changes its example changes the weights.
    mixed = LABELS[[1, 0, *range(2, 12)]]
    other = step(state, {"examples": POINTS, "labels": mixed}, KEY)[0]
    assert changed(one["discriminator"]["params"], other["discriminator"]["params"])
    zeros = np.zeros_like(LABELS)  # of which nothing is seen: the game without labels
    told = step(state, {"examples": POINTS, "labels": zeros}, KEY)[0]
    plain = fitting.create_game_state(Shift(), Linear([0.6, -0.8]), recipe)
    plain = jax.jit(fitting.adversarial_step(plain[0], recipe))(plain[1], POINTS, KEY)[0]
    for player, name in (("generator", "shift"), ("discriminator", "weights")):
        assert_close(told[player]["params"][name], plain[player]["params"][name])


def test_a_batch_of_other_names_is_refused():
    graphs, state = fitting.create_game_state(ToldShift(), ToldLinear(), descent())
    step = fitting.adversarial_step(graphs, descent())
    with pytest.raises(ValueError, match=r"holds \['images', 'labels'\]; give an array"):
        step(state, {"images": POINTS, "labels": LABELS}, KEY)


def test_images_are_drawn_as_their_labels_say():
    graphs, state = fitting.create_game_state(ToldShift(), ToldLinear(), descent())
    z, labels = jnp.zeros((7, 2)), np.linspace(-1, 1, 14).reshape(7, 2).astype("f4")
    drawn = fitting.generate(graphs, state, z, labels, batch=3)
    np.testing.assert_array_equal(drawn, np.rint((labels + 1) * 127.5))
    with pytest.raises(ValueError, match="5 labels for 7 latent vectors"):
        fitting.generate(graphs, state, z, labels[:5])


# Networks that carry more than floats: dropout's random keys, counters, truth values


class Odd(nnx.Module):
    """Dropout after a layer, a count of calls, and a switch; z (N, 2) to the same shape."""

    def __init__(self, seed: int) -> None:
        self.layer = nnx.Linear(2, 2, rngs=nnx.Rngs(seed))
        self.dropout = nnx.Dropout(0.5, rngs=nnx.Rngs(dropout=seed))
        self.calls = nnx.Variable(jnp.zeros((), jnp.int32))
        self.called = nnx.Variable(jnp.zeros((), bool))

    def __call__(self, x: jax.Array) -> jax.Array:
        self.calls[...] += 1
        self.called[...] = jnp.ones((), bool)
        return self.dropout(self.layer(x))


class OddJudge(Odd):
    """The same for points (N, 2), summed to logits (N,)."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return super().__call__(x).sum(1)


def odd(**options):
    recipe = descent(average_decay=0.75, **options)
    graphs, state = fitting.create_game_state(Odd(0), OddJudge(1), recipe)
    return graphs, state, fitting.adversarial_step(graphs, recipe)


@pytest.mark.parametrize("activations", [None, "bfloat16"])
def test_networks_with_keys_and_counters_train(activations):
    _, state, step = odd(critic_steps=2, penalty=losses.r1_r2, activations=activations)
    new, metrics = jax.jit(step)(state, POINTS, KEY)
    assert training.all_finite((new, metrics))
    for player in ("generator", "discriminator"):
        assert changed(state[player]["params"], new[player]["params"])
    # Two calls of G for D's steps and one for its own; of D two in each of its steps, two more.
    assert new["generator"]["rest"]["calls"][...] == 3
    assert new["discriminator"]["rest"]["calls"][...] == 6
    average, newest = new["average"], new["generator"]
    assert jax.tree.structure(new) == jax.tree.structure(state)
    kinds = [[(x.shape, x.dtype) for x in jax.tree.leaves(tree)] for tree in (new, state)]
    assert kinds[0] == kinds[1]
    for one, other in zip(*map(jax.tree.leaves, (average["rest"], newest["rest"])), strict=True):
        assert (one == other).all()  # no float among them: all are the newest
    mean = jax.tree.map(
        lambda a, n: 0.75 * a + 0.25 * n, state["average"]["params"], newest["params"]
    )
    assert_close(average["params"], mean, tolerance=1e-7)


def test_dropout_draws_anew_in_every_call(monkeypatch):
    seen, bernoulli = [], jax.random.bernoulli

    def note(key, *arguments, **options):
        seen.append(np.asarray(jax.random.key_data(key)).tobytes())
        return bernoulli(key, *arguments, **options)

    monkeypatch.setattr(jax.random, "bernoulli", note)
    _, state, step = odd(critic_steps=2)
    for i in range(2):
        state, _ = step(state, POINTS, jax.random.fold_in(KEY, i))
    assert len(seen) == len(set(seen)) == 2 * 9


def test_what_dropout_trained_is_sampled_without():
    graphs, state, step = odd()
    state = jax.jit(step)(state, POINTS, KEY)[0]
    z = jnp.asarray(POINTS) / 4
    layer = state["average"]["params"]["layer"]
    expected = np.clip(
        (np.asarray(z @ layer["kernel"][...] + layer["bias"][...]) + 1) * 127.5, 0, 255
    )
    for _ in range(2):
        drawn = fitting.generate(graphs, state, z)
        assert np.abs(drawn - expected).max() <= 0.51


def test_a_run_with_dropout_is_resumed_as_if_unbroken(tmp_path):
    _, state, step = odd()
    options = {"batch_size": 4, "show": False}
    training.fit(step, state, POINTS, steps=2, folder=tmp_path, **options)
    resumed = training.fit(step, state, POINTS, steps=4, folder=tmp_path, **options)
    whole = training.fit(step, state, POINTS, steps=4, **options)
    assert resumed.step == 4
    for one, other in zip(*map(jax.tree.leaves, (resumed.state, whole.state)), strict=True):
        assert (one == other).all()


# Runs that are killed

unix = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")


def in_a_process(function, *arguments) -> int:
    """Runs a function in a fresh process, imports apart, and returns its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["killable"])
    process = context.Process(target=function, args=arguments)
    process.start()
    process.join(timeout=120)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode


@unix
@pytest.mark.slow
def test_killed_and_resumed_equals_unbroken(tmp_path):
    generator = np.random.default_rng()
    soon = float(generator.uniform(0, 0.15))
    deaths = [
        (killable.die_at_step, 4),  # between two checkpoints
        (killable.die_in_a_checkpoint, 11),
        (killable.die_soon_after, 20, soon),
        (killable.die_in_a_checkpoint, 29),
        (killable.die_at_step, 37),
    ]
    for die, *arguments in deaths:
        code = in_a_process(die, tmp_path, *arguments)
        assert code == -signal.SIGKILL or (die is killable.die_soon_after and code == 0)
    # The curve shows that the work before the kills was kept.
    resumed, whole = killable.train(tmp_path), killable.train(None)
    assert resumed.step == whole.step == killable.STEPS
    for name, values in killable.weights(whole).items():
        np.testing.assert_array_equal(killable.weights(resumed)[name], values, f"{name} {soon}")
    for name, values in whole.curve.items():
        np.testing.assert_array_equal(resumed.curve[name], values)


@unix
@pytest.mark.parametrize("asking", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_returns_what_was_trained_and_saves_it(tmp_path, asking):
    out = tmp_path / "out.txt"
    assert in_a_process(killable.interrupt_at_step, tmp_path / "run", 5, out, asking) == 0
    assert out.read_text() == "learner 6 6 6"
    # Resumed, it goes on from there.
    resumed, whole = killable.train(tmp_path / "run", steps=9), killable.train(None, steps=9)
    for name, values in killable.weights(whole).items():
        np.testing.assert_array_equal(killable.weights(resumed)[name], values)
