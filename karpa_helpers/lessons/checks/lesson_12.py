"""Checks of lesson 12, Sequence to sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from karpa_helpers.data.vocabulary import BOS, EOS, PAD
from karpa_helpers.show.exercises import expect, register


@register("12.1")
def check_sentence_loss(sentence_loss: Callable[[Any, Any], Any]) -> None:
    """The mean of minus log p over real tokens."""
    log_p = jnp.log(jnp.array([[0.5, 0.25, 0.125], [0.5, 0.1, 0.1]]))
    mask = jnp.array([[True, True, True], [True, False, False]])
    value = sentence_loss(log_p, mask)
    expect(jnp.ndim(value) == 0, "The loss is one number for the whole batch.")
    expect(float(value) > 0, "Log-probabilities are negative and the loss is positive: the sign.")
    everything = sentence_loss(log_p, jnp.ones_like(mask))
    changed = jnp.where(mask, log_p, -5.0)
    expect(
        np.isclose(float(sentence_loss(changed, mask)), float(value), rtol=1e-5),
        "Another number at a place of padding changes your loss.",
    )
    rows = np.mean([(1 + 2 + 3) / 3, 1]) * np.log(2)
    expect(
        not np.isclose(float(value), rows, rtol=1e-4),
        "You average each sentence and then the sentences. In (2) every real token counts the "
        "same, so a long sentence counts more.",
    )
    expect(
        np.isclose(float(everything), float(-log_p.mean()), rtol=1e-5),
        "Where every token is real, the loss is minus the mean log-probability.",
    )
    expect(
        np.isclose(float(value), 7 / 4 * np.log(2), rtol=1e-5),
        "Four tokens are real in the example: divide the sum by the number of real tokens.",
    )
    # In NumPy: XLA turns a product with a mask into a choice, and would hide the fault.
    with np.errstate(invalid="ignore"):
        at_padding = sentence_loss(np.where(mask, log_p, -np.inf), np.asarray(mask))
    expect(
        np.isfinite(float(at_padding)),
        "Minus infinity at a place of padding makes your loss not finite: 0 times infinity.",
    )
    expect(
        np.isclose(float(at_padding), float(value), rtol=1e-5),
        "Minus infinity at a place of padding changes your loss.",
    )


@register("12.2")
def check_teacher(teacher: Callable[[np.ndarray], Any]) -> None:
    """The target, one place later, behind BOS."""
    wanted = np.array([[4, 5, 6, EOS], [7, EOS, PAD, PAD]])
    given = np.asarray(teacher(wanted))
    expect(given.shape == wanted.shape, f"The shape should be {wanted.shape}, not {given.shape}.")
    expect(
        not (given == wanted).all(),
        "You give each token as the hint for itself: the network would learn to copy its input.",
    )
    expect(
        (given[:, 0] == BOS).all(),
        "Before the first token there is none to give: the decoder gets BOS.",
    )
    expect(
        (given[:, 1:] != wanted[:, 1:]).any() and given[0, 1] == 4,
        "At place 1 the decoder is given the token of place 0.",
    )
    real = wanted[:, 1:] != PAD
    expect(
        (given[:, 1:] == wanted[:, :-1])[real].all(),
        "At each real place the decoder is given the wanted token of the place before.",
    )
    expect(np.issubdtype(given.dtype, np.integer), "Token numbers are integers; yours are not.")


@register("12.3")
def check_bits(bits: Callable[[float, int, int], float]) -> None:
    """log2 of the least number of code values."""
    expect(
        np.isclose(bits(1.0, 4, 8), 12),
        "To get every string of 4 letters from 8 right takes 8^4 values, which is 12 bits.",
    )
    expect(
        np.isclose(bits(0.5, 4, 8), 11),
        "Half of the strings need half of the values, so one bit less than all of them.",
    )
    expect(np.isclose(bits(0.25, 3, 2), 1), "A quarter of 8 strings is 2: one bit.")
    expect(np.isclose(bits(0.8, 5, 26), np.log2(0.8 * 26**5)), "Try share 0.8, n 5, A 26.")
    expect(
        bits(0.01, 1, 4) == 0,
        "A hundredth of 4 strings is less than one: a code with one value does, which is 0 bits.",
    )
    expect(
        np.isfinite(bits(0.5, 2000, 26)),
        "For 2,000 letters your numbers overflow: take the logarithm of a power as a product.",
    )


@register("12.4")
def check_two_scores(two_scores: Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]) -> None:
    """Token accuracy and the exact match of (7)."""
    by_teacher = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]], bool)
    real = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]], bool)
    found = two_scores(by_teacher, real)
    expect(np.size(found) == 2, "Return two numbers: token accuracy and exact match.")
    tokens, sentences = (float(x) for x in found)
    expect(
        not np.isclose(tokens, by_teacher.mean()),
        "Your token accuracy counts padding; 13 tokens are real here.",
    )
    expect(
        not np.isclose(tokens, np.mean([1, 1, 2 / 3, 3 / 4])),
        "Your token accuracy averages sentences; it is the share of all real tokens.",
    )
    expect(np.isclose(tokens, 11 / 13), "Of 13 real tokens, 11 are right in the example.")
    expect(
        not np.isclose(sentences, 1 / 4),
        "A wrong guess at padding makes a sentence wrong for you. The second one is right.",
    )
    expect(
        np.isclose(sentences, 2 / 4),
        "In the example two of four sentences have every real token right. By (7) free running "
        "gets these right and no other.",
    )


@register("12.5")
def check_lags(lags: Callable[[int, bool], Any]) -> None:
    """Times from reading a word to writing it."""
    straight, turned = np.asarray(lags(4, False)), np.asarray(lags(4, True))
    expect(
        straight.shape == (4,) and turned.shape == (4,), "Return one time for each of the n words."
    )
    expect(
        (straight == 4).all(),
        "In order, word i is read at time i and written at time n + i. With n = 4 each waits 4.",
    )
    expect(
        not (turned == [7, 5, 3, 1]).all(),
        "You have turned the target round too, or the times: the first word is read last and "
        "written first, so it waits least.",
    )
    expect(
        turned[0] == 1,
        "Backwards, word 0 is read last, at time n - 1, and written at time n: it waits one step.",
    )
    expect((turned == [1, 3, 5, 7]).all(), "Backwards with n = 4 the waiting times are off.")
    expect(list(np.asarray(lags(1, True))) == [1], "One word, backwards: it waits one step.")
