"""Changes of signs and factors in lesson 04 that one of its checks must notice."""

EQUATIONS = [
    # 1: the value of the game
    ("V3 = np.sum(p3 * np.log(D3)) + ", "V3 = np.sum(p3 * np.log(D3)) - "),
    ("q3 * np.log(1 - D3))\nreal", "q3 * np.log(D3))\nreal"),
    # 2: max min = min max = -log 4, and where
    ("[max_min, min_max], -np.log(4)", "[max_min, min_max], -np.log(2)"),
    ("np.log(1 - rows) @ columns.T", "np.log(rows) @ columns.T"),
    ("np.log(rows) @ p3", "np.log(1 - rows) @ p3"),
    ("rows[best_row], 1 / 2", "rows[best_row], 1 / 3"),
    (
        "corners.argmin(axis=1) == rows.argmax(axis=1)",
        "corners.argmin(axis=1) == rows.argmin(axis=1)",
    ),
    # 3: the best discriminator
    ("star = p3 / (p3 + q3)", "star = q3 / (p3 + q3)"),
    ("by_hand = p3 / D3 - q3 / (1 - D3)", "by_hand = p3 / D3 + q3 / (1 - D3)"),
    ("-p3 / D3**2 - q3 / (1 - D3) ** 2", "-p3 / D3**2 + q3 / (1 - D3) ** 2"),
    ("-p3 / D3**2 - q3 / (1 - D3) ** 2", "-2 * p3 / D3**2 - q3 / (1 - D3) ** 2"),
    # 4: 2 JS - log 4
    ("V_of(star), 2 * js3 - np.log(4)", "V_of(star), js3 - np.log(4)"),
    ("V_of(star), 2 * js3 - np.log(4)", "V_of(star), 2 * js3 + np.log(4)"),
    ("return np.sum(a * np.log(a / b))", "return np.sum(a * np.log(b / a))"),
    ("js3 = kl(p3, m3) / 2 + kl(q3, m3) / 2", "js3 = kl(p3, m3) + kl(q3, m3)"),
    ("m3 = (p3 + q3) / 2", "m3 = p3 + q3"),
    ("(V_star, 2 * js_pq - np.log(4)", "(V_star, 2 * js_pq - np.log(2)"),
    # a KL divergence is never negative
    ("np.log(ratios) <= ratios - 1", "np.log(ratios) <= ratios - 2"),
    ("min(kl(first, second) for", "min(-kl(first, second) for"),
    # 5: what any other discriminator loses
    ("first + (1 - star) * np.log", "first - (1 - star) * np.log"),
    ("first = star * np.log(star / answer)", "first = star * np.log(answer / star)"),
    ("V_star - V_guess, gap(guess)", "V_guess - V_star, gap(guess)"),
    # 6: supports that do not meet
    ("js_values[apart], np.log(2)", "js_values[apart], 2 * np.log(2)"),
    ("js_slopes[apart], 0", "js_slopes[apart], 1"),
    ("w1_values, jnp.abs(thetas)", "w1_values, jnp.abs(thetas) / 2"),
    ("w1_slopes[apart], jnp.sign(thetas[apart])", "w1_slopes[apart], -jnp.sign(thetas[apart])"),
    # 7: slopes with respect to the logit
    (
        "jax.vmap(jax.grad(losses.saturating_loss))(o), -sigma",
        "jax.vmap(jax.grad(losses.saturating_loss))(o), sigma",
    ),
    ("slopes, -(1 - sigma)", "slopes, -sigma"),
    # 8: what the two losses follow
    ("slope_sat, 2 * slope_js", "slope_sat, slope_js"),
    ("slope_non, slope_kl - 2 * slope_js", "slope_non, slope_kl + 2 * slope_js"),
    ("slope_non, slope_kl - 2 * slope_js", "slope_non, slope_kl - slope_js"),
    # KL - 2 JS is twice the KL of the middle
    ('"KL - 2 JS": kl - 2 * js', '"KL - 2 JS": kl + 2 * js'),
    ("twice = 2 * divergences.kl(middle, p_grid)", "twice = divergences.kl(middle, p_grid)"),
    ("twice = 2 * divergences.kl(middle, p_grid)", "twice = 2 * divergences.kl(p_grid, middle)"),
    # 9: the smallest GAN near its equilibrium
    ("[[0, -1 / 2], [-1 / 2, 0]]", "[[0, 1 / 2], [1 / 2, 0]]"),
    ("[[0, -1 / 2], [-1 / 2, 0]]", "[[0, -1], [-1, 0]]"),
    ("(smallest(origin), -np.log(4)", "(smallest(origin), np.log(4)"),
    # 10: one turn, at once and in turns, and the ellipse
    ("A, B = np.array([[1, -h], [h, 1]])", "A, B = np.array([[1, h], [h, 1]])"),
    ("[h, 1 - h**2]])", "[h, 1 + h**2]])"),
    ("[np.sqrt(1 + h**2), 1]", "[np.sqrt(1 - h**2 / 4), 1]"),
    (
        "ellipse = np.array([[1, -h / 2], [-h / 2, 1]])",
        "ellipse = np.array([[1, h / 2], [h / 2, 1]])",
    ),
    ("return jnp.array([psi, w[1] - step", "return jnp.array([psi, w[1] + step"),
]

