"""A translator's first embeddings, from counts: which tokens of both languages go together."""

from __future__ import annotations

import numpy as np
import scipy.sparse

from karpa_helpers.data.rows import check_pairs
from karpa_helpers.data.vocabulary import PAD


def association(
    source: np.ndarray, target: np.ndarray, source_size: int, target_size: int
) -> np.ndarray:
    """How much oftener than by chance source token i and target token j stand in one pair.

    With n pairs, n_i of which hold token i, n_j token j and n_ij both,
        A_ij = max(0, log(n n_ij / (n_i n_j))) d_ij,    the positive pointwise mutual information,
        d_ij = n_ij / (n_ij + 1) * m / (m + 1),  m = min(n_i, n_j),    smaller for rare tokens.

    Args:
        source: Token numbers with PAD anywhere, (n, S).
        target: Token numbers with PAD anywhere, (n, T), of the same pairs.
        source_size: I, the tokens of the source's vocabulary.
        target_size: J, those of the target's.

    Returns:
        A, float32, shape (I, J); 0 where n_ij is 0.

    Raises:
        ValueError: The sides differ in number, or there is no pair.

    References:
        Church, Hanks. Word Association Norms, Mutual Information, and Lexicography. Computational
        Linguistics 16, 1990. Pantel, Lin. Discovering Word Senses from Text. KDD 2002 (d).
    """
    check_pairs(source, target)
    one, other = _holds(source, source_size), _holds(target, target_size)
    both = (one.T @ other).tocoo()
    n_i, n_j = np.asarray(one.sum(axis=0))[0, both.row], np.asarray(other.sum(axis=0))[0, both.col]
    rarer = np.minimum(n_i, n_j)
    trust = both.data / (both.data + 1) * rarer / (rarer + 1)
    found = np.zeros((source_size, target_size), np.float32)
    found[both.row, both.col] = trust * np.maximum(0, np.log(len(source) * both.data / (n_i * n_j)))
    return found


def embeddings(table: np.ndarray, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors whose products come as near to an association as so narrow ones can.

    With the largest singular values A ~ U S V^T, the rows of U sqrt(S) R and of V sqrt(S) R. A
    rotation R, drawn by lot, leaves all products as they are; without it the first columns would
    hold far larger numbers than the last.

    Args:
        table: A, shape (I, J), from `association`.
        width: W, the length of a vector.
        seed: Decides the rotation, and the last digits of the singular vectors.

    Returns:
        (I, W) and (J, W), float32. Where min(I, J) < W, the rest of the space stays empty.

    References:
        Levy, Goldberg. Neural Word Embedding as Implicit Matrix Factorization. NIPS 2014. Halko,
        Martinsson, Tropp. Finding Structure with Randomness. SIAM Review 53, 2011,
        arXiv:0909.4061.
    """
    from sklearn.utils.extmath import randomized_svd  # here: it is slow to import

    rank = min(width, *table.shape)
    left, values, right = randomized_svd(table, rank, n_iter=2, random_state=seed)
    noise = np.random.default_rng(seed).normal(size=(width, width))
    rotation = np.linalg.qr(noise)[0][:rank]
    root = np.sqrt(values)
    return tuple(((side * root) @ rotation).astype(np.float32) for side in (left, right.T))


def _holds(rows: np.ndarray, size: int) -> scipy.sparse.csr_matrix:
    """Which row holds which token: ones, shape (n, size)."""
    place, column = np.nonzero(rows != PAD)
    counts = scipy.sparse.csr_matrix(
        (np.ones(len(place)), (place, rows[place, column])), (len(rows), size)
    )
    counts.data[:] = 1  # a token that a row holds twice was added up
    return counts
