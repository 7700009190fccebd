"""Draw the parts of a sentence at random, within what makes sense."""

from functools import lru_cache
from random import Random

from tools.grammar.expressions import NUMBERS, TIMES
from tools.grammar.french import Person
from tools.grammar.lexicon import ADJECTIVES, NAMES, NOUNS, Adjective, Noun
from tools.grammar.phrases import (
    NOTHING,
    POSSESSIVES,
    PRONOUNS,
    NounPhrase,
    Phrase,
    fixed,
    names,
    noun_phrase,
    place,
    pronoun,
)
from tools.grammar.verbs import Verb

Tags = frozenset[str]

_FIXED_PLACES = {
    "at": [("at:1 home:2", "à:1 la maison:2"), ("at:1 school:2", "à:1 la école:2")],
    "to": [("to:1 school:2", "à:1 la école:2")],
}
# One does these within weeks and months; the rest within a day.
_OF_WEEKS = frozenset(
    {"visit", "build", "buy", "sell", "meet", "work", "paint", "stay", "leave", "come", "arrive"}
)
# What comes into being is not old yet.
_CREATING = frozenset({"write", "build"})
_UNSOUGHT = frozenset({"bad"})
_UNFIT_FOR_NEW = _UNSOUGHT | {"old", "famous"}


@lru_cache
def nouns_with(tags: Tags) -> tuple[Noun, ...]:
    """The nouns that have one of the tags."""
    return tuple(noun for noun in NOUNS if noun.tags & tags)


@lru_cache
def adjectives_for(tags: Tags) -> tuple[Adjective, ...]:
    """The adjectives that suit a noun with these tags."""
    return tuple(adjective for adjective in ADJECTIVES if adjective.tags & tags)


def has_plural(noun: Noun) -> bool:
    """Whether the noun is used in the plural."""
    return not noun.mass and "one" not in noun.tags


def draw_adjectives(random: Random, noun: Noun) -> list[Adjective]:
    """None, one, or one before and one after the noun in French."""
    chance = random.random()
    choices = adjectives_for(noun.tags)
    if chance > 0.35 or not choices:
        return []
    first = random.choice(choices)
    after = [adjective for adjective in choices if not adjective.before]
    colours = [adjective for adjective in after if adjective.tags & {"coloured", "coloured_thing"}]
    if chance < 0.08 and first.before and colours and "food" not in noun.tags:
        return [first, random.choice(colours)]
    return [first]


def draw_name(random: Random, other_than: str = "") -> NounPhrase:
    """One person by name."""
    name = random.choice([name for name in NAMES if name != other_than])
    return names([(name, NAMES[name])])


def draw_subject(
    random: Random, tags: Tags, known_gender: bool = False, adjectives: bool = True
) -> NounPhrase:
    """Who acts: a pronoun, one or two names, or a noun; people where the tags have "person".

    Args:
        random: where chance comes from.
        tags: of the nouns that it may be.
        known_gender: whether English must tell the gender, for French will.
        adjectives: whether a noun may have one.

    Returns:
        The subject.
    """
    chance = random.random()
    if "person" not in tags or (chance < 0.1 and len(tags) > 1):
        return _draw_noun_subject(random, tags - {"person"}, adjectives)
    if chance < 0.48:
        choices = [text for text, entry in PRONOUNS.items() if entry[1] or not known_gender]
        return pronoun(random.choice(choices))
    if chance < 0.68:
        return draw_name(random)
    if chance < 0.75:
        first, second = random.sample(sorted(NAMES), 2)
        return names([(first, NAMES[first]), (second, NAMES[second])])
    if chance < 0.87:
        noun = random.choice(nouns_with(frozenset({"kin", "own"})))
        owner = random.choice(("my", "your", "our"))
        plural = "kin" in noun.tags and has_plural(noun) and random.random() < 0.25
        return noun_phrase("subject", noun, owner, plural=plural)
    return _draw_noun_subject(random, frozenset({"person"}), adjectives)


def _draw_noun_subject(random: Random, tags: Tags, adjectives: bool) -> NounPhrase:
    noun = random.choice(nouns_with(tags))
    described = adjectives and random.random() < 0.5
    qualities = draw_adjectives(random, noun) if described else []
    determiner = "this" if random.random() < 0.1 else "the"
    plural = random.random() < 0.25 and has_plural(noun)
    return noun_phrase("subject", noun, determiner, qualities, plural=plural)


