"""Plausible wrong answers to the exercises of lesson 13. Each must fail its check."""

import numpy as np


def weigh_right(scores, mask, tau):
    e = np.where(mask, scores / tau, -np.inf)
    top = e.max(axis=-1, keepdims=True)
    terms = np.exp(e - np.where(np.isfinite(top), top, 0))
    total = terms.sum(axis=-1, keepdims=True)
    return terms / np.where(total > 0, total, 1)


def overwrites_the_scores(scores, mask, tau):
    scores[~mask] = -np.inf
    return weigh_right(scores, mask, tau)


def divides_the_scores_in_place(scores, mask, tau):
    scores /= tau
    return weigh_right(scores, mask, 1.0)


def overflows(scores, mask, tau):
    terms = np.where(mask, np.exp(scores / tau), 0)
    total = terms.sum(axis=-1, keepdims=True)
    return terms / np.where(total > 0, total, 1)


def masked_by_zero_scores(scores, mask, tau):
    return weigh_right(np.where(mask, scores, 0), np.ones_like(mask), tau)


def masked_after_the_softmax(scores, mask, tau):
    return np.where(mask, weigh_right(scores, np.ones_like(mask), tau), 0)


def maximum_before_the_mask(scores, mask, tau):
    e = scores / tau
    terms = np.where(mask, np.exp(e - e.max(axis=-1, keepdims=True)), 0)
    total = terms.sum(axis=-1, keepdims=True)
    return terms / np.where(total > 0, total, 1)


def empty_row_is_uniform(scores, mask, tau):
    return weigh_right(np.where(mask, scores, -1e9), np.ones_like(mask), tau)


def empty_row_is_nan(scores, mask, tau):
    e = np.where(mask, scores / tau, -np.inf)
    terms = np.exp(e - e.max(axis=-1, keepdims=True))
    return terms / terms.sum(axis=-1, keepdims=True)


def temperature_multiplied(scores, mask, tau):
    return weigh_right(scores * tau, mask, 1.0)


def first_axis(scores, mask, tau):
    return weigh_right(scores.T, mask.T, tau).T


def slope_without_the_mean(a, values, upstream):
    return a * (values @ upstream)


def slope_without_the_weight(a, values, upstream):
    return (values - a @ values) @ upstream


def slope_turned_round(a, values, upstream):
    return a * ((a @ values - values) @ upstream)


def slope_by_diagonal(a, values, upstream):
    return a * (1 - a) * (values @ upstream)


def slope_plain_mean(a, values, upstream):
    return a * ((values - values.mean(axis=0)) @ upstream)


def error_of_sure_only(found, sure, possible):
    both = sum(len(a & s) for a, s in zip(found, sure, strict=True))
    return 1 - 2 * both / sum(len(a) + len(s) for a, s in zip(found, sure, strict=True))


def error_without_sure_in_possible(found, sure, possible):
    rows = list(zip(found, sure, possible, strict=True))
    top = sum(len(a & s) + len(a & p) for a, s, p in rows)
    return 1 - top / sum(len(a) + len(s) for a, s, _ in rows)


def error_mean_over_sentences(found, sure, possible):
    rows = zip(found, sure, possible, strict=True)
    return np.mean([1 - (len(a & s) + len(a & (s | p))) / (len(a) + len(s)) for a, s, p in rows])


def error_possible_below(found, sure, possible):
    rows = list(zip(found, sure, possible, strict=True))
    top = sum(len(a & s) + len(a & (s | p)) for a, s, p in rows)
    return 1 - top / sum(len(a) + len(s | p) for a, s, p in rows)


def error_is_recall(found, sure, possible):
    both = sum(len(a & s) for a, s in zip(found, sure, strict=True))
    return 1 - both / sum(map(len, sure))


def error_is_precision(found, sure, possible):
    rows = list(zip(found, sure, possible, strict=True))
    return 1 - sum(len(a & (s | p)) for a, s, p in rows) / sum(len(a) for a, _, _ in rows)


def error_unordered(found, sure, possible):
    def turned(links):
        return [{tuple(sorted(link)) for link in some} for some in links]

    return error_of_sure_only(turned(found), turned(sure), possible)


def _draw():
    generator = np.random.default_rng(0)
    return generator.normal(size=(3, 4)), generator.normal(size=(6, 4))


