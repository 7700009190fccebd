"""French word forms, elision and contraction, by rule, with the exceptions the lexicon needs."""

from enum import IntEnum
from typing import Literal

Gender = Literal["m", "f"]


class Person(IntEnum):
    """Grammatical persons; there is no "vous", for English "you" is always one friend here."""

    JE = 0
    TU = 1
    IL = 2
    NOUS = 3
    ILS = 4


_VOWELS = "aeiouyàâéèêëîïôùûœ"
_ASPIRATED = frozenset({"haricot", "haricots", "héros", "hibou", "hiboux", "huit"})

_NOUN_PLURALS = {
    "grand-mère": "grands-mères",
    "grand-père": "grands-pères",
    "hibou": "hiboux",
}
_INVARIABLE = frozenset({"marron"})
_FEMININES = {"beau": "belle", "blanc": "blanche", "bon": "bonne", "frais": "fraîche",
              "gentil": "gentille", "nouveau": "nouvelle", "vieux": "vieille"}  # fmt: skip
_BEFORE_VOWEL = {"beau": "bel", "nouveau": "nouvel", "vieux": "vieil"}

# je, tu, il, nous, ils; participle
_IRREGULAR = {
    "aller": "vais vas va allons vont allé",
    "appeler": "appelle appelles appelle appelons appellent appelé",
    "avoir": "ai as a avons ont eu",
    "boire": "bois bois boit buvons boivent bu",
    "connaître": "connais connais connaît connaissons connaissent connu",
    "construire": "construis construis construit construisons construisent construit",
    "courir": "cours cours court courons courent couru",
    "devoir": "dois dois doit devons doivent dû",
    "dormir": "dors dors dort dormons dorment dormi",
    "endormir": "endors endors endort endormons endorment endormi",
    "écrire": "écris écris écrit écrivons écrivent écrit",
    "être": "suis es est sommes sont été",
    "faire": "fais fais fait faisons font fait",
    "lire": "lis lis lit lisons lisent lu",
    "mourir": "meurs meurs meurt mourons meurent mort",
    "ouvrir": "ouvre ouvres ouvre ouvrons ouvrent ouvert",
    "partir": "pars pars part partons partent parti",
    "peindre": "peins peins peint peignons peignent peint",
    "pouvoir": "peux peux peut pouvons peuvent pu",
    "prendre": "prends prends prend prenons prennent pris",
    "rire": "ris ris rit rions rient ri",
    "sortir": "sors sors sort sortons sortent sorti",
    "sourire": "souris souris sourit sourions sourient souri",
    "venir": "viens viens vient venons viennent venu",
    "voir": "vois vois voit voyons voient vu",
    "vouloir": "veux veux veut voulons veulent voulu",
}

_ELIDED = frozenset({"ce", "de", "je", "la", "le", "me", "ne", "que", "se", "te"})
_CONTRACTED = {("à", "le"): "au", ("à", "les"): "aux", ("de", "le"): "du", ("de", "les"): "des"}


def opens_with_vowel(word: str) -> bool:
    """Whether words before this one elide: l'ami, l'homme, but le héros."""
    word = word.lower()
    return word[0] in _VOWELS or (word[0] == "h" and word not in _ASPIRATED)


def noun_plural(noun: str) -> str:
    """The plural: un cheval, des chevaux."""
    return _NOUN_PLURALS.get(noun) or _masculine_plural(noun)


def _masculine_plural(word: str) -> str:
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith("al"):
        return word[:-1] + "ux"
    return word + ("x" if word.endswith(("au", "eu")) and word != "bleu" else "s")


def _feminine(masculine: str) -> str:
    if masculine in _FEMININES:
        return _FEMININES[masculine]
    if masculine.endswith("e"):
        return masculine
    if masculine.endswith("eux"):
        return masculine[:-1] + "se"
    if masculine.endswith("er"):
        return masculine[:-2] + "ère"
    if masculine.endswith("en"):
        return masculine + "ne"
    return masculine + "e"


def adjective(masculine: str, gender: Gender, plural: bool, next_word: str = "") -> str:
    """The adjective's agreed form.

    Args:
        masculine: masculine singular, such as "beau".
        gender: of its noun.
        plural: whether its noun is plural.
        next_word: the word after it where it stands before its noun: un bel arbre.

    Returns:
        The form, such as "belles".
    """
    if masculine in _INVARIABLE:
        return masculine
    if gender == "f":
        return _feminine(masculine) + ("s" if plural else "")
    if plural:
        return _masculine_plural(masculine)
    if next_word and opens_with_vowel(next_word):
        return _BEFORE_VOWEL.get(masculine, masculine)
    return masculine


def present(infinitive: str, person: Person) -> str:
    """The present tense of a verb: ("manger", NOUS) is "mangeons"."""
    if infinitive in _IRREGULAR:
        return _IRREGULAR[infinitive].split()[person]
    stem, ending = infinitive[:-2], infinitive[-2:]
    if ending == "ir":
        return stem + ("is", "is", "it", "issons", "issent")[person]
    if ending == "re":
        return stem + ("s", "s", "", "ons", "ent")[person]
    stem = _soft(stem) if person is Person.NOUS else _stressed(stem)
    return stem + ("e", "es", "e", "ons", "ent")[person]


def _soft(stem: str) -> str:
    """The stem of an -er verb before o keeps its soft g or c: mangeons, plaçons."""
    if stem.endswith("g"):
        return stem + "e"
    return stem[:-1] + "ç" if stem.endswith("c") else stem


def _stressed(stem: str) -> str:
    """The stem of an -er verb before a silent ending: achète, préfère, nettoie."""
    if stem.endswith(("oy", "uy")):
        return stem[:-1] + "i"
    opened = len(stem) > 2 and stem[-2] in "eé" and stem[-1] not in _VOWELS
    return stem[:-2] + "è" + stem[-1] if opened else stem


def participle(infinitive: str, gender: Gender = "m", plural: bool = False) -> str:
    """The past participle, agreed: ("aller", "f", True) is "allées"."""
    if infinitive in _IRREGULAR:
        form = _IRREGULAR[infinitive].split()[-1]
    else:
        form = infinitive[:-2] + {"er": "é", "ir": "i", "re": "u"}[infinitive[-2:]]
    if gender == "f":
        form += "e"
    return form + "s" if plural and not form.endswith("s") else form


def elide(word: str, next_word: str) -> str:
    """The word as it stands before the next one: ("le", "arbre") is "l'"."""
    if word in _ELIDED and opens_with_vowel(next_word):
        return word[:-1] + "'"
    return word


def contract(first: str, second: str) -> str | None:
    """The one word that a preposition and an article become, if they do: de, le is "du"."""
    return _CONTRACTED.get((first, second))