FIGURES = [
    # the two densities
    ("stats.norm.pdf(x, 1.5, 0.6)) / 2", "stats.norm.pdf(x, 1.5, 0.6)) / 3"),
    # the saddle
    ("(1 + tilt[..., None] * direction) / 2", "(1 - tilt[..., None] * direction) / 2"),
    ("p3 + shift[..., None] * direction", "p3 - shift[..., None] * direction"),
    ("np.log(slice_D) @ p3 + np.sum(", "np.log(slice_D) @ p3 - np.sum("),
    ("best_shift = shifts[height.argmin(", "best_shift = shifts[height.argmax("),
    ("best_tilt = tilts[height.argmax(", "best_tilt = -tilts[height.argmax("),
    # the trained discriminators
    ("jax.nn.sigmoid(judge(x)) for judge", "jax.nn.sigmoid(-judge(x)) for judge"),
    # JS and W1 over the shift
    ("jnp.maximum(0, 1 - (points - theta) ** 2)", "jnp.maximum(0, 1 - (points - theta / 2) ** 2)"),
    # the single bumps
    (
        "jnp.exp(-(((points - mean) / spread) ** 2) / 2)",
        "jnp.exp(-(((points - mean) / spread) ** 2))",
    ),
    (
        "(on_grid(-1.5, 0.6) + on_grid(1.5, 0.6)) / 2",
        "(on_grid(-1.5, 0.6) + on_grid(1.2, 0.6)) / 2",
    ),
    ("least = score.argmin()", "least = score.argmax()"),
    # the circling players
    ("pushes = slopes_V * jnp.array([1, -1])", "pushes = slopes_V * jnp.array([1, 1])"),
    ("pushes = slopes_V * jnp.array([1, -1])", "pushes = slopes_V * jnp.array([-1, 1])"),
    (
        "journey(0.1, True)[:250], journey(0.1, False)",
        "journey(0.1, False)[:250], journey(0.1, True)",
    ),
]

BASELINES = [
    ('("2 JS - log 4", V_star)', '("2 JS - log 4", -V_star)'),
    ('("2 JS - log 4", V_star)', '("2 JS - log 4", js_pq)'),
    ('("-log 4", -np.log(4))', '("-log 4", -np.log(2))'),
    ("half_gap = gap(lambda x: 0.5)", "half_gap = gap(lambda x: 0.6)"),
    ('("D = 1/2 everywhere", half_gap)', '("D = 1/2 everywhere", -half_gap)'),
    ('waits[rule, "non-saturating"].mean()', 'waits[rule, "non-saturating"].sum()'),
    ("ring = 0.5 / np.sqrt(1 - h / 2)", "ring = 0.5 / np.sqrt(1 + h / 2)"),
    ("exact = p3.max() * np.log(share)", "exact = p3.min() * np.log(share)"),
]

REPORTED = [
    ("judge, -float(losses.discriminator_loss", "judge, float(losses.discriminator_loss"),
    ("judge, -float(losses.discriminator_loss", "judge, -0.5 * float(losses.discriminator_loss"),
    ("gaps = [gap(answers_of(judge)) for", "gaps = [2 * gap(answers_of(judge)) for"),
    (
        "right = integral(lambda x: max(p(x), q(x)) / 2)",
        "right = integral(lambda x: max(p(x), q(x)))",
    ),
    ("2 * max(D_star(x), 1 - D_star(x))", "2 * min(D_star(x), 1 - D_star(x))"),
    ("np.sum(path > 4, axis=1)", "np.sum(path < 4, axis=1)"),
    ("1.5 * side + 0.6", "1.2 * side + 0.6"),
    ("expected = SAMPLES * (integral(p, -10, -4)", "expected = -SAMPLES * (integral(p, -10, -4)"),
]

MUTATIONS = EQUATIONS + FIGURES + BASELINES + REPORTED
