"""Plausible wrong answers to the exercises of lesson 06."""

import numpy as np
from scipy.spatial.distance import cdist


def of_variances(mean_1, variance_1, mean_2, variance_2):
    return ((mean_1 - mean_2) ** 2).sum() + ((variance_1 - variance_2) ** 2).sum()


def without_means(mean_1, variance_1, mean_2, variance_2):
    return ((np.sqrt(variance_1) - np.sqrt(variance_2)) ** 2).sum()


def root_of_the_difference(mean_1, variance_1, mean_2, variance_2):
    return ((mean_1 - mean_2) ** 2).sum() + np.abs(variance_1 - variance_2).sum()


def not_summed(mean_1, variance_1, mean_2, variance_2):
    return (mean_1 - mean_2) ** 2 + (np.sqrt(variance_1) - np.sqrt(variance_2)) ** 2


def square_of_the_sum(mean_1, variance_1, mean_2, variance_2):
    widths = np.sqrt(variance_1) - np.sqrt(variance_2)
    return (mean_1 - mean_2).sum() ** 2 + widths.sum() ** 2


def rooted(mean_1, variance_1, mean_2, variance_2):
    widths = np.sqrt(variance_1) - np.sqrt(variance_2)
    return np.sqrt(((mean_1 - mean_2) ** 2).sum() + (widths**2).sum())


def all_pairs(aa, bb, ab):
    return aa.mean() + bb.mean() - 2 * ab.mean()


def divided_by_all(aa, bb, ab):
    within = sum((k.sum() - np.trace(k)) / len(k) ** 2 for k in (aa, bb))
    return within - 2 * ab.mean()


def cross_once(aa, bb, ab):
    within = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (aa, bb))
    return within - ab.mean()


def cross_without_diagonal(aa, bb, ab):
    within = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (aa, bb))
    if ab.shape[0] == ab.shape[1]:
        return within - 2 * (ab.sum() - np.trace(ab)) / (len(ab) * (len(ab) - 1))
    return within - 2 * ab.mean()


def changes_its_input(aa, bb, ab):
    for k in (aa, bb):
        np.fill_diagonal(k, 0)
    return sum(k.sum() / (len(k) * (len(k) - 1)) for k in (aa, bb)) - 2 * ab.mean()


def self_is_a_neighbour(generated, real, k):
    reach = np.sort(cdist(real, real), axis=1)[:, k - 1]
    return (cdist(real, generated).min(axis=1) < reach).mean()


def precision(generated, real, k):
    reach = np.sort(cdist(real, real), axis=1)[:, k]
    return (cdist(generated, real) < reach).any(axis=1).mean()


def recall(generated, real, k):
    reach = np.sort(cdist(generated, generated), axis=1)[:, min(k, len(generated) - 1)]
    return (cdist(real, generated) < reach).any(axis=1).mean()


def closed(generated, real, k):
    reach = np.sort(cdist(real, real), axis=1)[:, k]
    return (cdist(real, generated).min(axis=1) <= reach).mean()


def first_neighbour_only(generated, real, k):
    reach = np.sort(cdist(real, real), axis=1)[:, 1]
    return (cdist(real, generated).min(axis=1) < reach).mean()


def over_all_cells(drawn, drawn_cells, held, held_cells):
    a, b = drawn[:, None], held
    chance = ((a < b) + 0.5 * (a == b)).mean()
    return {int(cell): chance for cell in np.intersect1d(drawn_cells, held_cells)}


def ties_do_not_count(drawn, drawn_cells, held, held_cells):
    return {
        int(cell): (drawn[drawn_cells == cell][:, None] < held[held_cells == cell]).mean()
        for cell in np.intersect1d(drawn_cells, held_cells)
    }


def turned_round(drawn, drawn_cells, held, held_cells):
    chances = {}
    for cell in np.intersect1d(drawn_cells, held_cells):
        a, b = drawn[drawn_cells == cell][:, None], held[held_cells == cell]
        chances[int(cell)] = ((a > b) + 0.5 * (a == b)).mean()
    return chances


def every_cell(drawn, drawn_cells, held, held_cells):
    chances = {}
    for cell in np.union1d(drawn_cells, held_cells):
        a, b = drawn[drawn_cells == cell][:, None], held[held_cells == cell]
        pairs = (a < b) + 0.5 * (a == b)
        chances[int(cell)] = pairs.mean() if pairs.size else 0.5
    return chances


def by_means(drawn, drawn_cells, held, held_cells):
    return {
        int(cell): float(drawn[drawn_cells == cell].mean() < held[held_cells == cell].mean())
        for cell in np.intersect1d(drawn_cells, held_cells)
    }


MISTAKES = {
    "06.1": [
        of_variances,
        without_means,
        root_of_the_difference,
        not_summed,
        square_of_the_sum,
        rooted,
    ],
    "06.2": [all_pairs, divided_by_all, cross_once, cross_without_diagonal, changes_its_input],
    "06.3": [self_is_a_neighbour, precision, recall, closed, first_neighbour_only],
    "06.4": [over_all_cells, ties_do_not_count, turned_round, every_cell, by_means],
}
