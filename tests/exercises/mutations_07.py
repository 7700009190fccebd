"""Changes of lesson 07's formulas; a check must notice each."""

MUTATIONS = [
    # equation 1
    ("value = -jnp.log(2.0) - jax.nn.softplus", "value = -jnp.log(2.0) + jax.nn.softplus"),
    # equation 2
    ("jnp.array([-s * theta, (1 - s) * psi])", "jnp.array([s * theta, (1 - s) * psi])"),
    ("jnp.array([-s * theta, (1 - s) * psi])", "jnp.array([-s * theta, s * psi])"),
    # equation 3
    ("np.array([[0, -c], [c, 0]])", "np.array([[0, c], [-c, 0]])"),
    ("losses.MINIMAX: 1 / 2,", "losses.MINIMAX: 1.0,"),
    # equation 4
    ("np.sqrt(1 + eta**2 * 1.0**2)", "np.sqrt(1 - eta**2 * 1.0**2)"),
    ("np.sqrt(1 + eta**2 * 1.0**2)", "np.sqrt(1 + eta * 1.0**2)"),
    # equations 5 and 6
    ("gamma**2 / 4 - c**2))", "gamma**2 - c**2))"),
    ("[-gamma / 2 - root, -gamma / 2 + root]", "[-gamma - root, -gamma + root]"),
    ("limit = gamma / c**2", "limit = gamma / c"),
    # the helper's penalties
    ("assert jnp.isclose(losses.r1(line, *points, key), 1.4**2 / 2)",
     "assert jnp.isclose(losses.r1(line, *points, key), 1.4**2)"),
    # equation 7
    ("share * np.log(4 * share)", "share * np.log(share)"),
    # equation 8
    ("self.kernel[...] / self.largest()", "self.kernel[...] * self.largest()"),
    ("W.T @ (v / jnp.linalg.norm(v))", "W.T @ jnp.ones(len(v))"),
    # equation 9
    ("jnp.exp(on_fake - on_real)", "jnp.exp(on_real - on_fake) * 1.0"),
    ("jnp.mean(jnp.log(1 + jnp.exp(on_real - on_fake)))",
     "-jnp.mean(jnp.log(1 + jnp.exp(on_real - on_fake)))"),
    ("squares[0] / 2 + squares[1] / 2", "squares[0] / 2 + squares[1]"),
]  # fmt: skip
