"""Changes in lesson 00 that one of its checks must notice."""

MUTATIONS = [
    # equations: the loss of a discriminator that cannot tell, and the polynomial
    ("by_hand = 2 * np.log(2)", "by_hand = np.log(2)"),
    ("by_hand = 2 * np.log(2)", "by_hand = 3 * np.log(2)"),
    ("undecided = jnp.zeros(4)", "undecided = jnp.ones(4)"),
    ("x = 1.5 * x - 0.5", "x = 1.2 * x - 0.5"),
    ("x = 1.5 * x - 0.5", "x = 1.5 * x + 0.5"),
    # the two updates
    ("adam_d.update(D, slope_d)", "adam_d.update(D, jax.tree.map(jnp.negative, slope_d))"),
    ("adam_g.update(G, slope_g)", "adam_g.update(G, jax.tree.map(jnp.negative, slope_g))"),
    ("discriminator_loss(D(real), D(drawn))", "discriminator_loss(D(drawn), D(real))"),
    ("return losses.non_saturating_loss(nnx", "return -losses.non_saturating_loss(nnx"),
    ("return losses.non_saturating_loss(nnx", "return losses.saturating_loss(nnx"),
    ("new_game(*rates)", "new_game(*rates[::-1])"),
    # figures: the line that a curve is read against, its smoothing, the bars
    ("line = axes.axhline(by_hand,", "line = axes.axhline(by_hand / 2,"),
    ("np.ones(window) / window", "np.ones(window)"),
    ("barh(list(spent), list(spent.values())", "barh(list(spent), list(spent.values())[::-1]"),
    # baselines
    ('("it cannot tell", by_hand)', '("it cannot tell", by_hand / 2)'),
    ("np.roll(sheet, 1, axis=0)", "np.roll(sheet, 0, axis=0)"),
    # reported numbers
    ("d_loss[-200:].mean(), baseline", "d_loss[-200:].mean() / 2, baseline"),
    ("return 1e9 * float", "return 1e6 * float"),
    ("float(np.median(times)) / len(numbers)", "float(np.median(times))"),
    (
        'spent["NumPy arrays"] / spent["jax.jit (XLA)"]',
        'spent["jax.jit (XLA)"] / spent["NumPy arrays"]',
    ),
    ("on_real, on_drawn = verdicts", "on_drawn, on_real = verdicts"),
]
