"""The verbs of the rule-written sentences, with what their subjects and objects may be."""

from typing import NamedTuple

# Which forms of a verb make sense: "is eating", "eats" with a frequency, "ate", "is going to eat",
# "can eat", "must eat", "wants to eat". A state ("knows") is never "is knowing".
ACTION = frozenset(["now", "habit", "past", "going", "can", "must", "want"])
EVENT = frozenset(["past", "going", "must", "want"])
MISHAP = frozenset({"past"})
SENSE = frozenset(["state", "past", "going", "can"])
STATE = frozenset({"state"})


class Verb(NamedTuple):
    """A verb, its particle ("look for") and its reflexive pronoun ("se laver") included.

    Attributes:
        en: base form, with the particles that the French verb holds in itself.
        fr: infinitive.
        tenses: the forms that make sense.
        objects: tags of its direct object; empty where it has none.
        subjects: tags of its subject.
        determiners: of its object.
        to: the preposition before its object, English and French; "" for none.
        etre: whether its auxiliary is "être".
        one: whether it takes one thing at a time: one wears a coat, not coats.
        places: (preposition, tag) of the places where it is done.
    """

    en: str
    fr: str
    tenses: frozenset[str]
    objects: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset({"person"})
    determiners: tuple[str, ...] = ("the", "a", "some", "this")
    to: tuple[str, str] = ("", "")
    etre: bool = False
    one: bool = False
    places: tuple[tuple[str, str], ...] = ()

    @property
    def reflexive(self) -> bool:
        """Whether a reflexive pronoun goes with the verb: elle se lave."""
        return self.fr.startswith(("se ", "s'"))

    @property
    def infinitive(self) -> str:
        """The infinitive without its reflexive pronoun."""
        return self.fr.removeprefix("se ").removeprefix("s'")


