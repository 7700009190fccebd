"""Sentences with "to be": qualities, places, there is, it is, comparison, age, weather."""

from random import Random

from tools.grammar import english
from tools.grammar.clauses import clause, referring_subject
from tools.grammar.draws import (
    adjectives_for,
    draw_adjectives,
    draw_name,
    draw_polarity,
    draw_subject,
    draw_time,
    has_plural,
    nouns_with,
)
from tools.grammar.expressions import AGES, DEGREE_ADVERBS, NUMBERS
from tools.grammar.french import Person, adjective
from tools.grammar.lexicon import CONDITIONS, DEGREES, NOUNS, STATES, Adjective, Noun
from tools.grammar.phrases import (
    NOTHING,
    PRONOUNS,
    NounPhrase,
    Phrase,
    finish,
    fixed,
    noun_phrase,
    place,
    pronoun,
    relabel,
    word,
    words,
)
from tools.grammar.verbs import INTRANSITIVE, Verb

BE = Verb("be", "être", frozenset({"be"}))
_HAVE = Verb("be", "avoir", frozenset({"be"}))
_MAKE = Verb("be", "faire", frozenset({"be"}))
_PEOPLE = frozenset({"person"})
_EFFORTS = [verb for verb in INTRANSITIVE if verb.en not in ("cry", "sleep", "laugh", "wait")]
_FEELINGS = {
    "hungry": "faim",
    "thirsty": "soif",
    "cold": "froid",
    "afraid": "peur",
    "sleepy": "sommeil",
}
_WEATHER = {"cold": "froid", "hot": "chaud", "dark": "noir"}
_EXCESSIVE = frozenset({"big", "small", "old", "expensive", "heavy", "hot", "cold", "dirty"})
_GRADED = _EXCESSIVE | {
    "beautiful", "pretty", "good", "bad", "interesting", "funny", "sad", "happy", "intelligent",
    "kind", "famous", "clean", "tired", "calm", "ill", "serious", "strong",
}  # fmt: skip
_HINDERING = frozenset({"tired", "sad"})
_DULL = frozenset({"old", "small", "expensive", "bad", "sad"})
_BRIGHT = frozenset({"beautiful", "good", "pretty", "clean", "interesting", "funny"})
# What is where: tags of the thing, preposition, tags of the place.
_SCENES = [
    ("pet", "in", "room"), ("pet", "under", "furniture"), ("pet", "behind", "building"),
    ("pet", "on", "furniture"), ("animal", "near", "water nature"), ("animal", "in", "outside"),
    ("large", "near", "nature water landmark"), ("large", "in", "outside"),
    ("place_on", "on", "top"), ("place_on toy", "under", "furniture"),
    ("carry", "behind", "doorway"), ("place_on", "in", "weight"), ("toy", "in", "room weight"),
    ("clothes", "on", "furniture"), ("road", "in front of", "building"),
    ("road", "behind", "building"), ("road", "next to", "building nature"),
    ("person", "in", "outside"), ("person", "in front of", "building opening"),
    ("person", "near", "water landmark"), ("building", "near", "water landmark town"),
    ("building", "next to", "building dest"), ("nature", "behind", "building"),
    ("nature plant", "in", "outside"), ("food", "on", "top"), ("top", "in", "inside"),
]  # fmt: skip


def agreed(quality: Adjective, subject: NounPhrase, label: str = "quality") -> Phrase:
    """An adjective after "to be", agreed with its subject."""
    form = adjective(quality.fr, subject.gender or "m", subject.plural)
    return Phrase([word(quality.en, label)], [word(form, label)])


def _ask_or_tell(main: Phrase, question: bool) -> Phrase:
    return finish(main, "?" if question else ".")


def _degree(random: Random, quality: Adjective) -> Phrase:
    if quality.en not in _GRADED or random.random() > 0.4:
        return NOTHING
    count = 3 if quality.en in _EXCESSIVE else 2
    en, fr = random.choice(list(DEGREE_ADVERBS.items())[:count])
    return Phrase([word(en, "degree")], [word(fr, "degree")])


def _described(random: Random) -> tuple[NounPhrase, Adjective] | None:
    noun = random.choice(NOUNS)
    qualities = [quality for quality in adjectives_for(noun.tags) if quality.predicative]
    qualities += [quality for quality in CONDITIONS if quality.tags & noun.tags]
    if not qualities or noun.tags & {"person", "kin"}:
        return None
    plural = has_plural(noun) and random.random() < 0.3
    subject = noun_phrase("subject", noun, random.choice(("the", "the", "this")), plural=plural)
    return subject, random.choice(qualities)


