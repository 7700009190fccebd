"""Plausible wrong answers to the exercises of lesson 14."""

import re
from collections import Counter
from itertools import pairwise

import numpy as np


def words_once(words):
    n = Counter(pair for parts in words for pair in pairwise(parts))
    return min(n, key=lambda pair: (-n[pair], pair))


def no_order(words):
    n = Counter()
    for parts, times in words.items():
        for a, b in pairwise(parts):
            n[tuple(sorted((a, b)))] += times
    return min(n, key=lambda pair: (-n[pair], pair))


def last_of_equals(words):
    n = Counter()
    for parts, times in words.items():
        for pair in pairwise(parts):
            n[pair] += times
    return max(n, key=lambda pair: (n[pair], pair))


def joined_to_text(words):
    n = Counter()
    for parts, times in words.items():
        for a, b in pairwise(parts):
            n[a + b] += times
    return min(n, key=lambda pair: (-n[pair], pair))


def once_a_word(words):
    n = Counter()
    for parts, times in words.items():
        for pair in set(pairwise(parts)):
            n[pair] += times
    return min(n, key=lambda pair: (-n[pair], pair))


def most_frequent_piece(words):
    n = Counter()
    for parts, times in words.items():
        for part in parts:
            n[part] += times
    return tuple(piece for piece, _ in n.most_common(2))


def sentence_by_sentence(written, references):
    factors = []
    for length, others in zip(written, references, strict=True):
        r = min((abs(x - length), x) for x in others)[1]
        factors.append(min(1, np.exp(1 - r / length)) if length else 0)
    return float(np.mean(factors))


def longest(written, references):
    c, r = sum(written), sum(max(others) for others in references)
    return min(1, np.exp(1 - r / c)) if c else 0


def shortest(written, references):
    c, r = sum(written), sum(min(others) for others in references)
    return min(1, np.exp(1 - r / c)) if c else 0


def the_first(written, references):
    c, r = sum(written), sum(others[0] for others in references)
    return min(1, np.exp(1 - r / c)) if c else 0


def longer_of_equals(written, references):
    c = sum(written)
    pairs = zip(written, references, strict=True)
    r = sum(min((abs(x - n), -x, x) for x in others)[2] for n, others in pairs)
    return min(1, np.exp(1 - r / c)) if c else 0


def upside_down(written, references):
    c = sum(written)
    pairs = zip(written, references, strict=True)
    r = sum(min((abs(x - n), x) for x in others)[1] for n, others in pairs)
    return min(1, np.exp(1 - c / r)) if c else 0


def without_limit(written, references):
    c = sum(written)
    pairs = zip(written, references, strict=True)
    r = sum(min((abs(x - n), x) for x in others)[1] for n, others in pairs)
    return np.exp(1 - r / c) if c else 0


def ratio(written, references):
    c = sum(written)
    pairs = zip(written, references, strict=True)
    r = sum(min((abs(x - n), x) for x in others)[1] for n, others in pairs)
    return min(1, c / r)


def empty_left_out(written, references):
    pairs = [(n, others) for n, others in zip(written, references, strict=True) if n]
    c = sum(n for n, _ in pairs)
    r = sum(min((abs(x - n), x) for x in others)[1] for n, others in pairs)
    return min(1, np.exp(1 - r / c)) if c else 0


def exactly(train, test):
    return [x for x in test if x in set(train)]


def case_only(train, test):
    known = {x.casefold() for x in train}
    return [x for x in test if x.casefold() in known]


def letters_only(train, test):
    known = {"".join(re.findall(r"\w+", x.casefold())) for x in train}
    return [x for x in test if "".join(re.findall(r"\w+", x.casefold())) in known]


def part_of_a_sentence(train, test):
    text = " | ".join(" ".join(re.findall(r"\w+", x.casefold())) for x in train)
    return [x for x in test if " ".join(re.findall(r"\w+", x.casefold())) in text]


