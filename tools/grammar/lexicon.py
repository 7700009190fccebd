"""The words of the rule-written sentences: what each means in French, and what it goes with.

Tags hold sentences to sense: a verb lists the tags of its objects ("eat" takes "food"),
an adjective the tags of the nouns it suits; "one" is a noun that is only used in the singular.
Where English does not tell a gender, a convention does: doctor, teacher and other workers are
masculine in French, nurse and waitress feminine.
"""

from typing import NamedTuple

from tools.grammar.french import Gender


class Noun(NamedTuple):
    """A noun with its gender in French; a mass noun has no plural."""

    en: str
    fr: str
    gender: Gender
    tags: frozenset[str]
    mass: bool = False


class Adjective(NamedTuple):
    """An adjective, in French by its masculine singular."""

    en: str
    fr: str
    tags: frozenset[str]
    before: bool = False
    predicative: bool = True


def _nouns(gender: Gender, table: str, mass: bool = False) -> list[Noun]:
    rows = (line.split("|") for line in table.strip().splitlines())
    return [Noun(en.strip(), fr.strip(), gender, _all_tags(tags), mass) for en, fr, tags in rows]


def _all_tags(text: str) -> frozenset[str]:
    tags = set(text.split())
    if "coloured" in tags and "animal" not in tags:
        tags.add("coloured_thing")
    return frozenset(tags)


def _adjectives(table: str, before: bool = False, predicative: bool = True) -> list[Adjective]:
    rows = (line.split("|") for line in table.strip().splitlines())
    return [
        Adjective(en.strip(), fr.strip(), frozenset(tags.split()), before, predicative)
        for en, fr, tags in rows
    ]


# The same in both languages; with the gender that agreement needs.
NAMES: dict[str, Gender] = {
    "Alice": "f", "Anne": "f", "Emma": "f", "Julie": "f", "Marie": "f",
    "Arthur": "m", "Luc": "m", "Oscar": "m", "Paul": "m", "Thomas": "m",
}  # fmt: skip

NOUNS: list[Noun] = [
    *_nouns("m", """
        man | homme | person adult
        boy | garçon | person kid
        child | enfant | person child
        king | roi | person adult royal one
        hero | héros | person hero
        doctor | médecin | person adult worker own job
        teacher | professeur | person adult worker own job
        neighbour | voisin | person adult own
        baker | boulanger | person adult worker job
        farmer | agriculteur | person adult worker job
        student | étudiant | person student job
        brother | frère | kin
        uncle | oncle | kin
        father | père | kin one
        grandfather | grand-père | kin one
        dog | chien | animal hunter pet coloured
        cat | chat | animal hunter pet coloured
        rabbit | lapin | animal pet coloured
        horse | cheval | animal large coloured
        donkey | âne | animal large
        bird | oiseau | animal
        duck | canard | animal
        owl | hibou | animal
        wolf | loup | animal hunter
        elephant | éléphant | animal
        egg | œuf | food fresh
        cake | gâteau | food cuttable dish treat
        biscuit | biscuit | food treat
        sandwich | sandwich | food cuttable dish
        book | livre | readable written story carry place_on
        newspaper | journal | readable place_on press
        poem | poème | readable written story
        film | film | watch story
        match | match | watch
        bag | sac | thing container carry weight openable coloured
        glass | verre | thing breakable washable place_on
        knife | couteau | thing place_on washable
        umbrella | parapluie | thing openable coloured carry
        ball | ballon | thing toy coloured
        pencil | crayon | thing place_on coloured
        coat | manteau | clothes coloured
        hat | chapeau | clothes coloured place_on
        train | train | transport
        bus | bus | transport
        plane | avion | transport
        boat | bateau | vehicle transport paintable coloured
        bike | vélo | vehicle coloured washable road
        bed | lit | furniture
        armchair | fauteuil | furniture coloured
        desk | bureau | furniture top
        garden | jardin | room outside own_place
        market | marché | dest market
        park | parc | dest outside room
        village | village | town
        castle | château | building dest visit
        hospital | hôpital | building dest
        hotel | hôtel | building dest lodging
        restaurant | restaurant | building dest eatery
        museum | musée | building dest visit
        bridge | pont | landmark
        tree | arbre | nature
        wall | mur | landmark paintable
    """),
    *_nouns("f", """
        woman | femme | person adult
        girl | fille | person kid
        queen | reine | person adult royal one
        nurse | infirmière | person adult worker jobf
        waitress | serveuse | person adult worker jobf
        sister | sœur | kin
        aunt | tante | kin
        mother | mère | kin one
        grandmother | grand-mère | kin one
        cow | vache | animal large coloured
        mouse | souris | animal coloured
        apple | pomme | food greens fruit cuttable
        orange | orange | food fruit cuttable
        pear | poire | food greens fruit cuttable
        tomato | tomate | food fruit cuttable
        carrot | carotte | food greens cuttable
        letter | lettre | readable written post place_on
        story | histoire | readable written story audible
        song | chanson | song audible
        key | clé | thing place_on
        box | boîte | thing container carry weight openable coloured round
        cup | tasse | thing breakable washable place_on coloured container
        plate | assiette | thing breakable washable place_on coloured round
        lamp | lampe | thing breakable place_on
        clock | horloge | thing round
        shirt | chemise | clothes coloured
        dress | robe | clothes coloured pretty
        scarf | écharpe | clothes coloured pretty
        jacket | veste | clothes coloured
        car | voiture | vehicle coloured washable road
        table | table | furniture top round coloured
        chair | chaise | furniture paintable coloured
        house | maison | building own_place paintable coloured home
        kitchen | cuisine | room own_place inside
        bedroom | chambre | room own_place inside
        school | école | building
        church | église | building visit
        station | gare | building dest
        library | bibliothèque | building dest
        beach | plage | dest
        city | ville | town
        island | île | town
        river | rivière | water
        flower | fleur | plant
        door | porte | opening doorway paintable coloured openable
        window | fenêtre | opening openable
    """),
    *_nouns("m", """
        bread | pain | food greens staple cuttable
        cheese | fromage | food staple cuttable
        rice | riz | food staple dish
        fish | poisson | food fresh meat
        butter | beurre | food spread
        honey | miel | food spread
        chocolate | chocolat | food
        milk | lait | drink fresh cool
        coffee | café | drink hot
        tea | thé | drink hot
        juice | jus | drink fresh cool
    """, mass=True),
    *_nouns("f", """
        soup | soupe | food hot dish
        meat | viande | food cuttable meat
        salad | salade | food dish fresh
        jam | confiture | food spread
        water | eau | drink cool
    """, mass=True),
]  # fmt: skip