def _quality(random: Random) -> Phrase | None:
    """The house is very old. Marie is not ready."""
    if random.random() < 0.5:
        quality = random.choice(STATES)
        same = adjective(quality.fr, "f", False) == quality.fr
        subject = draw_subject(random, _PEOPLE, not same, adjectives=False)
    else:
        described = _described(random)
        if described is None:
            return None
        subject, quality = described
    negation, question = draw_polarity(random, "be")
    rest = (NOTHING if negation or question else _degree(random, quality)) + agreed(
        quality, subject
    )
    return _ask_or_tell(
        clause(subject, BE, "be", rest, negation=negation, question=question), question
    )


def _but(random: Random) -> Phrase | None:
    """The car is old, but it is beautiful. The girls are tired, but they are dancing."""
    people = random.random() < 0.5
    if people:
        noun = random.choice(nouns_with(_PEOPLE))
        qualities = [state for state in STATES if state.en in _HINDERING]
    else:
        noun = random.choice(NOUNS)
        qualities = [quality for quality in adjectives_for(noun.tags) if quality.en in _DULL]
    if not qualities or (noun.tags & _PEOPLE and not people):
        return None
    thing = noun_phrase("thing", noun, "the", plural=has_plural(noun) and random.random() < 0.4)
    first = clause(thing, BE, "be", agreed(random.choice(qualities), thing))
    if people:
        it = "they" if thing.plural else "she" if thing.gender == "f" else "he"
        second = clause(referring_subject(thing, it), random.choice(_EFFORTS), "now")
    else:
        bright = [quality for quality in adjectives_for(noun.tags) if quality.en in _BRIGHT]
        if not bright:
            return None
        it = "they" if thing.plural else "it"
        second = clause(
            referring_subject(thing, it), BE, "be", agreed(random.choice(bright), thing)
        )
    return finish(first + fixed(",:1 but:2", ",:1 mais:2", "joint.") + relabel(second, "second."))


def _scene(random: Random) -> tuple[Noun, Phrase]:
    """Something, and where it is."""
    what, preposition, where = random.choice(_SCENES)
    thing = random.choice(nouns_with(frozenset(what.split())))
    spots = [noun for noun in nouns_with(frozenset(where.split())) if noun != thing]
    spot = noun_phrase("place", random.choice(spots), "the")
    return thing, place(preposition, spot.phrase)


def _there_is(random: Random) -> Phrase:
    """There is a cat in the garden."""
    noun, where = _scene(random)
    negation, question = draw_polarity(random, "be")
    adjectives = draw_adjectives(random, noun)
    plural = has_plural(noun) and random.random() < 0.5
    kind = "some" if plural or noun.mass else "a"
    if plural and not negation and not question and random.random() < 0.5:
        kind = random.choice(list(NUMBERS)[:5])
    thing = noun_phrase(
        "thing", noun, kind, adjectives, plural=plural, negated=bool(negation), asked=question
    )
    be = word("are" if plural else "is", "verb")
    there = word("there", "there")
    en, fr = thing.phrase.en, thing.phrase.fr
    y_a = [word("il", "there"), word("y", "there"), word("a", "verb")]
    if negation:
        # "no" says what "ne", "pas" and "de" say.
        en = [word("no", "negation", "thing.det"), *en[1:]]
        y_a = [y_a[0], word("ne", "negation"), *y_a[1:], word("pas", "negation")]
    if question:
        both = Phrase([be, there, *en], [*words("est-ce que"), *y_a, *fr])
    else:
        both = Phrase([there, be, *en], [*y_a, *fr])
    return _ask_or_tell(both + where, question)


def _it_is(random: Random) -> Phrase:
    """It is a beautiful tree. They are not wolves."""
    noun = random.choice([noun for noun in NOUNS if not noun.tags & {"kin", "room", "royal"}])
    # English says "he" or "she" of one person.
    plural = has_plural(noun) and (bool(noun.tags & _PEOPLE) or random.random() < 0.35)
    negation = "not" if random.random() < 0.25 else ""
    kind = "bare" if plural or noun.mass else "a"
    thing = noun_phrase("thing", noun, kind, draw_adjectives(random, noun), plural=plural)
    en, person = ("they", Person.ILS) if plural else ("it", Person.IL)
    it = Phrase([word(en, "subject")], [word("ce", "subject")])
    subject = NounPhrase(it, "m", plural, person, "its")
    return finish(clause(subject, BE, "be", thing.phrase, negation=negation))