def bag_of_words(train, test):
    known = {frozenset(re.findall(r"\w+", x.casefold())) for x in train}
    return [x for x in test if frozenset(re.findall(r"\w+", x.casefold())) in known]


def as_words(train, test):
    known = {" ".join(re.findall(r"\w+", x.casefold())) for x in train}
    bare = [" ".join(re.findall(r"\w+", x.casefold())) for x in test]
    return [x for x in bare if x in known]


def as_a_set(train, test):
    known = {tuple(re.findall(r"\w+", x.casefold())) for x in train}
    return {x for x in test if tuple(re.findall(r"\w+", x.casefold())) in known}


def english_letters(train, test):
    known = {tuple(re.findall(r"[a-z]+", x.lower())) for x in train}
    return [x for x in test if tuple(re.findall(r"[a-z]+", x.lower())) in known]


def share_forgotten(epsilon, V):
    q = np.full(V, epsilon / max(V - 1, 1))
    q[0] = 1 - epsilon
    q = q[q > 0]
    return -(q * np.log(q)).sum()


def right_token_only(epsilon, V):
    return -np.log(1 - epsilon + epsilon / V)


def in_bits(epsilon, V):
    q = np.full(V, epsilon / V)
    q[0] += 1 - epsilon
    q = q[q > 0]
    return -(q * np.log2(q)).sum()


def without_minus(epsilon, V):
    q = np.full(V, epsilon / V)
    q[0] += 1 - epsilon
    q = q[q > 0]
    return (q * np.log(q)).sum()


def zero_times_infinity(epsilon, V):
    q = np.full(V, epsilon / V)
    q[0] += 1 - epsilon
    with np.errstate(divide="ignore", invalid="ignore"):
        return -(q * np.log(q)).sum()


def half_the_sum(epsilon, V):
    right = 1 - epsilon + epsilon / V
    other = epsilon / V
    return -right * np.log(right) - (other * np.log(other) if other else 0)


def most_risk(candidates, alike):
    return min(candidates, key=lambda a: sum(alike(a, b) for b in candidates))


def turned_round(candidates, alike):
    n = Counter(candidates)
    return max(n, key=lambda a: sum(k * alike(b, a) for b, k in n.items()))


def most_frequent(candidates, alike):
    return Counter(candidates).most_common(1)[0][0]


def the_set(candidates, alike):
    kinds = list(dict.fromkeys(candidates))
    return max(kinds, key=lambda a: sum(alike(a, b) for b in kinds))


def every_pair(candidates, alike):
    return max(candidates, key=lambda a: sum(alike(a, b) for b in candidates))


def the_gain(candidates, alike):
    return max(sum(alike(a, b) for b in candidates) for a in candidates)


def last_of_equals_again(candidates, alike):
    n = Counter(candidates)
    gain = {a: sum(k * alike(a, b) for b, k in n.items()) for a in reversed(n)}
    return max(gain, key=gain.get)


def sorted_in_place(candidates, alike):
    candidates.sort()
    n = Counter(candidates)
    gain = {a: sum(k * alike(a, b) for b, k in n.items()) for a in n}
    return max(gain, key=gain.get)


MISTAKES = {
    "14.1": [words_once, no_order, last_of_equals, joined_to_text, once_a_word,
             most_frequent_piece],
    "14.2": [sentence_by_sentence, longest, shortest, the_first, longer_of_equals, upside_down,
             without_limit, ratio, empty_left_out],
    "14.3": [exactly, case_only, letters_only, part_of_a_sentence, bag_of_words, as_words,
             as_a_set, english_letters],
    "14.4": [share_forgotten, right_token_only, in_bits, without_minus, zero_times_infinity,
             half_the_sum],
    "14.5": [most_risk, turned_round, most_frequent, the_set, every_pair, the_gain,
             last_of_equals_again, sorted_in_place],
}  # fmt: skip