def draw_object(
    random: Random,
    verb: Verb,
    subject: NounPhrase,
    *,
    habit: bool = False,
    negated: bool = False,
    asked: bool = False,
) -> NounPhrase:
    """What the verb acts on."""
    noun = random.choice(nouns_with(verb.objects))
    people = bool(noun.tags & {"kin", "person"})
    # Several people wear several coats.
    several = "clothes" in noun.tags and subject.plural
    adjectives = [] if people else draw_adjectives(random, noun)
    unfit = _UNFIT_FOR_NEW if verb.en in _CREATING else _UNSOUGHT
    adjectives = [adjective for adjective in adjectives if adjective.en not in unfit]
    kind = random.choice(verb.determiners)
    if people:
        kind = _for_people(kind, noun)
    if habit:
        kind = _habitual(kind, verb)
    if several and verb.en == "wear":
        kind = "own"
    if kind == "number":
        kind = "some" if noun.mass or negated else random.choice(list(NUMBERS)[:5])
    if kind == "a" and noun.mass:
        kind = "some"
    plural = kind in ("some", "bare", "generic", *NUMBERS) or (several and kind == "own")
    if kind in ("the", "this", "own") and not verb.one:
        plural = plural or random.random() < 0.2
    if kind == "own":
        kind = subject.owner if _worn(noun, subject) else draw_owner(random, subject)
    return noun_phrase(
        "object",
        noun,
        kind,
        adjectives,
        plural=plural and has_plural(noun),
        negated=negated,
        asked=asked,
    )


def _worn(noun: Noun, subject: NounPhrase) -> bool:
    """Whether it is clothes, which are one's own."""
    return "clothes" in noun.tags and subject.owner in POSSESSIVES


def _for_people(kind: str, noun: Noun) -> str:
    """Uncles are one's own; of other people only some: "my doctor", "the farmer"."""
    if "kin" in noun.tags or (kind == "own" and "own" in noun.tags):
        return "own"
    return "this" if kind == "this" else "the"


def _habitual(kind: str, verb: Verb) -> str:
    """A habit has no one thing as its object: "eats apples", not "eats the apple"."""
    if {"a", "some"} & set(verb.determiners):
        kind = "bare" if kind in ("the", "this", "some", "number") else kind
        return "a" if verb.one and kind == "bare" else kind
    return "the" if kind == "this" else kind


def draw_owner(random: Random, subject: NounPhrase) -> str:
    """Whose: mostly the subject's."""
    if subject.owner in POSSESSIVES and random.random() < 0.85:
        return subject.owner
    return random.choice(("my", "your", "our"))


def is_reflexive(subject: NounPhrase, person: Person) -> bool:
    """Whether an object of this person would be the subject itself, in part or whole."""
    first = {Person.JE, Person.NOUS}
    return {subject.person, person} <= first or subject.person == person == Person.TU


def draw_place(random: Random, places: tuple[tuple[str, str], ...], subject: NounPhrase) -> Phrase:
    """Where; nothing if the verb says no place."""
    if not places:
        return NOTHING
    preposition, tag = random.choice(places)
    if tag == "dest" and preposition in _FIXED_PLACES and random.random() < 0.2:
        return fixed(*random.choice(_FIXED_PLACES[preposition]), "place.")
    noun = random.choice(nouns_with(frozenset({tag})))
    owned = "own_place" in noun.tags and subject.owner in POSSESSIVES and random.random() < 0.3
    determiner = subject.owner if owned else "the"
    inner = noun_phrase("place", noun, determiner)
    return place(preposition, inner.phrase)


def draw_time(random: Random, verb: Verb, tense: str) -> Phrase:
    """When."""
    times = {"habit": "habit", "past": "past", "now": "now", "be": "now"}.get(tense, "future")
    if verb.en in _OF_WEEKS and f"long {times}" in TIMES:
        times = f"long {times}"
    return fixed(*random.choice(TIMES[times]), "time.")


def draw_polarity(random: Random, tense: str) -> tuple[str, bool]:
    """Negation, and whether it is a question; never both."""
    chance = random.random()
    if chance < 0.2:
        return ("never" if tense == "habit" else "not"), False
    return "", chance < 0.38
