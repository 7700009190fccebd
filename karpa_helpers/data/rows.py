"""Sentences as rows of token numbers, and groups of pairs of similar length.

Groups of few shapes leave few programs to compile and little padding to compute.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized

import numpy as np

from karpa_helpers.data.vocabulary import BOS, EOS, PAD, Tokenizer, pad

# The long tail gets narrow shares: its shape is the widest. On Tatoeba the padding then is a sixth.
SHARES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.82, 0.91, 0.97, 0.995, 1.0)

Shape = tuple[int, int]  # (S, T): columns of a group's source rows and of its target rows


def source_rows(
    texts: Sequence[str], vocabulary: Tokenizer, length: int | None = None
) -> np.ndarray:
    """Source texts as an array: tokens, EOS, then PAD.

    Args:
        texts: At least one; an empty text is EOS alone.
        vocabulary: Of the source.
        length: Of the rows, EOS included; None takes that of the longest.

    Returns:
        int32, shape (N, length).

    Raises:
        ValueError: There is no text, or one does not fit into `length`.
    """
    return pad([[*vocabulary.encode(text), EOS] for text in texts], length)


def target_rows(
    texts: Sequence[str], vocabulary: Tokenizer, length: int | None = None
) -> np.ndarray:
    """Target texts as an array: BOS, tokens, EOS, then PAD; as `source_rows`."""
    return pad([[BOS, *vocabulary.encode(text), EOS] for text in texts], length)


def check_pairs(source: Sized, target: Sized) -> None:
    """Refuses sides of different numbers, and none at all.

    Raises:
        ValueError: They are not as many, or there is no pair.
    """
    if len(source) == 0 or len(source) != len(target):
        raise ValueError(
            f"There are {len(source)} sources and {len(target)} targets; give as many of one as "
            "of the other, at least one."
        )


def pad_rows(rows: np.ndarray, count: int, axis: int = 0) -> np.ndarray:
    """Rows, or columns, of PAD behind the given ones: one shape for all batches compiles once."""
    missing = [(0, 0)] * rows.ndim
    missing[axis] = (0, count - rows.shape[axis])
    return np.pad(rows, missing, constant_values=PAD)


def shapes_for(
    source: np.ndarray, target: np.ndarray, shares: Sequence[float] = SHARES
) -> list[Shape]:
    """A few shapes, such that the given shares of the sources, and of the targets, fit into each.

    Args:
        source: Token numbers with PAD behind, (N, S).
        target: Token numbers with PAD behind, (N, T).
        shares: Growing, at most 1, which holds every pair. Each shape is compiled for itself.

    Returns:
        Shapes that grow in both sides, each one once.

    Raises:
        ValueError: There is no pair, or the shares are not such.
    """
    if len(shares) == 0 or not all(0 < share <= 1 for share in shares):
        raise ValueError(f"shares are {list(shares)}; give one or more, above 0 and at most 1.")
    edges = np.quantile(lengths_of(source, target), sorted(shares), axis=0, method="higher")
    return list(dict.fromkeys((int(s), int(t)) for s, t in edges))


def group_pairs(
    source: np.ndarray,
    target: np.ndarray,
    shapes: Sequence[Shape],
    batch_size: int,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Pairs in groups of one size: data for `training.fit` with its batch_size=1, a group a step.

    A pair goes to the first shape that holds it. Which pairs share a group is drawn once; the
    order of the groups is drawn anew each epoch, by `fit`. The last group of a shape is filled
    up with rows of PAD, which have no part in the loss.

    Args:
        source: Token numbers with PAD behind, (N, S).
        target: Token numbers with PAD behind, (N, T).
        shapes: Growing shapes, as from `shapes_for`; the last one must hold every pair.
        batch_size: B, pairs a group.
        seed: Decides who shares a group.

    Returns:
        {"source": (M, B, S), "target": (M, B, T), "shape": (M,)}: int32, M groups, and of each
        group the number of its shape. S and T are those of the last shape.

    Raises:
        ValueError: There is no pair, the shapes do not grow, or a pair fits into none.
    """
    lengths = lengths_of(source, target)
    edges = np.asarray(shapes, dtype=int).reshape(-1, 2)
    if len(edges) == 0 or np.any(np.diff(edges, axis=0) < 0) or batch_size < 1:
        raise ValueError(
            f"shapes are {list(shapes)} and batch_size is {batch_size}; give at least one shape, "
            "each no smaller than the one before, and a batch_size of 1 or more."
        )
    if np.any(lengths > edges[-1]):
        worst = tuple(map(int, lengths.max(axis=0)))
        raise ValueError(
            f"The longest sentences have {worst} tokens, more than the last shape "
            f"{tuple(map(int, edges[-1]))}. Leave them out, or give a greater shape."
        )
    fits = np.all(lengths[:, None] <= edges, axis=-1)
    shape_of = fits.argmax(axis=1)
    order = np.random.default_rng(seed).permutation(len(lengths))
    rows, numbers = [], []
    for number in range(len(edges)):
        chosen = order[shape_of[order] == number]
        missing = -len(chosen) % batch_size
        chosen = np.concatenate([chosen, np.full(missing, -1)]).reshape(-1, batch_size)
        rows.append(chosen)
        numbers.append(np.full(len(chosen), number, np.int32))
    index = np.concatenate(rows)
    return {
        "source": take_rows(source, index, int(edges[-1, 0])),
        "target": take_rows(target, index, int(edges[-1, 1])),
        "shape": np.concatenate(numbers),
    }


def lengths_of(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The tokens of each pair's sides, (N, 2)."""
    check_pairs(source, target)
    return np.stack([(source != PAD).sum(axis=1), (target != PAD).sum(axis=1)], axis=1)


def take_rows(rows: np.ndarray, index: np.ndarray, width: int) -> np.ndarray:
    """rows[index], cut or filled to `width` columns; where the index is -1, a row of PAD."""
    wide = np.full((len(rows) + 1, width), PAD, np.int32)
    columns = min(width, rows.shape[1])
    wide[:-1, :columns] = rows[:, :columns]
    return wide[index]
