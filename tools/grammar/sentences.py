"""The kinds of sentences that the grammar writes, each drawn at random within what makes sense."""

from itertools import accumulate
from random import Random

from tools.grammar import english
from tools.grammar.being import BE, BEING, agreed
from tools.grammar.clauses import OBJECT_PRONOUNS, clause, needs_known_gender, referring_object
from tools.grammar.draws import (
    adjectives_for,
    draw_object,
    draw_place,
    draw_polarity,
    draw_subject,
    draw_time,
    is_reflexive,
    nouns_with,
)
from tools.grammar.expressions import FREQUENCY
from tools.grammar.phrases import (
    NOTHING,
    NounPhrase,
    Phrase,
    finish,
    fixed,
    noun_phrase,
    place,
    prepositional,
    pronoun,
    relabel,
    word,
)
from tools.grammar.verbs import GIVING, INTRANSITIVE, MOTION, TRANSITIVE, Verb

_PEOPLE = frozenset({"person"})
_LIVING = frozenset({"person", "kin", "animal"})
_REFERRING = frozenset({"eat", "drink", "buy", "want", "like", "sing", "visit", "wear"})
_WELCOME = frozenset(
    {"good", "beautiful", "pretty", "interesting", "funny", "fresh", "red", "blue"}
)
_UNWELCOME = frozenset({"bad", "dirty", "expensive", "heavy", "sad"})
# "Aller" and "rester" want a place; these verbs do without.
_COMPLETE = [verb for verb in INTRANSITIVE + MOTION if not (verb.etre and verb.places)]
# What takes no time happens neither "now" nor "today".
_INSTANT = frozenset({"fall", "fall asleep", "wake up", "stop"})
# "Is not arriving" is "n'arrive pas", which says "does not succeed".
_UNDENIED = frozenset({"prefer", "arrive"})
# What one asks "what" of, not "whom"; "wear" and "carry" would ask the same in French.
_ASKABLE = [
    verb
    for verb in TRANSITIVE
    if not any(verb.to) and verb.en != "wear" and not verb.objects & {"person", "kin", "town"}
]
_TIMELESS = ("state", "can", "want")


def _when(
    random: Random, verb: Verb, tense: str, negation: str, question: bool
) -> tuple[Phrase, tuple[str, str] | None]:
    """A time and an adverb of frequency; a habit has one of them."""
    if tense in _TIMELESS or negation == "never":
        return NOTHING, None
    if tense == "habit":
        if random.random() < 0.5:
            return draw_time(random, verb, tense), None
        choices = list(FREQUENCY.items())[: 2 if question else None]
        return NOTHING, random.choice(choices)
    # "They read" and "they cut" are the past only where a time says so.
    needed = tense == "past" and english.past(verb.en) == verb.en
    instant = tense == "now" and verb.en in _INSTANT
    if instant or (not needed and random.random() > 0.3):
        return NOTHING, None
    time = draw_time(random, verb, tense)
    soon_not = bool(negation) and time.en[0].text == "soon"
    return (NOTHING if soon_not else time), None


def _with_time(random: Random, main: Phrase, time: Phrase, question: bool) -> Phrase:
    """The time at the end, or now and then in front of a statement."""
    if not time.en or question or random.random() > 0.2:
        return finish(main + time, "?" if question else ".")
    comma = Phrase([word(",", "comma")], [word(",", "comma")])
    return finish(time + comma + main)


def _subject_for(random: Random, verb: Verb, tense: str) -> NounPhrase:
    # Only people can, must and want.
    tags = _PEOPLE if tense in ("can", "must", "want") else verb.subjects
    return draw_subject(random, tags, needs_known_gender(verb, tense))


def _transitive(random: Random) -> Phrase:
    verb = random.choice(TRANSITIVE)
    tense = random.choice(sorted(verb.tenses))
    subject = _subject_for(random, verb, tense)
    negation, question = draw_polarity(random, tense)
    if verb.en in _UNDENIED:
        negation = ""
    direct = not verb.to[0] and not verb.to[1]
    thing = draw_object(
        random, verb, subject,
        habit=tense == "habit", negated=bool(negation) and direct, asked=question,
    )  # fmt: skip
    rest = prepositional(verb.to, thing.phrase, "to")
    time, frequency = _when(random, verb, tense, negation, question)
    if not time.en and tense not in _TIMELESS and random.random() < 0.25:
        rest += draw_place(random, verb.places, subject)
    main = clause(
        subject, verb, tense, rest, negation=negation, question=question, frequency=frequency
    )
    return _with_time(random, main, time, question)


def _object_pronoun(random: Random) -> Phrase | None:
    verb = random.choice([verb for verb in TRANSITIVE if "person" in verb.objects])
    tense = random.choice(sorted(verb.tenses))
    subject = _subject_for(random, verb, tense)
    who = random.choice(OBJECT_PRONOUNS)
    if any(verb.to) or is_reflexive(subject, who.person) or (tense == "past" and not who.gender):
        return None
    negation, question = draw_polarity(random, tense)
    time, frequency = _when(random, verb, tense, negation, question)
    main = clause(
        subject, verb, tense,
        negation=negation, question=question, frequency=frequency, pronoun=who,
    )  # fmt: skip
    return _with_time(random, main, time, question)


