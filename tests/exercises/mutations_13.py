"""Changes of signs and factors in lesson 13 that one of its checks must notice."""

MUTATIONS = [
    # 1: weights and context
    ("terms = [np.exp(e_j / tau) for e_j in e]", "terms = [np.exp(e_j * tau) for e_j in e]"),
    ("terms = [np.exp(e_j / tau) for e_j in e]", "terms = [np.exp(-e_j / tau) for e_j in e]"),
    ("-((q[:, None] - k) ** 2) / 2  # shape", "-((q[:, None] - k) ** 2)  # shape"),
    # 2: a kernel is a dot product and the key's length
    ("opened = q[:, None] * k - k**2 / 2", "opened = q[:, None] * k + k**2 / 2"),
    ("opened = q[:, None] * k - k**2 / 2", "opened = q[:, None] * k - k**2"),
    ("opened = q[:, None] * k - k**2 / 2", "opened = q[:, None] * k"),
    # 3: the Jacobian
    ("J, (np.diag(p) - np.outer(p, p)) / tau", "J, (np.diag(p) + np.outer(p, p)) / tau"),
    ("J, (np.diag(p) - np.outer(p, p)) / tau", "J, (np.diag(p) - np.outer(p, p)) * tau"),
    ("attention.softmax_jacobian(p) / tau, J", "attention.softmax_jacobian(p), J"),
    # 4: what a score is worth
    ("p * (values[:, 0] - p @ values[:, 0]) / tau", "p * (p @ values[:, 0] - values[:, 0]) / tau"),
    ("p * (values[:, 0] - p @ values[:, 0]) / tau", "p * (values[:, 0] - p @ values[:, 0])"),
    ("p * (values[:, 0] - p @ values[:, 0]) / tau", "p * values[:, 0] / tau"),
    # 5: the limits
    ("2 * np.exp(-0.5 / 0.08)", "np.exp(-0.5 / 0.08)"),
    ("2 * np.exp(-0.5 / 0.08)", "2 * np.exp(0.5 / 0.08)"),
    ("(e - e.mean()) / 4, rtol=2e-2", "(e - e.mean()), rtol=2e-2"),
    ("(e - e.mean()) / 4, rtol=2e-2", "(e.mean() - e) / 4, rtol=2e-2"),
    ("(1e-6, v[jnp.abs(q[40] - k).argmin()])", "(1e-6, v.mean())"),
    # 6: entropy against temperature
    ("variance / tau**3, rtol=1e-3", "variance / tau**2, rtol=1e-3"),
    ("variance / tau**3, rtol=1e-3", "-variance / tau**3, rtol=1e-3"),
    ("variance = a @ (e - a @ e) ** 2", "variance = a @ e**2"),
    # 7: the square root
    ("variances[False][2:], WIDTHS[2:]", "variances[False][2:], np.sqrt(WIDTHS[2:])"),
    ("scale = np.sqrt(d) if root else 1.0", "scale = d if root else 1.0"),
    ("scale = np.sqrt(d) if root else 1.0", "scale = np.sqrt(2 * d) if root else 1.0"),
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
    ("1 - 2 * 1 / (2 + 3)", "2 * 1 / (2 + 3)"),
    ("len(a & b) for a, b in zip(found, gold", "len(a | b) for a, b in zip(found, gold"),
]
