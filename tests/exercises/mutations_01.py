"""Changes in lesson 01 that one of its checks must notice."""

MUTATIONS = [
    # equations: powers count walks, and the first power that reaches is the distance
    ("by_matrix = np.linalg.matrix_power(A, 3)", "by_matrix = np.linalg.matrix_power(A, 2)"),
    ("by_matrix = np.linalg.matrix_power(A, 3)", "by_matrix = 2 * np.linalg.matrix_power(A, 3)"),
    ("A[i, j] = A[j, i] = 1", "A[i, j] = 1"),
    ("A[i, j] = A[j, i] = 1", "A[i, j] = A[j, i] = -1"),
    ("range(6), repeat=2)", "range(4), repeat=2)"),
    ("for k in range(len(A))])", "for k in range(1, len(A))])"),
    ("for k in range(len(A))])", "for k in range(2)])"),
    ("reached.any(axis=0), first, np.inf)", "reached.any(axis=0), first, 0)"),
    ("first = reached.argmax(axis=0)", "first = reached.sum(axis=0)"),
    # figures: the maps before and after, the timeline's years
    (
        'after = lesson_01.adjacency(names, data.pairs("article", "repair"))',
        'after = lesson_01.adjacency(names, data.pairs("article"))',
    ),
    (
        'before = lesson_01.adjacency(names, data.pairs("article"))',
        'before = lesson_01.adjacency(names, data.pairs("article", "repair"))',
    ),
    ('event.kind == "published"', 'event.kind != "position"'),
    # baseline: the search that (2) is compared with
    ("searched = csgraph", "searched = 1 + csgraph"),
    ("unweighted=True)\n", "unweighted=True) / 2\n"),
    # reported numbers: islands, distances, who came first
    (".islands(matrix).max() + 1 for", ".islands(matrix).max() for"),
    ("names, rest)).max() + 1)", "names, rest)).max() + 2)"),
    ("if pair != cut]", "if pair[1] != cut[1]]"),
    ("key=lambda paper: paper.arxiv)", "key=lambda paper: paper.year)"),
    ("== len(walks[0]) - 1", "== len(walks[0])"),
]