def looks_at_sums_only(weigh):
    a = np.asarray(weigh(*_draw()))
    return (a >= 0).all() and np.allclose(a.sum(axis=1), 1)


def looks_by_reversal(weigh):
    Q, K = _draw()
    a, b = weigh(Q, K), weigh(Q, K[::-1])
    fine = (a >= 0).all() and np.allclose(a.sum(axis=1), 1) and not np.allclose(a, a[:1])
    return fine and np.allclose(b, a[:, ::-1])


def looks_for_any_change(weigh):
    Q, K = _draw()
    a, b = weigh(Q, K), weigh(Q, K[[3, 0, 4, 1, 5, 2]])
    fine = (a >= 0).all() and np.allclose(a.sum(axis=1), 1) and not np.allclose(a, a[:1])
    return fine and not np.allclose(a, b)


def looks_without_the_query(weigh):
    Q, K = _draw()
    order = [3, 0, 4, 1, 5, 2]
    a = weigh(Q, K)
    fine = (a >= 0).all() and np.allclose(a.sum(axis=1), 1)
    return fine and np.allclose(weigh(Q, K[order]), a[:, order])


def looks_permutes_back(weigh):
    Q, K = _draw()
    order = [3, 0, 4, 1, 5, 2]
    a = weigh(Q, K)
    fine = (a >= 0).all() and np.allclose(a.sum(axis=1), 1) and not np.allclose(a, a[:1])
    return fine and np.allclose(weigh(Q, K[order])[:, order], a)


def looks_always(weigh):
    return True


def stream_of_everything(query, blocks):
    kept = list(blocks)
    keys, values = (np.concatenate(part) for part in zip(*kept, strict=True))
    e = keys @ query / np.sqrt(len(query))
    terms = np.exp(e - e.max())
    return terms @ values / terms.sum()


def stream_overflows(query, blocks):
    total, context = 0.0, 0.0
    for keys, values in blocks:
        terms = np.exp(keys @ query / np.sqrt(len(query)))
        total, context = total + terms.sum(), context + terms @ values
    return context / total


def _stream(query, blocks, shrink_context=True, shrink_total=True, root=True):
    top, total, context = -np.inf, 0.0, 0.0
    for keys, values in blocks:
        e = keys @ query / (np.sqrt(len(query)) if root else 1)
        new = max(top, e.max())
        terms, shrink = np.exp(e - new), np.exp(top - new)
        total = total * (shrink if shrink_total else 1) + terms.sum()
        context = context * (shrink if shrink_context else 1) + terms @ values
        top = new
    return context / total


def stream_forgets_the_sum(query, blocks):
    return _stream(query, blocks, shrink_total=False)


def stream_forgets_the_context(query, blocks):
    return _stream(query, blocks, shrink_context=False)


def stream_without_root(query, blocks):
    return _stream(query, blocks, root=False)


def stream_mean_of_blocks(query, blocks):
    found = []
    for keys, values in blocks:
        e = keys @ query / np.sqrt(len(query))
        terms = np.exp(e - e.max())
        found.append(terms @ values / terms.sum())
    return np.mean(found, axis=0)


MISTAKES = {
    "13.1": [
        overwrites_the_scores,
        divides_the_scores_in_place,
        overflows,
        masked_by_zero_scores,
        masked_after_the_softmax,
        maximum_before_the_mask,
        empty_row_is_uniform,
        empty_row_is_nan,
        temperature_multiplied,
        first_axis,
    ],
    "13.2": [
        slope_without_the_mean,
        slope_without_the_weight,
        slope_turned_round,
        slope_by_diagonal,
        slope_plain_mean,
    ],
    "13.3": [
        error_of_sure_only,
        error_without_sure_in_possible,
        error_mean_over_sentences,
        error_possible_below,
        error_is_recall,
        error_is_precision,
        error_unordered,
    ],
    "13.4": [
        looks_at_sums_only,
        looks_by_reversal,
        looks_for_any_change,
        looks_without_the_query,
        looks_permutes_back,
        looks_always,
    ],
    "13.5": [
        stream_of_everything,
        stream_overflows,
        stream_forgets_the_sum,
        stream_forgets_the_context,
        stream_without_root,
        stream_mean_of_blocks,
    ],
}
