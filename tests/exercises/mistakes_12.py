"""Plausible wrong answers to the exercises of lesson 12."""

import jax.numpy as jnp
import numpy as np


def over_everything(log_p, mask):
    return -jnp.mean(log_p)


def sum_over_all_places(log_p, mask):
    return -jnp.sum(jnp.where(mask, log_p, 0)) / mask.size


def sentence_by_sentence(log_p, mask):
    return -jnp.mean(jnp.sum(jnp.where(mask, log_p, 0), axis=1) / mask.sum(axis=1))


def by_sentences(log_p, mask):
    return -jnp.sum(jnp.where(mask, log_p, 0)) / len(log_p)


def times_the_mask(log_p, mask):
    return -jnp.sum(log_p * mask) / jnp.sum(mask)


def without_minus(log_p, mask):
    return jnp.sum(jnp.where(mask, log_p, 0)) / jnp.sum(mask)


def finite_only(log_p, mask):
    return -jnp.sum(jnp.where(jnp.isfinite(log_p), log_p, 0)) / jnp.sum(mask)


def itself(wanted):
    return wanted


def shifted_the_other_way(wanted):
    return np.append(wanted[:, 1:], np.zeros((len(wanted), 1), int), axis=1)


def rolled(wanted):
    return np.roll(wanted, 1, axis=1)


def one_longer(wanted):
    return np.insert(wanted, 0, 1, axis=1)


def pad_first(wanted):
    return np.insert(wanted[:, :-1], 0, 0, axis=1)


def bos_in_place(wanted):
    wanted[:, 0] = 1
    return wanted


def as_floats(wanted):
    return np.concatenate([np.ones((len(wanted), 1)), wanted[:, :-1]], axis=1)


def in_nats(share, n, A):
    return max(0.0, n * np.log(A) + np.log(share))


def share_forgotten(share, n, A):
    return n * np.log2(A)


def share_times_bits(share, n, A):
    return share * n * np.log2(A)


def below_zero(share, n, A):
    return n * np.log2(A) + np.log2(share)


def letters_times_length(share, n, A):
    return max(0.0, np.log2(share * n * A))


def overflows(share, n, A):
    with np.errstate(over="ignore"):
        return max(0.0, float(np.log2(share * np.float64(A) ** n)))


def half_always(share, n, A):
    return max(0.0, n * np.log2(A) - 1)


def padding_counted(by_teacher, real):
    return by_teacher.mean(), by_teacher.all(axis=1).mean()


def padding_wrong(by_teacher, real):
    return by_teacher[real].mean(), by_teacher.all(axis=1).mean()


def mean_of_sentences(by_teacher, real):
    rows = (by_teacher & real).sum(axis=1) / real.sum(axis=1)
    return rows.mean(), (rows == 1).mean()


def accuracy_twice(by_teacher, real):
    return by_teacher[real].mean(), by_teacher[real].mean()


def any_right(by_teacher, real):
    return by_teacher[real].mean(), (by_teacher & real).any(axis=1).mean()


def product_of_means(by_teacher, real):
    share = by_teacher[real].mean()
    return share, (share ** real.sum(axis=1)).mean()


def always_the_same(n, backwards):
    return np.full(n, n)


def last_word_first(n, backwards):
    word = np.arange(n)
    return 2 * (n - word) - 1 if backwards else np.full(n, n)


def from_zero(n, backwards):
    word = np.arange(n)
    return 2 * word if backwards else np.full(n, n)


def the_mean(n, backwards):
    return n


def source_only(n, backwards):
    word = np.arange(n)
    return n - 1 - word if backwards else word


MISTAKES = {
    "12.1": [over_everything, sum_over_all_places, sentence_by_sentence, by_sentences,
             times_the_mask, without_minus, finite_only],
    "12.2": [itself, shifted_the_other_way, rolled, one_longer, pad_first, bos_in_place,
             as_floats],
    "12.3": [in_nats, share_forgotten, share_times_bits, below_zero, letters_times_length,
             overflows, half_always],
    "12.4": [padding_counted, padding_wrong, mean_of_sentences, accuracy_twice, any_right,
             product_of_means],
    "12.5": [always_the_same, last_word_first, from_zero, the_mean, source_only],
}  # fmt: skip
