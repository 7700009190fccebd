"""Changes of signs and factors in lesson 12 that one of its checks must notice."""

MUTATIONS = [
    # Equations
    # 1: the chain rule
    ("p_finished.sum() + p_unfinished.sum(), 1,", "p_finished.sum() - p_unfinished.sum(), 1,"),
    ("product *= jax.nn.softmax", "product += jax.nn.softmax"),
    ("padded[:, :-1], 0, BOS, axis=1)", "padded[:, :-1], 0, EOS, axis=1)"),
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
    ("(best, M / A**n)", "(best, M / A)"),
    ("(best, M / A**n)", "(best, 2 * M / A**n)"),
    (">= k * np.log2(A) - 1]", ">= k * np.log2(A) + 1]"),
    ("np.log2(M) >= k", "np.log(M) >= k"),
    # Figures
    ("np.add.at(counts, tuple(lengths.T), 1)", "np.add.at(counts, tuple(lengths.T), 2)"),
    ("counts = np.zeros(lengths.max(axis=0) + 1)", "counts = np.ones(lengths.max(axis=0) + 1)"),
    (
        "right[:, lengths == n].mean(axis=1) for n in kinds",
        "right[:, lengths >= n].mean(axis=1) for n in kinds",
    ),
    ("binned = day_length // 4 * 4 + 2", "binned = day_length // 4 * 4 + 4"),
    ("columns.append(jax.nn.softmax(logits[0])[2:])", "columns.append(logits[0][2:])"),
    (
        "columns.append(jax.nn.softmax(logits[0])[2:])",
        "columns.append(jax.nn.softmax(-logits[0])[2:])",
    ),
    # Baselines
    (
        "scores.matches([train.target[i] for i in place]",
        "scores.matches([train.source[i] for i in place]",
    ),
    (
        "near.kneighbors(count.transform(test.source)",
        "near.kneighbors(count.transform(test.target)",
    ),
    # Reported numbers
    ("long = length > 5", "long = length > 4"),
    ("long = length > 5", "long = length < 6"),
    ("return 100 * right[:, chosen].mean(axis=1)", "return right[:, chosen].mean(axis=1)"),
    ("return 100 * right[:, chosen].mean(axis=1)", "return 100 * right.mean(axis=1)"),
    ("behind = np.roll(broken, 1, axis=1) & real", "behind = broken & real"),
    ("np.cumsum(~free & real, axis=1) > 0", "np.cumsum(~free & real, axis=1) > 1"),
    (
        "return by_teacher[behind].mean(), free[behind]",
        "return free[behind].mean(), by_teacher[behind]",
    ),
    ("return max(0.0, letters * np.log2(A) - 1)", "return max(0.0, letters * np.log(A) - 1)"),
    ("return max(0.0, letters * np.log2(A) - 1)", "return max(0.0, letters * np.log2(A))"),
]
