"""Changes of signs and factors in lesson 04 that one of its checks must notice."""

MUTATIONS = [
    # 1: the value of the game
    ("V3 = np.sum(p3 * np.log(D3)) + ", "V3 = np.sum(p3 * np.log(D3)) - "),
    ("q3 * np.log(1 - D3))\nreal", "q3 * np.log(D3))\nreal"),
    # 2: max min = min max = -log 4, and where
    ("[max_min, min_max], -np.log(4)", "[max_min, min_max], -np.log(2)"),
    ("np.log(1 - rows) @ columns.T", "np.log(rows) @ columns.T"),
    ("rows[table.min(axis=1).argmax()], 1 / 2", "rows[table.min(axis=1).argmax()], 1 / 3"),
    (
        "corners.argmin(axis=1) == rows.argmax(axis=1)",
        "corners.argmin(axis=1) == rows.argmin(axis=1)",
    ),
    # 3: the best discriminator
    ("star = p3 / (p3 + q3)", "star = q3 / (p3 + q3)"),
    ("p3 / D3 - q3 / (1 - D3)", "p3 / D3 + q3 / (1 - D3)"),
    ("-p3 / D3**2 - q3 / (1 - D3) ** 2", "-p3 / D3**2 + q3 / (1 - D3) ** 2"),
    ("-p3 / D3**2 - q3 / (1 - D3) ** 2", "-2 * p3 / D3**2 - q3 / (1 - D3) ** 2"),
    # 4: 2 JS - log 4
    ("V_of(star), 2 * js - np.log(4)", "V_of(star), js - np.log(4)"),
    ("V_of(star), 2 * js - np.log(4)", "V_of(star), 2 * js + np.log(4)"),
    ("return np.sum(p * np.log(p / q))", "return np.sum(p * np.log(q / p))"),
    ("js = kl(p3, m3) / 2 + kl(q3, m3) / 2", "js = kl(p3, m3) + kl(q3, m3)"),
    ("m3 = (p3 + q3) / 2", "m3 = p3 + q3"),
    ("V_star, 2 * js - np.log(4)", "V_star, 2 * js - np.log(2)"),
    # 5: what any other discriminator loses
    ("first + (1 - star) * np.log", "first - (1 - star) * np.log"),
    ("first = star * np.log(star / answer)", "first = star * np.log(answer / star)"),
    ("V_star - V_guess, gap(guess)", "V_guess - V_star, gap(guess)"),
    # 6: supports that do not meet
    ("js_values[apart], np.log(2)", "js_values[apart], 2 * np.log(2)"),
    ("js_slopes[apart], 0", "js_slopes[apart], 1"),
    ("w1_values, jnp.abs(shifts)", "w1_values, jnp.abs(shifts) / 2"),
    ("w1_slopes[apart], jnp.sign(shifts[apart])", "w1_slopes[apart], -jnp.sign(shifts[apart])"),
    # 7: slopes by the logit
    (
        "jax.vmap(jax.grad(losses.saturating_loss))(o), -sigma",
        "jax.vmap(jax.grad(losses.saturating_loss))(o), sigma",
    ),
    ("slopes, -(1 - sigma)", "slopes, -sigma"),
    # 8: what the two losses follow
    ("slope_sat, 2 * slope_js", "slope_sat, slope_js"),
    ("slope_non, slope_kl - 2 * slope_js", "slope_non, slope_kl + 2 * slope_js"),
    ("slope_non, slope_kl - 2 * slope_js", "slope_non, slope_kl - slope_js"),
    # 9: the smallest GAN near its equilibrium
    ("[[0, -1 / 2], [-1 / 2, 0]]", "[[0, 1 / 2], [1 / 2, 0]]"),
    ("[[0, -1 / 2], [-1 / 2, 0]]", "[[0, -1], [-1, 0]]"),
    ("smallest(origin), -np.log(4)", "smallest(origin), np.log(4)"),
    # 10: one turn, at once and in turns
    ("A, B = np.array([[1, -h], [h, 1]])", "A, B = np.array([[1, h], [h, 1]])"),
    ("[h, 1 - h**2]])", "[h, 1 + h**2]])"),
    ("np.sqrt(1 + h**2)", "np.sqrt(1 - h**2 / 4)"),
    ("return jnp.array([psi, w[1] - step", "return jnp.array([psi, w[1] + step"),
]
