"""Changes of formulas, figures, baselines and reported numbers that lesson 03 must notice."""

EQUATIONS = [
    # 1: a convolution, by loop
    ("np.sum(kernel * framed[top", "np.sum(-kernel * framed[top"),
    ("top, left = stride * i, stride * j", "top, left = stride * i, stride * i"),
    # 2: the kernel turned by half a turn
    (
        "by_loop(x, kernel[::-1, ::-1]), convolution",
        "by_loop(x, kernel[::-1]), convolution",
    ),
    # 3: the size of the output
    ("(n + 2 * p - d * (K - 1) - 1) // s + 1", "(n + 2 * p - d * (K - 1) - 1) // s"),
    ("(n + 2 * p - d * (K - 1) - 1) // s + 1", "(n + p - d * (K - 1) - 1) // s + 1"),
    ("(n + 2 * p - d * (K - 1) - 1) // s + 1", "(n + 2 * p - d * K - 1) // s + 1"),
    # 4: a convolution commutes with shifts
    ('mode="wrap")[None', 'mode="constant")[None'),
    # 5: the matrix
    ("v = a - stride * i + padding, b", "v = a - stride * i - padding, b"),
    ("u, v = a - stride * i", "u, v = stride * i - a"),
    ("C[i, j, a, b] = kernel[u, v]", "C[i, j, a, b] = kernel[v, u]"),
    # 6: the receptive field
    ("field + (K - 1) * step, step * s", "field + K * step, step * s"),
    ("field + (K - 1) * step, step * s", "field + (K - 1) * step, step + s"),
    # 7: the adjoint
    (
        "np.testing.assert_allclose(jax.grad(paired)(x14), C.T @ z",
        "np.testing.assert_allclose(jax.grad(paired)(x14), -C.T @ z",
    ),
    ("+= z[i, j] * kernel", "+= z[i, j] * kernel[::-1]"),
    ("+= z[i, j] * kernel", "-= z[i, j] * kernel"),
    # 8: overlapping stamps
    ("sum((u - a - p) % s == 0", "sum((u - a + p + 1) % s == 0"),
    ("(counts.var() == 0) == (K % s == 0)", "(counts.var() == 0) == (K % s == 1)"),
    # 9: the share of the checkerboard
    ("means.var() / (means**2).mean()", "means.var() / means.mean() ** 2"),
    ("fastest / (fastest + energy[0, 0])", "fastest / energy[0, 0]"),
    # 10: smoothed labels
    ("q = (1 - smoothing) * jax", "q = (1 + smoothing) * jax"),
    ("smoothing / 10\n    return -jnp", "smoothing\n    return -jnp"),
    ("return -jnp.sum(q * jax", "return jnp.sum(q * jax"),
    # the learning rate
    ("(1 + np.cos(np.pi * np.arange(T) / T)) / 2", "(1 - np.cos(np.pi * np.arange(T) / T)) / 2"),
    ("cosine = 0.002", "cosine = 0.001"),
]

FIGURES = [
    # the images of the first figure
    ("[:, order].reshape(pixels.shape)", "[:, order[::-1]].reshape(pixels.shape)"),
    # kernels by hand
    (
        '"change to the right": np.array([[-1, 0, 1]]',
        '"change to the right": np.array([[1, 0, -1]]',
    ),
    ('"change downwards": np.array([[-1, 0, 1]]', '"change downwards": np.array([[1, 0, -1]]'),
    ('"mean": np.full((3, 3), 1 / 9)', '"mean": np.full((3, 3), 1 / 3)'),
    # the matrix of one row of pixels
    ("kernel[1, 1 + i]), i)", "kernel[1, 1 - i]), i)"),
    # a boot of 14 pixels, and its doublings
    (
        "boot.reshape(14, 2, 14, 2).mean(axis=(1, 3))",
        "boot.reshape(2, 14, 2, 14).mean(axis=(0, 2))",
    ),
    ("z.repeat(2, axis=0).repeat(2, axis=1)", "stamped(z, np.ones((1, 1)), 2, 0)"),
    # augmented images
    ("np.where(flip, pixels[:, :, ::-1], pixels)", "np.where(flip, pixels[:, ::-1], pixels)"),
    # how like a kernel is to a pattern
    ("return np.abs(inner) / np.linalg", "return inner / np.linalg"),
    ("np.tensordot(pattern, kernels, axes=2)", "np.tensordot(pattern.T, kernels, axes=2)"),
    ("kernels[:, :, alike.argmax()]", "kernels[:, :, alike.argmin()]"),
    # the curve of the loss
    ("np.ones(WINDOW) / WINDOW", "np.ones(WINDOW)"),
    # the errors of the yardstick
    ("np.flatnonzero(answers != unseen.labels)", "np.flatnonzero(answers == unseen.labels)"),
    # the slider's answer
    ("== 28]\nassert keeping", "== 26]\nassert keeping"),
]

BASELINES = [
    # softmax regression and a dense network, with so many weights
    ("return Dense(rngs, (784, 10))", "return Dense(rngs, (784, 320, 10))"),
    ("widths=(784, 320, 10)", "widths=(784, 32, 10)"),
    # they learn
    ("return loss.mean(), {}", "return -loss.mean(), {}"),
    # a dense network whose weights are shuffled like the pixels
    ("first.kernel[...][order]", "first.kernel[...][order[::-1]]"),
]

NUMBERS = [
    ("return 100 * network.accuracy(test)", "return 50 * network.accuracy(test)"),
    (
        'softmax_mean = np.mean(baselines["softmax regression"])',
        'softmax_mean = np.max(baselines["softmax regression"])',
    ),
    # the interval of seed 0, the errors of the yardstick
    ("[100 * v for v in results", "[10 * v for v in results"),
    (
        "found = int((answers == unseen.labels).sum())",
        "found = int((answers != unseen.labels).sum())",
    ),
    # what a shuffle changes
    (
        'np.subtract(table[name, "shuffled"], table[name, "as it is"])',
        'np.subtract(table[name, "as it is"], table[name, "shuffled"])',
    ),
    # numbers that are not zero in a matrix
    ("C = matrix_of(kernel, 28, 1, 1)", "C = matrix_of(kernel, 28, 1, 0)"),
]

MUTATIONS = [*EQUATIONS, *FIGURES, *BASELINES, *NUMBERS]
