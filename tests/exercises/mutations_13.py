"""Changes of signs and factors in lesson 13 that one of its checks must notice."""

MUTATIONS = [
    # Equations
    # 1: weights and context
    ("terms = [np.exp(e_j / tau) for e_j in e]", "terms = [np.exp(e_j * tau) for e_j in e]"),
    ("terms = [np.exp(e_j / tau) for e_j in e]", "terms = [np.exp(-e_j / tau) for e_j in e]"),
    ("-((q[:, None] - k) ** 2) / 2  # shape", "-((q[:, None] - k) ** 2)  # shape"),
    # 2: a kernel is a dot product and the key's length
    ("opened = q[:, None] * k - k**2 / 2", "opened = q[:, None] * k + k**2 / 2"),
    ("opened = q[:, None] * k - k**2 / 2", "opened = q[:, None] * k - k**2"),
    ("opened = q[:, None] * k - k**2 / 2", "opened = q[:, None] * k"),
    # 3: the Jacobian
    ("by_formula = (np.diag(p) - np.outer", "by_formula = (np.diag(p) + np.outer"),
    ("by_formula = (np.diag(p)", "by_formula = tau * (np.diag(p)"),
    ("attention.softmax_jacobian(p) / tau, J", "attention.softmax_jacobian(p), J"),
    # 4: what a score is worth
    ("p * (values[:, 0] - p @ values[:, 0]) / tau", "p * (p @ values[:, 0] - values[:, 0]) / tau"),
    ("p * (values[:, 0] - p @ values[:, 0]) / tau", "p * (values[:, 0] - p @ values[:, 0])"),
    ("p * (values[:, 0] - p @ values[:, 0]) / tau", "p * values[:, 0] / tau"),
    # 5: the limits
    ("2 * np.exp(-0.5 / 0.08)", "np.exp(-0.5 / 0.08)"),
    ("2 * np.exp(-0.5 / 0.08)", "2 * np.exp(0.5 / 0.08)"),
    ("(four - four.mean()) / 4, rtol=2e-2", "(four - four.mean()), rtol=2e-2"),
    ("(four - four.mean()) / 4, rtol=2e-2", "(four.mean() - four) / 4, rtol=2e-2"),
    ("(1e-6, v[jnp.abs(q[40] - k).argmin()])", "(1e-6, v.mean())"),
    # 6: entropy against temperature
    ("by_variance = variance / tau**3", "by_variance = variance / tau**2"),
    ("by_variance = variance / tau**3", "by_variance = -variance / tau**3"),
    ("variance = a @ (four - a @ four) ** 2", "variance = a @ four**2"),
    # 7: the square root
    ("(False, WIDTHS), (True", "(False, np.sqrt(WIDTHS)), (True"),
    ("/ (np.sqrt(d) if root else 1.0))", "/ (d if root else 1.0))"),
    ("/ (np.sqrt(d) if root else 1.0))", "/ (np.sqrt(2 * d) if root else 1.0))"),
    # 8: three scores
    ("q_t @ W @ k_j,", "k_j @ W @ q_t,"),
    ("u @ np.tanh(q_t @ Wq + k_j @ Wk)", "u @ np.tanh(q_t @ Wq - k_j @ Wk)"),
    ("u @ np.tanh(q_t @ Wq + k_j @ Wk)", "u @ (q_t @ Wq + k_j @ Wk)"),
    ('score["dot"](Q, K) / np.sqrt(d), K)', 'score["dot"](Q, K) / d, K)'),
    # 9: in the encoder-decoder
    ("s_1[n] @ model.score.weight[...] @ h_j", "h_j @ model.score.weight[...] @ s_1[n]"),
    ("s_1[n] @ model.score.weight[...] @ h_j", "h_j @ model.score.weight[...] @ h_j"),
    ("np.where(source[n] != PAD, np.exp(e), 0)", "np.exp(e)"),
    ("np.concatenate([np.array(contexts), s_1], axis=1)", "np.concatenate([s_1, s_1], axis=1)"),
    # 10: the alignment error rate
    ("return 1 - 2 * both / sum(", "return 1 - both / sum("),
    ("(*tiny), 1 - 2 * 1 / (2 + 3))", "(*tiny), 2 * 1 / (2 + 3))"),
    ("len(a & b) for a, b in zip(found, gold", "len(a | b) for a, b in zip(found, gold"),
    # Figures
    ("near = jnp.exp(-(squares", "near = jnp.exp((squares"),
    ("/ (2 * tau))", "/ tau)"),
    ("return near @ v / near.sum(axis=1)", "return near @ v"),
    (
        "curves = jax.vmap(lambda tau: attention.softmax(four, temperature=tau))",
        "curves = jax.vmap(lambda tau: attention.softmax(four, temperature=1 / tau))",
    ),
    ("divisor = np.sqrt(d) if root else 1.0", "divisor = d if root else 1.0"),
    ("(np.eye(16) - a[:, None, :])", "(np.eye(16) + a[:, None, :])"),
    ("by_query = jacobian @ keys / divisor", "by_query = jacobian @ keys"),
    ("return 100 * right[lengths == n].mean()", "return 100 * right[lengths >= n].mean()"),
    ("return 100 * right[lengths == n].mean()", "return 100 * right.mean()"),
    ("attention.entropy(first_rows) / np.log(places)", "attention.entropy(first_rows) / places"),
    ("heated_shares.append(100 * whole", "heated_shares.append(101 - 100 * whole"),
    (
        "(np.diag(p) - np.outer(p, p)) / tau\n\n\ndef draw_softmax",
        "(np.diag(p) - np.outer(p, p))\n\n\ndef draw_softmax",
    ),
    ("model.score.vector[...] / tau", "model.score.vector[...] * tau"),
    # Baselines
    ("linked[a[i]][b[t]] += 1", "linked[a[i]][a[i]] += 1"),
    (
        "stretch = (source_words - 1) / max(target_words - 1, 1)",
        "stretch = source_words / max(target_words - 1, 1)",
    ),
    ("return {(round(t * stretch), t)", "return {(t, round(t * stretch))"),
    # Reported numbers
    ("- keys[..., 0] ** 2 / 2", "+ keys[..., 0] ** 2 / 2"),
    (
        "return np.array([a == b for a, b in zip(written, truth",
        "return np.array([a != b for a, b in zip(written, truth",
    ),
    ("enumerate(a.argmax(axis=1)) if i < closing}", "enumerate(a.argmax(axis=1))}"),
    ("closing = source_words - 1", "closing = source_words"),
    (
        "return set({t: (i, t) for i, t in sorted(links)}.values())",
        "return set({i: (i, t) for i, t in sorted(links)}.values())",
    ),
]
