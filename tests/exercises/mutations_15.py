"""Changes of signs and factors in lesson 15 that one of its checks must notice."""

MUTATIONS = [
    # 1: heads
    ("Q @ K.T / np.sqrt(D // H), mask)", "Q @ K.T / np.sqrt(D), mask)"),
    ("Q @ K.T / np.sqrt(D // H), mask)", "Q @ K.T, mask)"),
    ("outputs.append(A @ V)", "outputs.append(A.T @ V)"),
    ("own = slice(h * D // H, (h + 1) * D // H)", "own = slice(h, D, H)"),
    # 2: permutations
    ("helper(P @ X), P @ helper(X)", "helper(P @ X), P.T @ helper(X)"),
    ("helper(P @ X), P @ helper(X)", "helper(P @ X), helper(X)"),
    ("stack(P @ X), P @ stack(X)", "stack(P @ X), P.T @ stack(X)"),
    # 3: sinusoids
    ("omega = 10000.0 ** (-np.arange(0, 32, 2) / 32)", "omega = 10000.0 ** (-np.arange(16) / 32)"),
    ("S[p, 0::2], np.sin(p * omega)", "S[p, 0::2], -np.sin(p * omega)"),
    ("S[p, 1::2], np.cos(p * omega)", "S[p, 1::2], np.sin(p * omega)"),
    # 4: a shift is a rotation
    ("[[np.cos(k * w), np.sin(k * w)]", "[[np.cos(k * w), -np.sin(k * w)]"),
    ("[-np.sin(k * w), np.cos(k * w)]", "[np.sin(k * w), np.cos(k * w)]"),
    ("np.cos(k * omega).sum(), rtol", "np.sin(k * omega).sum(), rtol"),
    ("np.cos(k * omega).sum(), rtol", "2 * np.cos(k * omega).sum(), rtol"),
    # 5: the causal mask
    ("jax.jit(jax.jacrev(stack))(X, causal)", "jax.jit(jax.jacrev(stack))(X)"),
    ("(size[np.triu_indices(n, 1)] == 0).all()", "(size[np.triu_indices(n)] == 0).all()"),
    # 6: norm and branches
    ("(x - mean) / np.sqrt(variance + 1e-6)", "(x - mean) / (variance + 1e-6)"),
    ("X1 = X + block.attend_self(", "X1 = block.attend_self("),
    ("X2 = X1 + block.narrow(", "X2 = X + block.narrow("),
    ("block.widen(normed(X1, block.norm_mlp))", "block.widen(normed(X, block.norm_mlp))"),
    # 7: parameters
    ("(12 * width**2 + 2 * width) + width", "(12 * width**2 + 2 * width)"),
    ("(12 * width**2 + 2 * width) + width", "(8 * width**2 + 2 * width) + width"),
    ("N = (V + C) * width", "N = (2 * V + C) * width"),
    # 8: work
    ("[2 * 256, 12 * 256**2], rtol=0.05", "[4 * 256, 12 * 256**2], rtol=0.05"),
    ("[2 * 256, 12 * 256**2], rtol=0.05", "[2 * 256, 8 * 256**2], rtol=0.05"),
    # 9: the loss
    ("nats += [-float(log_p[t, c])", "nats += [float(log_p[t, c])"),
    ("window = few[start : start + CONTEXT + 1]", "window = few[start + 1 : start + CONTEXT + 1]"),
    # The cache, and teacher forcing
    ("np.testing.assert_allclose(now, logits[:, t], atol=1e-5)",
     "np.testing.assert_allclose(now, logits[:, t - 1], atol=1e-5)"),
    ("np.abs(logits[0] - whole[t]).max()", "np.abs(logits[0] - whole[t - 1]).max()"),
]  # fmt: skip
