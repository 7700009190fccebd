"""Changes of signs, factors and choices in lesson 02 that one of its checks must notice."""

MUTATIONS = [
    # Equations. 1: the slope of the softplus
    ("return jnp.log(1 + jnp.exp(o))", "return jnp.log(1 + jnp.exp(-o))"),
    ("sigma = 1 / (1 + jnp.exp(-scores))", "sigma = 1 / (1 + jnp.exp(scores))"),
    # 2: cross-entropy
    (
        "return jnp.log(jnp.sum(jnp.exp(logits))) - logits[label]",
        "return jnp.log(jnp.sum(jnp.exp(logits))) + logits[label]",
    ),
    ("-jnp.log(probabilities[label])", "jnp.log(probabilities[label])"),
    # 3: its gradient
    ("error = probabilities - jax", "error = probabilities + jax"),
    # 4: the largest logit taken out
    ("shifted = large.max() + jnp", "shifted = 2 * large.max() + jnp"),
    ("jnp.exp(large - large.max())", "jnp.exp(large - large.min())"),
    # 5: the gradient of a batch
    ("X.T @ (P - Y) / len(X)", "X.T @ (P + Y) / len(X)"),
    ("X.T @ (P - Y) / len(X)", "X.T @ (P - Y)"),
    ("(P - Y).mean(axis=0)}", "(P - Y).sum(axis=0)}"),
    # 6: the variance of a sum
    ("jnp.var(other) + 2 * covariance", "jnp.var(other) - 2 * covariance"),
    ("jnp.var(other) + 2 * covariance", "jnp.var(other) + covariance"),
    ("jax.random.normal(second, z.shape), jax", "jax.random.normal(first, z.shape), jax"),
    # 7: the traffic
    ("single, fused = sum(reads) + len(reads)", "single, fused = sum(reads)"),
    ("len(jaxpr.invars) + len(jaxpr.outvars)", "len(jaxpr.invars)"),
    # 8: descent
    ("lambda w, g: w - rate * g", "lambda w, g: w + rate * g"),
    # 9: Adam
    ("(m / (1 - b1**t))", "m"),
    ("b1 * m + (1 - b1) * g", "b1 * m + g"),
    ("b2 * v + (1 - b2) * g**2", "b2 * v + (1 - b2) * g"),
    # 10: descent in a valley, and the border that momentum moves
    ("theta = theta - rate * velocity", "theta = theta + rate * velocity"),
    ("(1 - rate * CURVATURE) ** t", "(1 - rate * CURVATURE / 2) ** t"),
    ("velocity = momentum * velocity + curvature", "velocity = velocity + curvature"),
    ("border = 2 * (1 + momentum)", "border = 2 * (1 - momentum)"),
    ("border = 2 * (1 + momentum)", "border = 4 * (1 + momentum)"),
    # Figures: bars, images with names, arrows, the live weights
    ("[1000 * s for s in seconds.values()]", "[100 * s for s in seconds.values()]"),
    ("np.argmax(train.labels == k)", "np.argmax(train.labels != k)"),
    ("for line in range(inputs):", "for line in range(1):"),
    ("after = draw_traffic(panels[1], [(", "after = draw_traffic(panels[1], 2 * [("),
    ("reshape(28, 28, 10)[16:28, :, 1]", "reshape(28, 28, 10)[16:28, :, 0]"),
    # Baselines
    ("((X_test[:, None] - means) ** 2)", "((X_test[:, None] - means) ** 1)"),
    ("one_hot.T @ X_train / one_hot.sum(axis=0)[:, None]", "one_hot.T @ X_train / len(X_train)"),
    ("100 * float(jnp.mean(nearest == y_test))", "50 * float(jnp.mean(nearest == y_test))"),
    ("jnp.mean(y_test == jnp.argmax(jnp", "jnp.mean(y_test != jnp.argmax(jnp"),
    # Reported numbers
    ("accuracies = [100 * count / total", "accuracies = [50 * count / total"),
    ("jnp.argmax(model(X_test), axis=1) == y_test", "jnp.argmin(model(X_test), axis=1) == y_test"),
    ("binomial_interval(correct[0], total)", "binomial_interval(correct[0], 2 * total)"),
    ("binomial_interval(correct[0], total)", "binomial_interval(10 * correct[0], 10 * total)"),
    (".at[y_test, guesses].add(1)", ".at[guesses, y_test].add(1)"),
    ("pairs * (1 - np.eye(10, dtype=int))", "pairs * (2 - np.eye(10, dtype=int))"),
]
