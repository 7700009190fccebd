"""Changes of the formulas of lesson 06 that its checks must notice."""

MUTATIONS = [
    # (1) and (2): the cost of a plan, and of the best one.
    ("- 2 * r * x.std() * y.std()", "+ 2 * r * x.std() * y.std()"),
    ("- 2 * r * x.std() * y.std()", "- r * x.std() * y.std()"),
    ("(0 - 2) ** 2 + (1 - 3) ** 2, rtol", "(0 - 2) ** 2 + (1 + 3) ** 2, rtol"),
    ("(0 - 2) ** 2 + (1 - 3) ** 2, rtol", "(0 - 2) ** 2 + 2 * (1 - 3) ** 2, rtol"),
    # (3) and (4): the Fréchet distance.
    ("np.trace(C1 + C2 - 2 * root(C1) @ root(C2))", "np.trace(C1 + C2 - root(C1) @ root(C2))"),
    ("np.trace(C1 + C2 - 2 * overlap)", "np.trace(C1 + C2 + 2 * overlap)"),
    ("np.trace(C1 + C2 - 2 * overlap)", "np.trace(C1 + C2 - overlap)"),
    ("root(root(C1) @ C2 @ root(C1))\n    return", "root(C1) @ root(C2)\n    return"),
    # (5): its bias.
    ("1.5 * sigma**2", "2 * sigma**2"),
    ("1.5 * sigma**2 * (1 / N + 1 / M)", "1.5 * sigma**2 * (1 / N - 1 / M)"),
    # (6), (7) and (8): the kernel distance.
    ('means["yy"] - 2 * means["xy"]', 'means["yy"] - means["xy"]'),
    ("(a @ b.T / a.shape[-1] + 1) ** 3", "(a @ b.T / a.shape[-1] + 1) ** 2"),
    ("(a @ b.T / a.shape[-1] + 1) ** 3", "(a @ b.T / a.shape[-1] - 1) ** 3"),
    ("(n * (n - 1))", "n**2"),
    ("across = 2 * kernel(a, b).mean()", "across = kernel(a, b).mean()"),
    ('(p @ np.diag(K) - means["xx"]) / N', '(p @ np.diag(K) + means["xx"]) / N'),
    ('(q @ np.diag(K) - means["yy"]) / M', '-(q @ np.diag(K) - means["yy"]) / M'),
    # (9) and (10): balls.
    ("in_real.any(0).mean(), in_generated", "in_real.any(1).mean(), in_generated"),
    ("in_generated.any(1).mean()", "in_generated.any(0).mean()"),
    ("in_real.sum() / (k * len(generated))", "in_real.sum() / len(generated)"),
    ("(M - order) / (M + N - order)", "(N - order) / (M + N - order)"),
]
