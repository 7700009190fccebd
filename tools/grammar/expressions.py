"""Numbers, prepositions, adverbs and times: words that agree with nothing."""

NUMBERS = {
    "two": "deux", "three": "trois", "four": "quatre", "five": "cinq", "six": "six",
    "seven": "sept", "eight": "huit", "nine": "neuf", "ten": "dix",
}  # fmt: skip
AGES = {**NUMBERS, "twelve": "douze", "fifteen": "quinze", "twenty": "vingt", "thirty": "trente"}

# "next to" is "à côté de"; both sides are one unit of meaning.
PREPOSITIONS = {
    "in": "dans", "on": "sur", "under": "sous", "behind": "derrière", "in front of": "devant",
    "near": "près de", "next to": "à côté de", "at": "à", "to": "à", "from": "de", "with": "avec",
}  # fmt: skip

FREQUENCY = {"often": "souvent", "always": "toujours", "sometimes": "parfois", "rarely": "rarement"}
DEGREE_ADVERBS = {"very": "très", "rather": "plutôt", "too": "trop"}

# Words with one number stand for each other: "on Monday" is "lundi", "last week" is
# "la semaine dernière", whose "la" has no counterpart.
TIMES: dict[str, list[tuple[str, str]]] = {
    "now": [("now:1", "maintenant:1"), ("today:1", "aujourd'hui:1")],
    "habit": [
        ("every:1 day:2", "chaque:1 jour:2"), ("every:1 morning:2", "chaque:1 matin:2"),
        ("every:1 evening:2", "chaque:1 soir:2"), ("every:1 week:2", "chaque:1 semaine:2"),
        ("on Sundays:1", "le dimanche:1"), ("in the:1 morning:2", "le:1 matin:2"),
    ],
    "past": [
        ("yesterday:1", "hier:1"), ("this:1 morning:2", "ce:1 matin:2"),
        ("yesterday:1 evening:2", "hier:1 soir:2"), ("on Monday:1", "lundi:1"),
    ],
    "long past": [
        ("last:1 week:2", "la semaine:2 dernière:1"), ("last:1 month:2", "le mois:2 dernier:1"),
        ("this:1 summer:2", "cet:1 été:2"),
    ],
    "future": [
        ("tomorrow:1", "demain:1"), ("this:1 evening:2", "ce:1 soir:2"), ("soon:1", "bientôt:1"),
    ],
    "long future": [
        ("next:1 week:2", "la semaine:2 prochaine:1"), ("next:1 month:2", "le mois:2 prochain:1"),
    ],
}  # fmt: skip