ADJECTIVES: list[Adjective] = [
    *_adjectives("""
        big | grand | building furniture vehicle room container nature town landmark
        small | petit | building furniture vehicle room thing town animal nature treat fruit
        beautiful | beau | building clothes room nature plant town song royal vehicle landmark
        pretty | joli | pretty plant lodging town song
        old | vieux | adult building furniture vehicle clothes readable nature town pet large
        good | bon | food drink story song eatery lodging match worker
        bad | mauvais | story song eatery lodging
    """, before=True),
    *_adjectives("""
        new | nouveau | clothes vehicle furniture readable story song lodging eatery
        young | jeune | worker royal pet large
        little | petit | kid
    """, before=True, predicative=False),
    *_adjectives("""
        red | rouge | clothes vehicle fruit coloured_thing plant
        white | blanc | clothes vehicle coloured plant
        black | noir | clothes vehicle coloured
        green | vert | clothes vehicle coloured_thing
        blue | bleu | clothes vehicle coloured_thing plant
        yellow | jaune | clothes vehicle coloured_thing plant
        grey | gris | clothes vehicle coloured
        brown | marron | clothes coloured
        round | rond | round
        empty | vide | container room
        hot | chaud | hot
        cold | froid | hot cool
        fresh | frais | fresh fruit plant
        expensive | cher | clothes vehicle furniture eatery lodging
        heavy | lourd | weight furniture
        interesting | intéressant | story press visit
        funny | drôle | story
        sad | triste | story song kid adult child
        happy | heureux | person
        intelligent | intelligent | person pet large
        kind | gentil | person
        famous | célèbre | royal hero story song visit landmark lodging
        strong | fort | kid hero large
        rich | riche | royal adult
        serious | sérieux | worker student
        French | français | story press song eatery worker student
        English | anglais | story press song worker student
        Italian | italien | story song eatery worker student
    """),
]  # fmt: skip

# Only after "to be".
STATES: list[Adjective] = _adjectives("""
    tired | fatigué | person kin pet large
    ready | prêt | person kin
    ill | malade | person kin pet large
    calm | calme | person kin pet large
    happy | heureux | person kin
    sad | triste | person kin
    serious | sérieux | person kin
    kind | gentil | person kin pet
""")

# Of things, and only after "to be" as well: one does not wash "the clean cup".
CONDITIONS: list[Adjective] = _adjectives("""
    clean | propre | clothes vehicle washable inside furniture
    dirty | sale | clothes vehicle washable inside furniture
""")

# The larger of two; what "than" compares goes by these tags.
DEGREES: list[Adjective] = _adjectives("""
    tall | grand | person kin
    strong | fort | person kin
    rich | riche | person kin
    young | jeune | person kin
    big | grand | building furniture vehicle
    small | petit | building furniture vehicle
    old | vieux | building furniture vehicle
    beautiful | beau | building clothes
    expensive | cher | clothes furniture vehicle
    clean | propre | clothes vehicle
""")
