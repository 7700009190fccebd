"""Clauses in two languages at once: tense, negation, questions and object pronouns."""

from typing import NamedTuple

from tools.grammar import english, french
from tools.grammar.french import Gender, Person
from tools.grammar.phrases import NOTHING, NounPhrase, Phrase, Word, word, words
from tools.grammar.verbs import Verb

_REFLEXIVES = ("me", "te", "se", "nous", "se")
_BE = {Person.JE: "am", Person.IL: "is"}
# The French verb that comes before an infinitive, by tense.
_MODALS = {"going": "aller", "can": "pouvoir", "must": "devoir", "want": "vouloir"}
_QUESTION_WORDS = {"where": "où", "why": "pourquoi", "when": "quand", "what": "que"}


class ObjectPronoun(NamedTuple):
    """A pronoun after the English verb and before the French one: sees her, la voit."""

    en: str
    fr: str
    person: Person
    gender: Gender | None = None
    plural: bool = False


OBJECT_PRONOUNS = [
    ObjectPronoun("me", "me", Person.JE),
    ObjectPronoun("you", "te", Person.TU),
    ObjectPronoun("him", "le", Person.IL, "m"),
    ObjectPronoun("her", "la", Person.IL, "f"),
    ObjectPronoun("us", "nous", Person.NOUS, None, True),
    ObjectPronoun("them", "les", Person.ILS, "m", True),
]


def referring_object(thing: NounPhrase) -> ObjectPronoun:
    """The object pronoun for something named before: it, them."""
    if thing.plural:
        return ObjectPronoun("them", "les", Person.ILS, thing.gender, True)
    return ObjectPronoun("it", "la" if thing.gender == "f" else "le", Person.IL, thing.gender)


def referring_subject(thing: NounPhrase, en: str) -> NounPhrase:
    """The subject pronoun for something named before: it, he, she, they."""
    fr = ("elle" if thing.gender == "f" else "il") + ("s" if thing.plural else "")
    phrase = Phrase([word(en, "subject")], [word(fr, "subject")])
    return thing._replace(phrase=phrase)


class _EnglishVerb(NamedTuple):
    lead: list[Word]  # what a question puts before the subject
    main: list[Word]


class _FrenchVerb(NamedTuple):
    finite: Word  # what "ne ... pas" goes around
    rest: list[Word]
    pronouns_first: bool  # before the finite verb, not before an infinitive


def _english_verb(verb: Verb, tense: str, person: Person, support: bool) -> _EnglishVerb:
    base, *particles = verb.en.split()
    third = person is Person.IL
    do = [word("does" if third else "do")]
    be = _BE.get(person, "are")

    def main(form: str) -> list[Word]:
        return [word(part, "verb") for part in (form, *particles)]

    to_infinitive = [word("to", "verb"), *main(base)]
    if tense == "be":
        return _EnglishVerb([word(be, "verb")], [])
    if tense == "now":
        return _EnglishVerb([word(be, "verb")], main(english.gerund(base)))
    if tense == "past":
        if support:
            return _EnglishVerb([word("did")], main(base))
        return _EnglishVerb([], main(english.past(base)))
    if tense == "going":
        return _EnglishVerb([word(be, "modal")], [word("going", "modal"), *to_infinitive])
    if tense in ("can", "must"):
        return _EnglishVerb([word(tense, "modal")], main(base))
    if tense == "want":
        if support:
            return _EnglishVerb(do, [word("want", "modal"), *to_infinitive])
        return _EnglishVerb([], [word("wants" if third else "want", "modal"), *to_infinitive])
    if support:
        return _EnglishVerb(do, main(base))
    return _EnglishVerb([], main(english.third_person(base) if third else base))


def _french_verb(
    verb: Verb, tense: str, subject: NounPhrase, pronoun: ObjectPronoun | None
) -> _FrenchVerb:
    if tense in _MODALS:
        modal = word(french.present(_MODALS[tense], subject.person), "modal")
        return _FrenchVerb(modal, [word(verb.infinitive, "verb")], pronouns_first=False)
    if tense == "past":
        auxiliary = "être" if verb.etre else "avoir"
        finite = word(french.present(auxiliary, subject.person), "verb")
        agrees_with = subject if verb.etre else pronoun
        gender = (agrees_with and agrees_with.gender) or "m"
        plural = bool(agrees_with and agrees_with.plural)
        participle = french.participle(verb.infinitive, gender, plural)
        return _FrenchVerb(finite, [word(participle, "verb")], pronouns_first=True)
    return _FrenchVerb(word(french.present(verb.infinitive, subject.person), "verb"), [], True)


def needs_known_gender(verb: Verb, tense: str) -> bool:
    """Whether the participle shows the subject's gender: elle est arrivée."""
    return verb.etre and tense == "past"


def clause(
    subject: NounPhrase,
    verb: Verb,
    tense: str,
    rest: Phrase = NOTHING,
    *,
    negation: str = "",
    question: bool = False,
    frequency: tuple[str, str] | None = None,
    pronoun: ObjectPronoun | None = None,
    asks: str = "",
) -> Phrase:
    """A clause without its final mark.

    Args:
        subject: who acts.
        verb: what is done.
        tense: one of the verb's tenses, or "be" where the English verb is "to be".
        rest: objects, places and times.
        negation: "", "not" or "never".
        question: whether it asks; French asks with "est-ce que".
        frequency: an adverb such as ("often", "souvent").
        pronoun: an object pronoun.
        asks: a question word: "where", "why", "when" or "what".

    Returns:
        The clause in both languages.
    """
    support = question or negation == "not"
    lead, main = _english_verb(verb, tense, subject.person, support)
    middle: list[Word] = []
    if negation == "not" and tense == "can":
        lead = [word("cannot", "modal", "negation")]
    elif negation:
        middle.append(word(negation, "negation"))
    if frequency:
        middle.append(word(frequency[0], "frequency"))
    opening = [word(asks, "asks")] if asks else []
    named = subject.phrase.en
    # "Does he often eat", "he does not eat", "he is never late".
    en = [*opening, *lead, *named] if question else [*named, *lead]
    en += [*middle, *main]
    if pronoun:
        en.append(word(pronoun.en, "object"))
    fr = _french_clause(subject, verb, tense, negation, frequency, pronoun)
    if question:
        opening = [word(_QUESTION_WORDS[asks], "asks")] if asks else []
        fr = [*opening, *words("est-ce que"), *fr]
    return Phrase(en, fr) + rest


def _french_clause(
    subject: NounPhrase,
    verb: Verb,
    tense: str,
    negation: str,
    frequency: tuple[str, str] | None,
    pronoun: ObjectPronoun | None,
) -> list[Word]:
    finite, rest, pronouns_first = _french_verb(verb, tense, subject, pronoun)
    pronouns = [word(_REFLEXIVES[subject.person], "verb")] if verb.reflexive else []
    if pronoun:
        pronouns.append(word(pronoun.fr, "object"))
    before = [word("ne", "negation")] if negation else []
    after = [word({"not": "pas", "never": "jamais"}[negation], "negation")] if negation else []
    if frequency:
        after.append(word(frequency[1], "frequency"))
    if pronouns_first:
        return [*subject.phrase.fr, *before, *pronouns, finite, *after, *rest]
    return [*subject.phrase.fr, *before, finite, *after, *pronouns, *rest]
