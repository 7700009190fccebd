"""Phrases in two languages at once: each word carries the marks of what it says.

Two words are aligned where they share a mark. Contraction unites marks, so "du" is aligned with
both words of "from the".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from tools.grammar import english, french
from tools.grammar.expressions import NUMBERS, PREPOSITIONS
from tools.grammar.french import Gender, Person
from tools.grammar.lexicon import Adjective, Noun


class Word(NamedTuple):
    """A word and the marks of what it says; a word without marks has no counterpart."""

    text: str
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Phrase:
    """The same phrase in English and in French (before elision and contraction)."""

    en: list[Word]
    fr: list[Word]

    def __add__(self, other: "Phrase") -> "Phrase":
        return Phrase(self.en + other.en, self.fr + other.fr)


class NounPhrase(NamedTuple):
    """A phrase that can be a subject; its gender is None where English leaves it open."""

    phrase: Phrase
    gender: Gender | None
    plural: bool
    person: Person
    owner: str  # the possessive that points back to it: "her" for Marie


NOTHING = Phrase([], [])
POSSESSIVES = {
    "my": ("mon", "ma", "mes"), "your": ("ton", "ta", "tes"), "his": ("son", "sa", "ses"),
    "her": ("son", "sa", "ses"), "our": ("notre", "notre", "nos"),
    "their": ("leur", "leur", "leurs"),
}  # fmt: skip
_DEMONSTRATIVE = ("ce", "cette", "ces")
_DEFINITE = ("le", "la", "les")
_BEFORE_VOWEL = {"ma": "mon", "ta": "ton", "sa": "son", "ce": "cet"}

# Convention: "they" is "ils" unless an earlier noun says otherwise.
PRONOUNS: dict[str, tuple[str, Gender | None, bool, Person, str]] = {
    "I": ("je", None, False, Person.JE, "my"),
    "you": ("tu", None, False, Person.TU, "your"),
    "he": ("il", "m", False, Person.IL, "his"),
    "she": ("elle", "f", False, Person.IL, "her"),
    "we": ("nous", None, True, Person.NOUS, "our"),
    "they": ("ils", "m", True, Person.ILS, "their"),
}


@lru_cache(maxsize=4096)
def word(text: str, *marks: str) -> Word:
    """A word with its marks."""
    return Word(text, frozenset(marks))


def words(text: str, *marks: str) -> list[Word]:
    """Words that all have the same marks."""
    return [word(part, *marks) for part in text.split()]


def fixed(en: str, fr: str, label: str) -> Phrase:
    """A set phrase: "last:1 week:2" with "la semaine:2 dernière:1" aligns what has one number."""

    def marked(text: str) -> list[Word]:
        parts = (part.partition(":") for part in text.split())
        return [word(form, label + number) if number else word(form) for form, _, number in parts]

    return Phrase(marked(en), marked(fr))


def pronoun(text: str, label: str = "subject") -> NounPhrase:
    """A subject pronoun, or "who"."""
    if text == "who":
        who = Phrase([word("who", label)], [word("qui", label)])
        return NounPhrase(who, "m", False, Person.IL, "the")
    fr, gender, plural, person, owner = PRONOUNS[text]
    phrase = Phrase([word(text, label)], [word(fr, label)])
    return NounPhrase(phrase, gender, plural, person, owner)


def names(people: Sequence[tuple[str, Gender]], label: str = "subject") -> NounPhrase:
    """One name, or several with "and" between them."""
    en: list[Word] = []
    fr: list[Word] = []
    for position, (name, _) in enumerate(people):
        mark = f"{label}.{position}"
        if position:
            en.append(word("and", f"{mark}.and"))
            fr.append(word("et", f"{mark}.and"))
        en.append(word(name, mark))
        fr.append(word(name, mark))
    gender: Gender = "f" if all(gender == "f" for _, gender in people) else "m"
    plural = len(people) > 1
    owner = "their" if plural else {"m": "his", "f": "her"}[gender]
    person = Person.ILS if plural else Person.IL
    return NounPhrase(Phrase(en, fr), gender, plural, person, owner)


def noun_phrase(
    label: str,
    noun: Noun,
    determiner: str,
    adjectives: Sequence[Adjective] = (),
    *,
    plural: bool = False,
    negated: bool = False,
    asked: bool = False,
) -> NounPhrase:
    """A noun with its determiner and adjectives.

    Args:
        label: what the marks of this phrase begin with.
        noun: the noun.
        determiner: "the", "a", "some", "this", a possessive, a number; "bare" ("eats bread", "mange
            du pain"), "generic" ("likes bread", "aime le pain") or "none" ("is a doctor").
        adjectives: at most one before and one after the noun in French.
        plural: whether it is plural.
        negated: whether it is the object of a negated verb: "un" and "du" become "de".
        asked: whether it is the object of a question: "some" becomes "any".

    Returns:
        The phrase, third person.
    """
    en_noun = english.plural(noun.en) if plural else noun.en
    fr_noun = french.noun_plural(noun.fr) if plural else noun.fr
    en = [word(adjective.en, f"{label}.{adjective.en}") for adjective in adjectives]
    en.append(word(en_noun, f"{label}.noun"))
    fr = [word(fr_noun, f"{label}.noun")]
    for adjective in adjectives:
        next_word = fr[0].text if adjective.before else ""
        form = french.adjective(adjective.fr, noun.gender, plural, next_word)
        agreed = word(form, f"{label}.{adjective.en}")
        fr = [agreed, *fr] if adjective.before else [*fr, agreed]
    # "de beaux arbres", not "des"; "pas de pain", not "du".
    reduced = negated or (plural and any(adjective.before for adjective in adjectives))
    mark = f"{label}.det"
    en = _english_determiner(determiner, plural, en[0].text, negated or asked, mark) + en
    forms = _french_determiner(determiner, noun.gender, plural, fr[0].text, reduced)
    fr = [word(form, mark) for form in forms] + fr
    person = Person.ILS if plural else Person.IL
    owner = "their" if plural else {"m": "his", "f": "her"}[noun.gender]
    return NounPhrase(Phrase(en, fr), noun.gender, plural, person, owner)


def _english_determiner(
    kind: str, plural: bool, next_word: str, any_not_some: bool, mark: str
) -> list[Word]:
    if kind in ("bare", "generic"):
        return []
    if kind == "none":
        return [word(english.article(next_word))]
    if kind == "a":
        return [word(english.article(next_word), mark)]
    if kind == "some":
        return [word("any" if any_not_some else "some", mark)]
    if kind == "this":
        return [word("these" if plural else "this", mark)]
    return [word(kind, mark)]


def _french_determiner(
    kind: str, gender: Gender, plural: bool, next_word: str, reduced: bool
) -> list[str]:
    column = 2 if plural else ("m", "f").index(gender)
    if kind == "none":
        return []
    if kind in NUMBERS:
        return [NUMBERS[kind]]
    if kind in ("the", "generic"):
        return [_DEFINITE[column]]
    if kind in ("a", "some", "bare") and reduced:
        return ["de"]
    if kind == "a":
        return [("un", "une")[column]]
    if kind in ("some", "bare"):
        return ["des"] if plural else ["de", _DEFINITE[column]]
    form = (_DEMONSTRATIVE if kind == "this" else POSSESSIVES[kind])[column]
    return [_BEFORE_VOWEL.get(form, form) if french.opens_with_vowel(next_word) else form]


def prepositional(preposition: tuple[str, str], inner: Phrase, label: str) -> Phrase:
    """A preposition, English and French, before a phrase."""
    en, fr = preposition
    mark = f"{label}.prep"
    # A preposition that only one language has is left without a counterpart.
    marks = (mark,) if en and fr else ()
    return Phrase(words(en, *marks), words(fr, *marks)) + inner


def place(preposition: str, inner: Phrase, label: str = "place") -> Phrase:
    """A preposition of place before a phrase."""
    return prepositional((preposition, PREPOSITIONS[preposition]), inner, label)


def finish(phrase: Phrase, mark: str = ".") -> Phrase:
    """A sentence: the phrase and its final mark."""
    return phrase + Phrase([word(mark, "end")], [word(mark, "end")])


def relabel(phrase: Phrase, prefix: str) -> Phrase:
    """The phrase with other marks, so that a sentence can hold two of its kind."""

    def renamed(side: Iterable[Word]) -> list[Word]:
        return [Word(text, frozenset(prefix + mark for mark in marks)) for text, marks in side]

    return Phrase(renamed(phrase.en), renamed(phrase.fr))


def french_surface(side: Sequence[Word]) -> list[Word]:
    """Elide and contract: je ai is j' ai, de le pain is du pain."""
    following = [next_word.text for next_word in side[1:]] + [" "]
    elided = [
        Word(french.elide(text, next_text), marks)
        for (text, marks), next_text in zip(side, following, strict=True)
    ]
    result: list[Word] = []
    for current in elided:
        contracted = french.contract(result[-1].text, current.text) if result else None
        if contracted:
            result[-1] = Word(contracted, result[-1].marks | current.marks)
        else:
            result.append(current)
    return result
