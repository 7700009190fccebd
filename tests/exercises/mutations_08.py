"""Changes of lesson 08's formulas, each of which a check behind it must notice."""

MUTATIONS = [
    ("softplus(o_fake - o_real).mean(), softplus", "softplus(o_real - o_fake).mean(), softplus"),
    ("softplus(o_real - o_fake).mean()\n", "softplus(o_fake - o_real).mean()\n"),
    ("((x**2).sum(1).mean() + (fake**2).sum(1).mean()) / 2", "((x**2).sum(1).mean()) / 2"),
    ("R, w[0] @ w[0]", "R, w[0] @ w[0] / 2"),
    ("(1 + np.cos(np.pi * t / T)) / 2", "(1 - np.cos(np.pi * t / T)) / 2"),
    ("np.eye(len(image), k=-rows)", "np.eye(len(image), k=rows)"),
    ("0.5 * (slopes(D, x) ** 2)", "(slopes(D, x) ** 2)"),
    ("softplus(network(D, drawn) - network(D, seen))", "softplus(network(D, seen))"),
    ("np.abs(a / n - b / m).sum(1) / 2", "np.abs(a / n - b / m).sum(1)"),
    ("np.sqrt(2 / np.pi * r * (1 - r)", "np.sqrt(r * (1 - r)"),
    ("<= total(p, q) + 1e-12", "<= total(p, q) / 4"),
    ("/ np.sqrt(K)", "/ K"),
    ("c[:, k] * outputs[:, 1 + k]", "c[:, k] * outputs[:, k]"),
    ("x + 2.0 * (x - np", "x + 2.0 * (x + np"),
    ("B[-1, -1] = 3 / 4", "B[-1, -1] = 1"),
    ("0.5**2 * lesson_08.LATENT", "0.5 * lesson_08.LATENT"),
]