def _intransitive(random: Random) -> Phrase:
    verb = random.choice(INTRANSITIVE + MOTION)
    tense = random.choice(sorted(verb.tenses))
    subject = _subject_for(random, verb, tense)
    negation, question = draw_polarity(random, tense)
    if verb.en in _UNDENIED:
        negation = ""
    time, frequency = _when(random, verb, tense, negation, question)
    where = NOTHING
    if verb.etre or random.random() < 0.4:
        where = draw_place(random, verb.places, subject)
    main = clause(
        subject, verb, tense, where, negation=negation, question=question, frequency=frequency
    )
    return _with_time(random, main, time, question)


def _giving(random: Random) -> Phrase:
    verb = random.choice(GIVING)
    tense = random.choice(sorted(verb.tenses))
    subject = _subject_for(random, verb, tense)
    negation, question = draw_polarity(random, tense)
    thing = draw_object(random, verb, subject, negated=bool(negation), asked=question)
    receiver = noun_phrase("receiver", random.choice(nouns_with(_PEOPLE)), "the")
    if random.random() < 0.4:
        kin = random.choice(nouns_with(frozenset({"kin"})))
        receiver = noun_phrase("receiver", kin, subject.owner)
    rest = thing.phrase + place("to", receiver.phrase, "receiver")
    main = clause(subject, verb, tense, rest, negation=negation, question=question)
    return finish(main, "?" if question else ".")


def _question(random: Random) -> Phrase:
    """Why is she laughing? Where are you working? When is the train leaving?"""
    verb = random.choice(_COMPLETE)
    tense = random.choice(sorted(verb.tenses & {"now", "past", "going"}))
    subject = _subject_for(random, verb, tense)
    asks = "why"
    if verb.en == "arrive":
        asks = "when"
    elif tense != "now":
        asks = random.choice(("why", "when"))
    elif verb.places and not verb.etre:
        asks = random.choice(("why", "where"))
    return finish(clause(subject, verb, tense, question=True, asks=asks), "?")


def _what(random: Random) -> Phrase:
    """What is Paul reading?"""
    verb = random.choice(_ASKABLE)
    tense = random.choice(sorted(verb.tenses - {"habit"}))
    subject = _subject_for(random, verb, tense)
    time = (
        draw_time(random, verb, tense)
        if tense in ("past", "going") and random.random() < 0.3
        else NOTHING
    )
    return finish(clause(subject, verb, tense, time, question=True, asks="what"), "?")


def _who(random: Random) -> Phrase:
    """Who is eating the apple? The subject asks, so there is no "est-ce que"."""
    verb = random.choice(TRANSITIVE)
    tense = random.choice(sorted(verb.tenses - {"habit"}))
    who = pronoun("who")
    thing = draw_object(random, verb, who)
    return finish(clause(who, verb, tense, prepositional(verb.to, thing.phrase, "to")), "?")


def _referring(random: Random) -> Phrase | None:
    """The pear is fresh, and Anne is buying it: the pronoun takes the noun's gender in French."""
    verb = random.choice([verb for verb in TRANSITIVE if verb.en in _REFERRING])
    tense = random.choice(sorted(verb.tenses - {"habit", "can", "must"}))
    noun = random.choice([noun for noun in nouns_with(verb.objects) if not noun.tags & _LIVING])
    welcome = random.random() < 0.65
    qualities = [
        quality
        for quality in adjectives_for(noun.tags)
        if quality.predicative and quality.en in (_WELCOME if welcome else _UNWELCOME)
    ]
    if not qualities:
        return None
    plural = not noun.mass and random.random() < 0.25
    thing = noun_phrase("thing", noun, random.choice(("the", "the", "this")), plural=plural)
    first = clause(thing, BE, "be", agreed(random.choice(qualities), thing))
    second = clause(
        _subject_for(random, verb, tense), verb, tense,
        negation="" if welcome else "not", pronoun=referring_object(thing),
    )  # fmt: skip
    return finish(first + fixed(",:1 and:2", ",:1 et:2", "joint.") + relabel(second, "second."))


_PATTERNS = (
    (_transitive, 42), (_object_pronoun, 14), (_intransitive, 28), (_giving, 8),
    (_question, 4), (_what, 3), (_who, 4), (_referring, 8), *BEING,
)  # fmt: skip
_KINDS = [pattern for pattern, _ in _PATTERNS]
_BOUNDS = list(accumulate(weight for _, weight in _PATTERNS))


def write(random: Random) -> Phrase | None:
    """One sentence of a kind drawn at random, or None where the draw made no sense."""
    (pattern,) = random.choices(_KINDS, cum_weights=_BOUNDS)
    phrase = pattern(random)
    return None if phrase is None or _asks_oneself(phrase) else phrase


def _asks_oneself(phrase: Phrase) -> bool:
    """Whether it asks about the speakers: "Am I hungry?" is no question one hears."""
    said = [word.text for word in phrase.en]
    asked = said[-1] == "?" and not {"I", "we"}.isdisjoint(said[:3])
    return asked and said[0] != "can"
