"""Changes of the formulas of lesson 05 that its checks must notice."""

EQUATIONS = [
    # The step down a slope.
    ("p - rate * g", "p + rate * g"),
    # (1) and (2): what silent faults leave unchanged.
    ("2 * linear(u) - 3 * linear(v)", "2 * linear(u) + 3 * linear(v)"),
    ("flat[:, order] @ W[order]", "flat[:, order] @ W[order[::-1]]"),
    # (3) and (4): the value, and D's loss.
    ("jnp.log(1 - D_drawn).mean()", "jnp.log(D_drawn).mean()"),
    ("jnp.log(D_real).mean() + jnp", "jnp.log(D_real).mean() - jnp"),
    ("jax.nn.softplus(-on_real).mean() +", "2 * jax.nn.softplus(-on_real).mean() +"),
    # (5): slopes with respect to the logit.
    ("slope_saturating, -jax.nn.sigmoid(o), atol", "slope_saturating, jax.nn.sigmoid(o), atol"),
    ("-(1 - jax.nn.sigmoid(o)), atol", "-jax.nn.sigmoid(o), atol"),
    # A step on G's loss that moves D as well.
    (
        "lambda D: losses.non_saturating_loss(D(noise))",
        "lambda D: -losses.non_saturating_loss(D(noise))",
    ),
    # (6): sizes.
    ("2 * (sizes[-1] - 1) + 4 - 2 * 1", "2 * (sizes[-1] - 1) + 4 - 1"),
    ("2 * (sizes[-1] - 1) + 4 - 2 * 1", "2 * sizes[-1] + 4 - 2 * 1"),
    # The turn by hand, against the helper.
    (
        "losses.discriminator_loss(D(batch), D(drawn))",
        "losses.discriminator_loss(D(drawn), D(batch))",
    ),
    ("losses.non_saturating_loss(still(G(z)))", "losses.saturating_loss(still(G(z)))"),
    ("optax.sgd(0.01)", "optax.sgd(0.02)"),
    # (7): the average, of weights and of statistics.
    ("average = weights[0]\n", "average = 0.0\n"),
    ("0.9**2 * weights[0]", "0.9 * weights[0]"),
    ("0.99 * old + 0.01 * new, atol", "0.01 * old + 0.99 * new, atol"),
    # (8): the Fréchet distance in one dimension.
    ("narrow.std(ddof=1) - broad.std", "narrow.std(ddof=1) + broad.std"),
    ("shift**2 + spread**2)", "shift**2 + 2 * spread**2)"),
    # (9): between two latent vectors.
    ("np.sqrt((1 - share) ** 2 + share**2)", "np.sqrt((1 - share) + share)"),
    ("(1 - share) * ends[0] + share * ends[1]", "(1 - share) * ends[0] + ends[1]"),
]

FIGURES = [
    # White squares, and the rule that tells them from real images.
    ("raw.max(axis=(1, 2, 3)) > 1,", "raw.max(axis=(1, 2, 3)) < 1,"),
    # The running mean of D's answers.
    ("np.ones(window) / window", "np.ones(window) / (window + 1)"),
    # The two gradients of G.
    (
        "size(losses.saturating_loss), size(losses.non_saturating_loss)",
        "size(losses.non_saturating_loss), size(losses.saturating_loss)",
    ),
    ("np.divide(saturating, non_saturating)", "np.divide(non_saturating, saturating)"),
    ("jnp.exp(D(G(z))).mean()", "2 * jnp.exp(D(G(z))).mean()"),
    ("jnp.exp(D(G(z))).mean()", "jnp.exp(-D(G(z))).mean()"),
]

BASELINES = [
    ("generator = MendedGenerator(WIDTH", "generator = MendedGenerator(WIDTH // 2"),
    ("batch_size=BATCH, steps=STEPS, seed=seed", "batch_size=BATCH, steps=STEPS // 2, seed=seed"),
    ("[measure(real.pixels[:SAMPLES])]", "[measure(held_out.pixels[:SAMPLES])]"),
    ("np.repeat(real.pixels[:1], SAMPLES, axis=0)", "real.pixels[-SAMPLES:]"),
]

REPORTED = [
    ("(predicted == held_out.labels)", "(predicted != held_out.labels)"),
    ("judged.frechet for _", "judged.frechet_extrapolated for _"),
    ("np.subtract(distance[name], distance", "np.add(distance[name], distance"),
    ("classes for classes, _ in table", "_.recall for classes, _ in table"),
    ("judged.coverage for _", "judged.recall for _"),
    (
        'baseline=("mended draft", means["mended draft"][1])',
        'baseline=("mended draft", means["DCGAN"][1])',
    ),
]

MUTATIONS = EQUATIONS + FIGURES + BASELINES + REPORTED
