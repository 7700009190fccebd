"""Changes of signs and factors in lesson 12 that one of its checks must notice."""

MUTATIONS = [
    # 1: the chain rule
    ("p_finished.sum() + p_unfinished.sum(), 1,", "p_finished.sum() - p_unfinished.sum(), 1,"),
    ("product *= jax.nn.softmax", "product += jax.nn.softmax"),
    ("rows[:, :-1], 0, BOS, axis=1)", "rows[:, :-1], 0, EOS, axis=1)"),
    # 2: the masked loss
    (
        "total -= jnp.log(jax.nn.softmax(logits[i, t])",
        "total += jnp.log(jax.nn.softmax(logits[i, t])",
    ),
    ("return total / mask.sum()", "return total / mask.size"),
    ("return total / mask.sum()", "return total / len(mask)"),
    # 3: its slope
    (
        "(jax.nn.softmax(logits) - jax.nn.one_hot(wanted, len(AB)))",
        "(jax.nn.softmax(logits) + jax.nn.one_hot(wanted, len(AB)))",
    ),
    ("* mask[..., None] / mask.sum()", "* mask[..., None] / mask.size"),
    ("* mask[..., None] / mask.sum()", "/ mask.sum()"),
    # 4: cross-entropy is not entropy
    ("return -jnp.sum(jax.nn.one_hot(y, 4)", "return jnp.sum(jax.nn.one_hot(y, 4)"),
    ("return -jnp.sum(jax.nn.softmax(o)", "return -jnp.sum(jax.nn.one_hot(y, 4)"),
    # 5, 6: reader and writer
    ("+ cell.dense_h(h))", "- cell.dense_h(h))"),
    ("code = jnp.tanh(model.to_code(h))", "code = model.to_code(h)"),
    ("jnp.tanh(model.to_carry(code)), []", "model.to_carry(code), []"),
    ("+ cell.dense_h(s))", "- cell.dense_h(s))"),
    ("[model.target_embedding(number), code]", "[model.target_embedding(number), -code]"),
    ("tokens.append(2 + int(logits[2:].argmax()))", "tokens.append(2 + int(logits[2:].argmin()))"),
    # 7: free running read off teacher forcing
    ("np.prod(by_teacher, axis=1, where=real)", "np.prod(by_teacher, axis=1)"),
    ("np.prod(by_teacher, axis=1, where=real)", "np.max(by_teacher, axis=1)"),
    # 8: the code's values
    ("best, M / A**n)", "best, M / A)"),
    ("best, M / A**n)", "best, 2 * M / A**n)"),
    (">= n * np.log2(A) - 1]", ">= n * np.log2(A) + 1]"),
    ("np.log2(M) >= n", "np.log(M) >= n"),
]
