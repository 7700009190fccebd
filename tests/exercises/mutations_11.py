"""Changes of signs and factors in lesson 11 that one of its checks must notice."""

MUTATIONS = [
    # 1: the chain rule, and bits a character
    ("p1[:, None, None] * p2[:, :, None] * p3", "p1[None, None, :] * p2[:, :, None] * p3"),
    ("p1[:, None, None] * p2[:, :, None] * p3", "p1[:, None, None] + p2[:, :, None] * p3"),
    ("B = -np.log2([", "B = np.log2(["),
    ("B = -np.log2([", "B = -np.log(["),
    ("2 ** (-3 * B)", "2 ** (-B)"),
    # 2: counting, by Witten and Bell
    ("(after[c] + k * shorter) / (N + k)", "(after[c] + shorter) / (N + k)"),
    ("(after[c] + k * shorter) / (N + k)", "(after[c] - k * shorter) / (N + k)"),
    ("(after[c] + k * shorter) / (N + k)", "(after[c] + k * shorter) / N"),
    ("by_counting(text, history[1:], c)", "by_counting(text, history[:-1], c)"),
    ("else 1 / len(alphabet)", "else 0"),
    # 3: Elman's network
    ('w["weight_hh"] @ h + w["bias_ih"]', 'w["weight_hh"] @ -h + w["bias_ih"]'),
    ('return np.tanh(w["weight_ih"] @ x', 'return 2 * np.tanh(w["weight_ih"] @ x'),
    ('@ h + w["bias_ih"] + w["bias_hh"])', '@ h + w["bias_ih"] - w["bias_hh"])'),
    # 4: back-propagation through time
    ("delta[t] = (1 - h[t] ** 2)", "delta[t] = (1 + h[t] ** 2)"),
    ("delta[t] = (1 - h[t] ** 2)", "delta[t] = (1 - h[t])"),
    ("- np.eye(5)[y]", "+ np.eye(5)[y]"),
    ('w["V"].T @ error[t] + later)', 'w["V"].T @ error[t] - later)'),
    ('later = w["U"].T @ delta[t]', 'later = w["U"] @ delta[t]'),
    ('"U": delta.T @ before', '"U": delta.T @ h'),
    ('"W": delta.T @ xs', '"W": -delta.T @ xs'),
    ('"b": delta.sum(0)', '"b": delta.mean(0)'),
    # 5: the Jacobian over a distance, and the spectral radius
    ("np.diag(1 - h[k] ** 2) @", "np.diag(1 + h[k] ** 2) @"),
    ('np.diag(1 - h[k] ** 2) @ w["U"] @ product', 'product @ np.diag(1 - h[k] ** 2) @ w["U"]'),
    ("range(2, 6):\n    product", "range(1, 6):\n    product"),
    ("np.testing.assert_allclose(root, rho", "np.testing.assert_allclose(root, sigma"),
    ("(sizes[50] / sizes[20]) ** (1 / 30)", "(sizes[20] / sizes[50]) ** (1 / 30)"),
    # 6: clipping
    ("g * min(1, most / norm)", "g * max(1, most / norm)"),
    ("g * min(1, most / norm)", "g * min(1, norm / most)"),
    ("norm = float(np.sqrt(sum(np.sum(g**2)", "norm = float((sum(np.sum(g**2)"),
    # 7: the GRU
    ("return (1 - z) * n + z * h", "return z * n + (1 - z) * h"),
    ("return (1 - z) * n + z * h", "return (1 - z) * n - z * h"),
    ("n = np.tanh(x_n + r * h_n)", "n = np.tanh(x_n + h_n)"),
    ("r, z = sigmoid(x_r + h_r)", "r, z = sigmoid(x_r - h_r)"),
    # 8: the LSTM
    ("c = sigmoid(f) * c + sigmoid(i)", "c = sigmoid(f) * c - sigmoid(i)"),
    ("c = sigmoid(f) * c + sigmoid(i)", "c = sigmoid(i) * c + sigmoid(f)"),
    ("return c, sigmoid(o) * np.tanh(c)", "return c, sigmoid(o) * c"),
    # 9: the path along the cell
    ("np.diag(np.prod(forget, axis=0))", "np.diag(np.sum(forget, axis=0))"),
    ("np.diag(np.prod(forget, axis=0))", "np.diag(np.prod(forget[1:], axis=0))"),
    # 10: temperature
    ("powers = p ** (1 / tau)", "powers = p**tau"),
    ("jax.nn.softmax(o / tau), powers", "jax.nn.softmax(-o / tau), powers"),
    ("jax.nn.softmax(o / 0.01), [1, 0, 0]", "jax.nn.softmax(o * 0.01), [1, 0, 0]"),
]