def _tags(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ROOMS = (("in", "room"),)
_KITCHEN = (("in", "own_place"),)
_SHOPS = (("at", "market"),)
_ALL = ("the", "a", "some", "this", "own", "number")
_THE = ("the", "this", "own")
_THE_A = ("the", "a", "this")
_PEOPLE = ("the", "own")

TRANSITIVE: list[Verb] = [
    Verb("eat", "manger", ACTION, _tags("food"), determiners=("the", "a", "some", "number"),
         places=_KITCHEN),
    Verb("drink", "boire", ACTION, _tags("drink"), determiners=("the", "some"), places=_KITCHEN),
    Verb("buy", "acheter", ACTION, _tags("food drink thing clothes readable plant"),
         determiners=("the", "a", "some", "this", "number"), places=_SHOPS),
    Verb("sell", "vendre", ACTION, _tags("food plant"), determiners=("the", "some"),
         places=_SHOPS),
    Verb("cut", "couper", ACTION - {"habit"}, _tags("cuttable"), determiners=("the", "some"),
         places=_KITCHEN),
    Verb("prepare", "préparer", ACTION, _tags("dish hot"), determiners=("the", "a", "some"),
         places=_KITCHEN),
    Verb("read", "lire", ACTION, _tags("readable"), determiners=_ALL, places=_ROOMS),
    Verb("write", "écrire", ACTION, _tags("written"), determiners=_THE_A, places=_ROOMS),
    Verb("look for", "chercher", ACTION - {"habit", "can"}, _tags("thing clothes pet readable kin"),
         determiners=("the", "a", "own")),
    Verb("watch", "regarder", ACTION, _tags("watch animal"), determiners=_THE_A),
    Verb("listen to", "écouter", ACTION - {"habit"}, _tags("audible person kin"), determiners=_THE),
    Verb("wait for", "attendre", ACTION - {"habit", "want"}, _tags("transport person kin post"),
         determiners=("the",)),
    Verb("wash", "laver", ACTION, _tags("clothes washable"), determiners=_THE),
    Verb("carry", "porter", ACTION - {"habit"}, _tags("carry"), determiners=_ALL),
    Verb("wear", "porter", _tags("now habit going"), _tags("clothes"), one=True,
         determiners=("the", "a", "this", "own")),
    Verb("open", "ouvrir", ACTION - {"habit"}, _tags("openable post"), determiners=("the", "this")),
    Verb("close", "fermer", ACTION - {"habit"}, _tags("openable"), determiners=("the", "this")),
    Verb("clean", "nettoyer", ACTION - {"habit"}, _tags("inside furniture vehicle"),
         determiners=_THE),
    Verb("draw", "dessiner", ACTION, _tags("animal building plant nature"), determiners=_THE_A),
    Verb("paint", "peindre", ACTION - {"habit"}, _tags("paintable"), determiners=_THE),
    Verb("help", "aider", ACTION, _tags("person kin"), determiners=_PEOPLE),
    Verb("invite", "inviter", ACTION - {"habit"}, _tags("person kin"), determiners=_PEOPLE),
    Verb("call", "appeler", ACTION, _tags("person kin"), determiners=_PEOPLE),
    Verb("thank", "remercier", ACTION - {"habit", "can"}, _tags("person kin"), determiners=_PEOPLE),
    Verb("visit", "visiter", ACTION - {"habit"}, _tags("visit town"), determiners=_THE_A),
    Verb("choose", "choisir", ACTION - {"habit"}, _tags("clothes readable plant"),
         determiners=_THE_A),
    Verb("finish", "finir", EVENT, _tags("readable dish"), determiners=_THE),
    Verb("take", "prendre", ACTION - {"habit", "now"}, _tags("transport road carry"), one=True,
         determiners=("the", "this", "own")),
    Verb("bring", "apporter", ACTION - {"habit"}, _tags("food drink plant carry"),
         determiners=("the", "a", "some")),
    Verb("sing", "chanter", ACTION, _tags("song"), determiners=_THE_A),
    Verb("build", "construire", ACTION - {"habit"}, _tags("building landmark"),
         one=True, determiners=("the", "a")),
    Verb("find", "trouver", EVENT | {"can"}, _tags("thing clothes pet readable"), determiners=_ALL),
    Verb("meet", "rencontrer", EVENT | {"can"}, _tags("person"), determiners=("the", "a", "this")),
    Verb("lose", "perdre", MISHAP, _tags("thing clothes pet readable"), determiners=_THE),
    Verb("break", "casser", MISHAP, _tags("breakable opening"), determiners=("the", "a")),
    Verb("forget", "oublier", MISHAP, _tags("thing clothes readable"), determiners=_THE),
    Verb("see", "voir", SENSE, _tags("person kin animal building nature landmark"),
         determiners=_ALL),
    Verb("hear", "entendre", SENSE, _tags("animal audible transport"), determiners=_THE_A),
    Verb("have", "avoir", STATE, _tags("pet thing clothes vehicle readable food drink"),
         determiners=("a", "some", "number")),
    Verb("know", "connaître", STATE, _tags("person story song town lodging eatery"),
         determiners=("the", "this")),
    Verb("love", "aimer", STATE, _tags("person kin"), determiners=_PEOPLE),
    Verb("like", "aimer", STATE, _tags("food drink animal story song clothes building"),
         determiners=("the", "generic", "generic", "this")),
    Verb("prefer", "préférer", STATE, _tags("food drink clothes song"),
         determiners=("the", "generic", "this")),
    Verb("want", "vouloir", STATE, _tags("food drink thing clothes vehicle pet"),
         determiners=("the", "a", "some", "number")),
    Verb("eat", "manger", _tags("now habit past going"), _tags("greens"), _tags("large"),
         ("the", "some")),
    Verb("eat", "manger", _tags("now habit past going"), _tags("meat"), _tags("hunter"),
         ("the", "some")),
    Verb("talk", "parler", ACTION, _tags("person kin"), determiners=_PEOPLE, to=("to", "à")),
    Verb("talk", "parler", ACTION - {"habit"}, _tags("story kin town"), determiners=_THE,
         to=("about", "de")),
    Verb("reply", "répondre", ACTION - {"habit", "now"}, _tags("person kin post"),
         determiners=_PEOPLE, to=("to", "à")),
    Verb("think", "penser", _tags("now past"), _tags("kin person"), determiners=_PEOPLE,
         to=("about", "à")),
    Verb("play", "jouer", ACTION, _tags("pet kid toy"), determiners=_PEOPLE, to=("with", "avec"),
         places=_ROOMS),
    Verb("dance", "danser", ACTION, _tags("kid adult kin"), determiners=_PEOPLE,
         to=("with", "avec")),
]  # fmt: skip

INTRANSITIVE: list[Verb] = [
    Verb("work", "travailler", ACTION, places=(("in", "own_place"), ("at", "dest"))),
    Verb("sleep", "dormir", ACTION, subjects=_tags("person animal"), places=_ROOMS),
    Verb("run", "courir", ACTION, subjects=_tags("person pet large"),
         places=(("in", "outside"),)),
    Verb("play", "jouer", ACTION - {"must"}, subjects=_tags("person pet"), places=_ROOMS),
    Verb("sing", "chanter", ACTION, places=_ROOMS),
    Verb("dance", "danser", ACTION, places=_ROOMS),
    Verb("read", "lire", ACTION, places=_ROOMS),
    Verb("swim", "nager", ACTION, places=(("in", "water"),)),
    Verb("walk", "marcher", ACTION, subjects=_tags("person pet large"),
         places=(("in", "outside"),)),
    Verb("wait", "attendre", ACTION - {"habit"}, places=(("in front of", "building"),)),
    Verb("laugh", "rire", ACTION - {"must"}),
    Verb("smile", "sourire", ACTION),
    Verb("cry", "pleurer", _tags("now habit past going")),
]  # fmt: skip

MOTION: list[Verb] = [
    Verb("go", "aller", ACTION - {"going"}, etre=True, places=(("to", "dest"),)),
    Verb("come", "venir", _tags("now"), etre=True, places=(("from", "dest"),)),
    Verb("come", "venir", ACTION, etre=True),
    Verb("arrive", "arriver", _tags("now past going"), etre=True,
         subjects=_tags("person transport")),
    Verb("arrive", "arriver", _tags("now past going"), etre=True,
         places=(("at", "visit"), ("at", "lodging"), ("at", "market"))),
    Verb("leave", "partir", ACTION - {"habit"}, etre=True, subjects=_tags("person transport")),
    Verb("go out", "sortir", ACTION, etre=True),
    Verb("stay", "rester", EVENT | {"can"}, etre=True, places=(("in", "inside"), ("at", "dest"))),
    Verb("fall", "tomber", MISHAP | {"now", "going"}, etre=True,
         subjects=_tags("person place_on nature")),
    Verb("go home", "rentrer", ACTION, etre=True),
    Verb("die", "mourir", _tags("past"), etre=True, subjects=_tags("royal large")),
    Verb("rest", "se reposer", ACTION, etre=True, places=(("in", "own_place"),)),
    Verb("hurry", "se dépêcher", _tags("now past going must"), etre=True),
    Verb("stop", "s'arrêter", _tags("now past going must"), etre=True,
         subjects=_tags("person transport")),
    Verb("wake up", "se réveiller", ACTION - {"can", "want"}, etre=True),
    Verb("get up", "se lever", ACTION, etre=True),
    Verb("have fun", "s'amuser", ACTION - {"must"}, etre=True),
    Verb("fall asleep", "s'endormir", _tags("now past going"), etre=True),
    Verb("go for a walk", "se promener", ACTION, etre=True, places=(("in", "outside"),)),
]  # fmt: skip

# "give the book to the boy": transitive with a receiver.
GIVING: list[Verb] = [
    Verb("give", "donner", ACTION - {"habit"}, _tags("food thing readable plant"),
         determiners=("the", "a", "some", "number")),
    Verb("show", "montrer", ACTION - {"habit"}, _tags("thing readable clothes"),
         determiners=("the", "own", "this")),
    Verb("sell", "vendre", ACTION - {"habit"}, _tags("vehicle clothes furniture"),
         determiners=("the", "a")),
    Verb("send", "envoyer", ACTION - {"habit"}, _tags("post plant written"),
         determiners=("the", "a")),
]  # fmt: skip
