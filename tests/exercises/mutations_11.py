"""Changes in lesson 11 that one of its checks must notice, of four kinds."""

EQUATIONS = [
    # 1: the chain rule, and bits per character
    ("p1[:, None, None] * p2[:, :, None] * p3", "p1[None, None, :] * p2[:, :, None] * p3"),
    ("p1[:, None, None] * p2[:, :, None] * p3", "p1[:, None, None] + p2[:, :, None] * p3"),
    ("B = -np.log2([", "B = np.log2(["),
    ("B = -np.log2([", "B = -np.log(["),
    ("assert_allclose(2 ** (-3 * B)", "assert_allclose(2 ** (-B)"),
    # 2: counting, by Witten and Bell
    ("(after[y] + D * shorter) / (N + D)", "(after[y] + shorter) / (N + D)"),
    ("(after[y] + D * shorter) / (N + D)", "(after[y] - D * shorter) / (N + D)"),
    ("(after[y] + D * shorter) / (N + D)", "(after[y] + D * shorter) / N"),
    ("by_counting(text, history[1:], y)", "by_counting(text, history[:-1], y)"),
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
    ('"V": error.T @ h', '"V": error.T @ before'),
    # 5: the Jacobian over a distance, and the spectral radius
    ("np.diag(1 - h[k] ** 2) @", "np.diag(1 + h[k] ** 2) @"),
    ('np.diag(1 - h[k] ** 2) @ w["U"] @ product', 'product @ np.diag(1 - h[k] ** 2) @ w["U"]'),
    ("range(2, 6):\n    product", "range(1, 6):\n    product"),
    ('np.linalg.norm(w["U"], 2) ** 4', 'np.linalg.norm(w["U"], 2) ** -4'),
    ("np.testing.assert_allclose(root, rho", "np.testing.assert_allclose(root, largest"),
    ("(sizes[50] / sizes[20]) ** (1 / 30)", "(sizes[20] / sizes[50]) ** (1 / 30)"),
    # 6: clipping
    ("g * min(1, most / norm)", "g * max(1, most / norm)"),
    ("g * min(1, most / norm)", "g * min(1, norm / most)"),
    ("norm = float(np.sqrt(sum(np.sum(g**2)", "norm = float((sum(np.sum(g**2)"),
    # 7: the GRU
    ("return (1 - z) * proposal + z * h", "return z * proposal + (1 - z) * h"),
    ("return (1 - z) * proposal + z * h", "return (1 - z) * proposal - z * h"),
    ("proposal = np.tanh(x_h + r * h_h)", "proposal = np.tanh(x_h + h_h)"),
    ("r, z = sigmoid(x_r + h_r)", "r, z = sigmoid(x_r - h_r)"),
    # 8: the LSTM
    ("c = sigmoid(f) * c + sigmoid(i)", "c = sigmoid(f) * c - sigmoid(i)"),
    ("c = sigmoid(f) * c + sigmoid(i)", "c = sigmoid(i) * c + sigmoid(f)"),
    ("return c, sigmoid(o) * np.tanh(c)", "return c, sigmoid(o) * c"),
    # 9: the path along the cell
    ("np.prod(forget, axis=0)", "np.sum(forget, axis=0)"),
    ("np.prod(forget, axis=0)", "np.prod(forget[1:], axis=0)"),
    # 10: temperature
    ("powers = p ** (1 / tau)", "powers = p**tau"),
    ("cooled = jax.nn.softmax(a / tau)", "cooled = jax.nn.softmax(-a / tau)"),
    ("jax.nn.softmax(a / 0.01), [1, 0, 0]", "jax.nn.softmax(a * 0.01), [1, 0, 0]"),
    ("logits[:, 0] / temperature", "logits[:, 0] * temperature"),
]

FIGURES = [
    # bits over n: the two curves
    ('"new": curves["valid"]', '"new": curves["train"]'),
    ('"counted": curves["train"]', '"counted": curves["valid"]'),
    # gradients: the dashed prediction, the order of the steps, the open gates
    ("radius ** (np.arange(LENGTH) - 20.0)", "radius ** (20.0 - np.arange(LENGTH))"),
    ("radius ** (np.arange(LENGTH) - 20.0)", "radius ** (np.arange(LENGTH) / 20.0)"),
    ("axis=(0, 2))[::-1]", "axis=(0, 2))"),
    ("U.T * radius / rho", "U.T * radius / largest"),
    ("jnp.full(64, 3.0)", "jnp.full(64, -3.0)"),
    # recall: the level of guessing
    ("axes.axhline(guessing", "guessing /= 2\naxes.axhline(guessing"),
    # the sliders' bars
    ("guess(ids, mask) / temperature", "guess(ids, mask) * temperature"),
    ("jax.nn.softmax(guess(ids, mask)", "jax.nn.sigmoid(guess(ids, mask)"),
]

BASELINES = [
    ("-np.log2(guesses).mean()", "-np.log(guesses).mean()"),
    ("-np.log2(guesses).mean()", "-np.log2(guesses.mean())"),
    ('probabilities(rows["test"])', 'probabilities(rows["valid"])'),
    ('np.argmin(curves["valid"])', 'np.argmin(curves["train"])'),
    ("np.bincount(symbols[:, 0]).max()", "np.bincount(symbols[:, 0]).sum()"),
    ("-np.log2(NGrams(n, len(letters))", "-np.log(NGrams(n, len(letters))"),
    ('learned[skip:], "0 to 90 %": learned}', 'learned, "0 to 90 %": learned}'),
]

REPORTED = [
    # bits per character, of the network
    (' / jnp.sum(batch["mask"]) / jnp.log(2)', ' / jnp.sum(batch["mask"])'),
    (' / jnp.sum(batch["mask"]) / jnp.log(2)', ' / batch["mask"].size / jnp.log(2)'),
    ('jnp.sum(nats * batch["mask"])', "jnp.sum(nats)"),
    # what is said of drawn names
    ("np.mean([name in known for", "np.mean([name not in known for"),
    ("len(set(drawn)) / len(drawn)", "len(drawn) / 500"),
    # the stretches of Shakespeare, and the share recalled
    (".reshape(20, -1).mean(axis=1)", ".reshape(20, -1).max(axis=1)"),
    ('stream["test"][1 : 1 + used]', 'stream["test"][:used]'),
    ("jnp.mean(logits.argmax(-1) == ids[:, 0])", "jnp.mean(logits.argmax(-1) == ids[:, -1])"),
    ("jnp.mean(logits.argmax(-1) == ids[:, 0])", "jnp.mean(logits.argmin(-1) == ids[:, 0])"),
]

MUTATIONS = EQUATIONS + FIGURES + BASELINES + REPORTED
