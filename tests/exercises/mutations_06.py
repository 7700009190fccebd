"""Changes of lesson 06 that its checks must notice, of four kinds."""

EQUATIONS = [
    # (1) and (2): the cost of a plan, and of the best one.
    ("- 2 * r * x.std() * y.std()", "+ 2 * r * x.std() * y.std()"),
    ("- 2 * r * x.std() * y.std()", "- r * x.std() * y.std()"),
    ("(0 - 2) ** 2 + (1 - 3) ** 2", "(0 - 2) ** 2 + (1 + 3) ** 2"),
    ("(0 - 2) ** 2 + (1 - 3) ** 2", "(0 - 2) ** 2 + 2 * (1 - 3) ** 2"),
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
]

FIGURES = [
    ("((np.sort(x) - target) ** 2).mean() for name", "((x - target) ** 2).mean() for name"),
    ("axes.plot(1000 * counts / len(fresh), points", "axes.plot(counts / len(fresh), points"),
    ("np.polyval(line, m)", "np.polyval(line, m + 1)"),
    ("axes.axvline(truth,", "axes.axvline(truth + excess(10, 15),"),
    (
        "np.sort(cdist(centres, centres), axis=1)[:, 2]",
        "np.sort(cdist(centres, centres), axis=1)[:, 1]",
    ),
    ("axes.axvline(near, ", "axes.axvline(2 * near, "),
    ('"caught" if yes else "missed"', '"missed" if yes else "caught"'),
    ("[20 * judge.kernel for judge", "[10 * judge.kernel for judge"),
]

BASELINES = [
    # What equal distributions score: coverage's floor, too small and too large by one.
    ("(M - order) / (M + N - order)", "(N - order) / (M + N - order)"),
    ("order = np.arange(1, k + 1)", "order = np.arange(k)"),
    ("order = np.arange(1, k + 1)", "order = np.arange(2, k + 2)"),
    ("order = np.arange(1, k + 1)", "order = np.arange(1, k + 2)"),
    # How often an unbiased estimate of 0 is negative.
    ("draw_pairs(5_000, p, p)", "draw_pairs(5_000, p, q)"),
    # What the generator's scores stand beside.
    ('column("fresh real", score).mean()), note', 'column("blurrer", score).mean()), note'),
    ('column("fresh real", "copied").mean()', 'column("memoriser", "copied").mean()'),
]

REPORTED = [
    ('DCGAN", column("DCGAN", score)', 'DCGAN", column("blurrer", score)'),
    ('column("memoriser", "copied"), seeds', 'column("fresh real", "copied"), seeds'),
    (
        '"Share of copies, memoriser", column("memoriser", "copied")',
        '"Share of copies, memoriser", 0.5 * column("memoriser", "copied")',
    ),
    ("share = (distances[name] < near).mean()", "share = (distances[name] > near).mean()"),
    ("negative, error_0 = (equal < 0)", "negative, error_0 = (equal > 0)"),
]

MUTATIONS = EQUATIONS + FIGURES + BASELINES + REPORTED