def _location(random: Random) -> Phrase:
    """The key is on the table. Where is the key?"""
    noun, where = _scene(random)
    plural = has_plural(noun) and random.random() < 0.25
    determiner = random.choice(("the", "the", "my", "your"))
    if not noun.tags & {"pet", "place_on", "toy", "carry", "clothes", "road", "weight"}:
        determiner = "the"
    subject = noun_phrase("subject", noun, determiner, plural=plural)
    if random.random() < 0.2:
        be = word("are" if plural else "is", "verb")
        sont = word("sont" if plural else "est", "verb")
        return finish(
            Phrase([word("where", "asks"), be], [word("où", "asks"), sont]) + subject.phrase, "?"
        )
    negation, question = draw_polarity(random, "be")
    main = clause(subject, BE, "be", where, negation=negation, question=question)
    return _ask_or_tell(main, question)


def _comparison(random: Random) -> Phrase:
    """Paul is taller than Anne. This car is more expensive than the bike."""
    quality = random.choice(DEGREES)
    if "person" in quality.tags:
        first, second = draw_name(random), draw_name(random)
        while second.phrase == first.phrase:
            second = draw_name(random)
    else:
        one, other = random.sample(nouns_with(frozenset({random.choice(sorted(quality.tags))})), 2)
        first, second = noun_phrase("subject", one, "the"), noun_phrase("subject", other, "the")
    form = agreed(quality, first).fr
    if random.random() < 0.3:
        en = [word("as", "degree"), word(quality.en, "quality"), word("as", "than")]
        fr = [word("aussi", "degree"), *form, word("que", "than")]
    else:
        compared = english.comparative(quality.en)
        en = [word(part, "degree") for part in compared[:-1]]
        en += [word(compared[-1], "quality", *([] if en else ["degree"])), word("than", "than")]
        fr = [word("plus", "degree"), *form, word("que", "than")]
    return finish(clause(first, BE, "be", Phrase(en, fr) + relabel(second.phrase, "second.")))


def _feeling(random: Random) -> Phrase:
    """I am hungry; j'ai faim."""
    en, fr = random.choice(list(_FEELINGS.items()))
    negation, question = draw_polarity(random, "be")
    rest = Phrase([word(en, "quality")], [word(fr, "quality")])
    subject = draw_subject(random, _PEOPLE)
    main = clause(subject, _HAVE, "be", rest, negation=negation, question=question)
    return _ask_or_tell(main, question)


def _age(random: Random) -> Phrase:
    """Paul is ten years old; Paul a dix ans."""
    grown_up = random.random() < 0.4
    subject = pronoun(random.choice(tuple(PRONOUNS))) if grown_up else draw_name(random)
    en, fr = random.choice(list(AGES.items())[8 if grown_up else 0 :])
    rest = fixed(f"{en}:1 years:2 old", f"{fr}:1 ans:2", "age.")
    question = random.random() < 0.2
    main = clause(subject, _HAVE, "be", rest, question=question)
    return _ask_or_tell(main, question)


def _weather(random: Random) -> Phrase:
    """It is cold in the kitchen."""
    indoors_or_out = random.random() < 0.6
    en, fr = random.choice(list(_WEATHER.items())[: None if indoors_or_out else 2])
    it = Phrase([word("it", "subject")], [word("il", "subject")])
    subject = NounPhrase(it, "m", False, Person.IL, "its")
    rest = Phrase([word(en, "quality")], [word(fr, "quality")])
    if indoors_or_out:
        room = random.choice(nouns_with(frozenset({"inside", "outside"})))
        rest += place("in", noun_phrase("place", room, "the").phrase)
    else:
        rest += draw_time(random, _MAKE, "be")
    negation, question = draw_polarity(random, "be")
    main = clause(subject, _MAKE, "be", rest, negation=negation, question=question)
    return _ask_or_tell(main, question)


def _profession(random: Random) -> Phrase:
    """Paul is a doctor; French has no article here."""
    subject = draw_name(random) if random.random() < 0.7 else pronoun(random.choice(("he", "she")))
    jobs = nouns_with(frozenset({"job" if subject.gender == "m" else "jobf"}))
    negation, question = draw_polarity(random, "be")
    job = noun_phrase("job", random.choice(jobs), "none")
    main = clause(subject, BE, "be", job.phrase, negation=negation, question=question)
    return _ask_or_tell(main, question)


BEING = (
    (_quality, 14), (_but, 6), (_there_is, 10), (_it_is, 6), (_location, 10), (_comparison, 6),
    (_feeling, 3), (_age, 3), (_weather, 2), (_profession, 2),
)  # fmt: skip
