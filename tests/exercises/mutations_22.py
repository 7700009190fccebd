"""Changes of signs and factors in lesson 22 that one of its checks must notice."""

MUTATIONS = [
    # 1: the roofline
    (
        "return np.minimum(peak, bandwidth * intensity)",
        "return np.maximum(peak, bandwidth * intensity)",
    ),
    (
        "return np.minimum(peak, bandwidth * intensity)",
        "return np.minimum(peak, bandwidth / intensity)",
    ),
    ("slowest = max(F / 3e11, B / 2e10)", "slowest = min(F / 3e11, B / 2e10)"),
    # 2: a matrix product
    ("assert work == 2 * n * m * k", "assert work == n * m * k"),
    ("assert traffic == 4 * (n * k + k * m + n * m)", "assert traffic == 4 * (n * k + k * m)"),
    (
        "assert traffic == 4 * (n * k + k * m + n * m)",
        "assert traffic == 2 * (n * k + k * m + n * m)",
    ),
    ("== (row.size, 12 * row.size)", "== (row.size, 8 * row.size)"),
    # 3: layouts
    ("[[i * columns + j for j", "[[i * rows + j for j"),
    ("[[i + j * columns for j", "[[i + j * rows for j"),
    # 4: rounding
    (
        "u, limit = 2.0**-p, jnp.array(2.0**p, dtype)",
        "u, limit = 2.0**-p, jnp.array(2.0**p / 2, dtype)",
    ),
    (
        "u, limit = 2.0**-p, jnp.array(2.0**p, dtype)",
        "u, limit = 2.0**(1 - p), jnp.array(2.0**p, dtype)",
    ),
    ("0.98 * u / 2, dtype) == theta", "0.98 * u, dtype) == theta"),
    ("1.02 * u / 2, dtype) != theta", "1.02 * u / 4, dtype) != theta"),
    # 5: the state of Adam
    ("assert abs(held - 16 * N) <= 64", "assert abs(held - 12 * N) <= 64"),
    ("gradient_bytes = bytes_of(state", "gradient_bytes = 0 * bytes_of(state"),
    # 6: rematerialisation
    ("predicted = {k: L / k + k for k in sizes}", "predicted = {k: L / k - k for k in sizes}"),
    ("predicted = {k: L / k + k for k in sizes}", "predicted = {k: L / k + 2 * k for k in sizes}"),
    ("min(predicted.values()) == 2 * np.sqrt(L)", "min(predicted.values()) == np.sqrt(L)"),
    # 7: the mean of equal parts
    ("for part in parts) / len(parts)", "for part in parts)"),
    ("for part in parts) / len(parts)", "for part in parts) / len(examples)"),
    # 8: the mean of means
    ("naive - right, -covariance / counts.mean()", "naive - right, covariance / counts.mean()"),
    ("naive - right, -covariance / counts.mean()", "naive - right, -covariance"),
    # 9: Amdahl
    ("return 1 / (s + (1 - s) / n)", "return 1 / (s + (1 - s) * n)"),
    ("return 1 / (s + (1 - s) / n)", "return 1 / (s + 1 / n)"),
    # 10: the ring
    (
        "return 2 * (n - 1) * (size / (n * bandwidth) + latency)",
        "return 2 * (n - 1) * (size / bandwidth + latency)",
    ),
    (
        "return 2 * (n - 1) * (size / (n * bandwidth) + latency)",
        "return (n - 1) * (size / (n * bandwidth) + latency)",
    ),
    ("* (size / (n * bandwidth) + latency)", "* (size / (n * bandwidth) + n * latency)"),
    ("assert sum(sent) == 2 * (n - 1) / n *", "assert sum(sent) == 2 *"),
]
