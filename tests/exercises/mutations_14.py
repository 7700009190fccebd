"""Changes of signs and factors in lesson 14 that one of its checks must notice."""

MUTATIONS = [
    # 1: the pair that is joined
    ("n[pair] += times", "n[pair] += 1"),
    ("best = max(n, key=n.get)", "best = min(n, key=n.get)"),
    ("(joined[-1], part) == pair", "(part, joined[-1]) == pair"),
    # 2: input feeding, attention, readout
    ("np.concatenate([E[y], r]))[0])", "np.concatenate([E[y], 0 * r]))[0])"),
    ("np.concatenate([E[y], r]))[0])", "np.concatenate([E[y], -r]))[0])"),
    ("e = s @ W @ h.T", "e = s @ W.T @ h.T"),
    ("np.concatenate([a @ h, s]) @ W_c", "np.concatenate([s, a @ h]) @ W_c"),
    ("@ W_c + tiny.to_readout.bias", "@ W_c - tiny.to_readout.bias"),
    ("r = np.tanh(np.concatenate", "r = 2 * np.tanh(np.concatenate"),
    # 3: tied logits
    (
        "o = E @ (r @ W_o + a @ F[x] @ M) + tiny.bias",
        "o = -E @ (r @ W_o + a @ F[x] @ M) + tiny.bias",
    ),
    (
        "o = E @ (r @ W_o + a @ F[x] @ M) + tiny.bias",
        "o = E @ (r @ W_o + a @ F[x] @ M) - tiny.bias",
    ),
    (
        "o = E @ (r @ W_o + a @ F[x] @ M) + tiny.bias",
        "o = E @ (r @ W_o - a @ F[x] @ M) + tiny.bias",
    ),
    # 4: smoothed labels
    ("q = (1 - epsilon) * jax", "q = (1 + epsilon) * jax"),
    ("one_hot(y, V) + epsilon / V\n", "one_hot(y, V) + epsilon\n"),
    ("one_hot(y, V) + epsilon / V\n", "one_hot(y, V) - epsilon / V\n"),
    ("L = -jnp.sum(q", "L = jnp.sum(q"),
    # 5: the best lead
    ("jnp.log(1 + V * (1 - epsilon)", "jnp.log(V * (1 - epsilon)"),
    ("jnp.log(1 + V * (1 - epsilon)", "jnp.log(1 + V * (1 + epsilon)"),
    ("lead = jnp.log(", "lead = 2 * jnp.log("),
    # 6 and 7: a matrix that moves alike along all its directions
    ("X = 1.5 * X - 0.5 * X @ X.T @ X", "X = 1.5 * X - X @ X.T @ X"),
    ("X = 1.5 * X - 0.5 * X @ X.T @ X", "X = 1.5 * X + 0.5 * X @ X.T @ X"),
    ("X = 1.5 * X - 0.5 * X @ X.T @ X", "X = X - 0.5 * X @ X.T @ X"),
    ("np.testing.assert_allclose(X, u @ v,", "np.testing.assert_allclose(X, u * sigma @ v,"),
    # 8: the beam and its length penalty
    ("total / ((5 + l) / 6)", "total / ((6 + l) / 6)"),
    ("total / ((5 + l) / 6)", "total * ((5 + l) / 6)"),
    ("total / ((5 + l) / 6)", "total / ((5 + l) / 5)"),
    ("grown.append((total + log_p[k]", "grown.append((total - log_p[k]"),
    ("sorted(grown, key=lambda x: -x[0])", "sorted(grown, key=lambda x: x[0])"),
    # 9: clipped precision
    ("most |= ngrams(other, n)", "most += ngrams(other, n)"),
    ("most |= ngrams(other, n)", "most &= ngrams(other, n)"),
    ("(ngrams(tokens, n) & most)", "(ngrams(tokens, n) | most)"),
    ("total[n - 1] += ngrams(tokens, n)", "total[n - 1] += most"),
    # 10: brevity and the geometric mean
    ("min(1, np.exp(1 - r / c))", "np.exp(1 - r / c)"),
    ("min(1, np.exp(1 - r / c))", "min(1, np.exp(1 - c / r))"),
    ("min(1, np.exp(1 - r / c))", "min(1, c / r)"),
    ("np.prod(hits / total) ** (1 / 4)", "np.prod(hits / total) ** (1 / 2)"),
    ("np.prod(hits / total) ** (1 / 4)", "np.mean(hits / total)"),
    ("min((abs(len(other) - len(tokens)), len(other))", "min((len(other), len(other))"),
    # 11: the F-score of characters
    ("(1 + 2**2) * P.mean()", "(1 + 2) * P.mean()"),
    ("(2**2 * P.mean() + Q.mean())", "(P.mean() + 2**2 * Q.mean())"),
    ("(2**2 * P.mean() + Q.mean())", "(2 * P.mean() + Q.mean())"),
    ('ngrams("".join(b.split()), n))', "ngrams(b, n))"),
    ("both = sum((a & b).total()", "both = sum((a | b).total()"),
]
