"""English word forms, by rule, with the exceptions that the lexicon needs."""

_PLURALS = {"man": "men", "woman": "women", "child": "children", "mouse": "mice", "wolf": "wolves",
            "knife": "knives", "scarf": "scarves"}  # fmt: skip
_PASTS = {
    "break": "broke", "bring": "brought", "build": "built", "buy": "bought", "come": "came",
    "cut": "cut", "drink": "drank", "draw": "drew", "eat": "ate", "fall": "fell", "find": "found",
    "forget": "forgot", "get": "got", "give": "gave", "go": "went", "have": "had", "hear": "heard",
    "leave": "left", "lose": "lost", "meet": "met", "read": "read", "run": "ran", "see": "saw",
    "sell": "sold", "send": "sent", "sing": "sang", "sleep": "slept", "swim": "swam",
    "take": "took", "think": "thought", "wake": "woke", "write": "wrote", "choose": "chose",
}  # fmt: skip
_DOUBLED = frozenset({"cut", "get", "run", "stop", "swim", "forget", "prefer"})
_VOWELS = "aeiou"
# Spelled with a vowel, spoken with a consonant.
_CONSONANT_SOUND = ("uni", "use", "one", "eu")


def _ends_in_consonant_y(word: str) -> bool:
    return word.endswith("y") and word[-2] not in _VOWELS


def _add_s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh", "o")):
        return word + "es"
    return word[:-1] + "ies" if _ends_in_consonant_y(word) else word + "s"


def plural(noun: str) -> str:
    """The plural: one box, two boxes."""
    return _PLURALS.get(noun) or _add_s(noun)


def third_person(verb: str) -> str:
    """The form after he, she or it: I watch, she watches."""
    return "has" if verb == "have" else _add_s(verb)


def past(verb: str) -> str:
    """The simple past: I stop, I stopped."""
    if verb in _PASTS:
        return _PASTS[verb]
    if verb in _DOUBLED:
        verb += verb[-1]
    if verb.endswith("e"):
        return verb + "d"
    return verb[:-1] + "ied" if _ends_in_consonant_y(verb) else verb + "ed"


def gerund(verb: str) -> str:
    """The form in -ing: I write, I am writing."""
    if verb in _DOUBLED:
        verb += verb[-1]
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith("ee"):
        verb = verb[:-1]
    return verb + "ing"


def comparative(adjective: str) -> list[str]:
    """The comparative, of regular adjectives: big, bigger; expensive, more expensive."""
    if _ends_in_consonant_y(adjective):
        return [adjective[:-1] + "ier"]
    if len(adjective) > 6:
        return ["more", adjective]
    if adjective == "big":
        return ["bigger"]
    return [adjective + ("r" if adjective.endswith("e") else "er")]


def article(next_word: str) -> str:
    """The indefinite article before a word: a book, an apple."""
    word = next_word.lower()
    sounds_open = word[0] in _VOWELS and not word.startswith(_CONSONANT_SOUND)
    return "an" if sounds_open else "a"
