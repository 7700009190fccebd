"""Measures the translators of lesson 14 over seeds, and keeps a table of the runs.

    python benchmarks/translation.py --models attention one_vector tutorial --seeds 0 1 2

Models: "attention" and "one_vector" are the course's recipe with and without attention, and
"attention_longer" takes a third more steps, about eight minutes on two CPU cores for Tatoeba;
"tutorial" is `translation_torch.py`, run by --torch, a Python that has PyTorch, for as many seconds
as "attention" took with the same seed on the same machine. Everything is tested on sentences whose
English side is in no training pair, against all their references. Each finished run is added to
the table at once, in the place of an older one of the same model, set and seed.
"""

import argparse
import dataclasses
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from karpa_helpers import runtime
from karpa_helpers.data import text
from karpa_helpers.data.rows import source_rows, target_rows
from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.lessons import lesson_14
from karpa_helpers.seq2seq import scores
from karpa_helpers.seq2seq.examples import Examples

FILE = Path(__file__).with_name("translation.json")
TWIN = Path(__file__).with_name("translation_torch.py")
BEAM = 5
DECODINGS = ("greedy", "beam", "beam_examples")
RECIPES = {
    "tatoeba": lesson_14.TranslatorRecipe(),
    # Few and long captions: many passes over them need dropout.
    "multi30k": lesson_14.TranslatorRecipe(words=None, dropout=0.3, steps=4400),
}

# What differs from the recipe; "longer" is in proportion to Tatoeba's.
MODELS: dict[str, dict[str, Any]] = {
    "attention": {},
    "attention_longer": {"steps": 6300},
    "one_vector": {"attention": None},
}


def score(written: list[str], references: list, lowercase: bool) -> dict:
    """BLEU and chrF with intervals over sentences."""
    bleu = scores.bleu(written, references, lowercase=lowercase)
    chrf = scores.chrf(written, references, lowercase=lowercase)
    return {
        "bleu": round(bleu.value, 2),
        "interval": [round(x, 2) for x in scores.bootstrap(bleu)],
        "chrf": round(chrf.value, 2),
        "signature": bleu.signature,
    }


def moses(written: list[str], references: list[list[str]]) -> float | None:
    """BLEU-4 as Multi30k's papers give it: lower case, words cut by Moses, one reference each.

    Args:
        written: One text a sentence.
        references: Its references.

    Returns:
        None where sentences have several references, or sacremoses is not installed.
    """
    if any(len(one) > 1 for one in references):
        return None
    try:
        from sacremoses import MosesTokenizer
    except ModuleNotFoundError:
        return None
    cutter = MosesTokenizer(lang="fr")

    def cut(texts: list[str]) -> list[str]:
        return [cutter.tokenize(text.lower(), return_str=True, escape=False) for text in texts]

    bleu = scores.bleu(cut(written), list(map(cut, references)), tokenize="none")
    return round(bleu.value, 2)


def course(name: str, prepared, pairs, recipe, seed: int, test: dict) -> dict:
    """Trains and tests the course's own translator, with attention also with examples at hand."""
    recipe = dataclasses.replace(recipe, **MODELS[name])
    trained = lesson_14.train(prepared, recipe, seed)
    sources, references = list(test), list(test.values())
    written = {width: trained.translator(sources, width=width) for width in (1, BEAM)}
    result, helped = trained.result, None
    if recipe.attention:
        pieces = prepared.source_pieces, prepared.target_pieces
        examples = Examples(pairs, *pieces, prepared.shapes[-2:][0])
        translator = dataclasses.replace(trained.translator, examples=examples)
        helped = score(translator(sources, width=BEAM), references, False)
    return {
        "steps": result.step,
        "seconds": round(result.seconds, 1),
        "greedy": score(written[1], references, False),
        "beam": score(written[BEAM], references, False),
        "beam_lowercase": score(written[BEAM], references, True),
        "beam_moses": moses(written[BEAM], references),
        "beam_examples": helped,
        "versions": result.record["versions"],
        "device": result.record["device"],
    }


def tutorial(python: str, prepared, pairs, seconds: float, seed: int, test: dict) -> dict:
    """Trains PyTorch's twin for as long, in a process of its own, and tests it."""
    source_pieces, target_pieces = prepared.source_pieces, prepared.target_pieces
    sources = list(test)
    with tempfile.TemporaryDirectory() as folder:
        data, out = Path(folder) / "data.npz", Path(folder) / "out.npz"
        np.savez(
            data,
            source=source_rows(pairs.source, source_pieces),
            target=target_rows(pairs.target, target_pieces),
            test=source_rows(sources, source_pieces),
            source_size=len(source_pieces),
            target_size=len(target_pieces),
            length=prepared.shapes[-1][1],
        )
        command = [python, str(TWIN), str(data), str(out), "--seconds", str(seconds)]
        subprocess.run([*command, "--seed", str(seed)], check=True)
        with np.load(out) as found:
            written = [target_pieces.decode(row[row != PAD]) for row in found["tokens"]]
            steps, version = int(found["steps"]), str(found["torch"])
    return {
        "steps": steps,
        "seconds": round(seconds, 1),
        "greedy": score(written, list(test.values()), False),
        "versions": {"torch": version},
    }


def kept(file: Path) -> list[dict]:
    """The rows of the table."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else []


def seconds_of_attention(file: Path, name: str, seed: int) -> float:
    """How long the course's own model trained with this seed."""
    for row in kept(file):
        if (row["model"], row["set"], row["seed"]) == ("attention", name, seed):
            return row["seconds"]
    raise SystemExit(f'Run "attention" on {name} with seed {seed} first, or give --seconds.')


def keep(file: Path, row: dict) -> None:
    """Adds a row to the table."""
    rows = kept(file)
    same = ("model", "set", "seed")
    rows = [old for old in rows if any(old[name] != row[name] for name in same)]
    rows = sorted([*rows, row], key=lambda r: (r["set"], r["model"], r["seed"]))
    file.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n", encoding="utf-8")
    found = {name: row[name]["bleu"] for name in DECODINGS if row.get(name)}
    print(row["set"], row["model"], row["seed"], row["seconds"], "s", found)


def main() -> None:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", choices=list(RECIPES), default="tatoeba")
    models = [*MODELS, "tutorial"]
    parser.add_argument("--models", nargs="+", choices=models, default=["attention", "one_vector"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, help="for the tutorial's; unset: as attention's")
    parser.add_argument("--steps", type=int, help="of all but *_longer; unset: the recipe's")
    parser.add_argument("--out", type=Path, default=FILE, help="where the table is kept")
    parser.add_argument("--torch", help="a Python that has PyTorch")
    args = parser.parse_args()
    recipe = RECIPES[args.set]
    recipe = dataclasses.replace(recipe, steps=args.steps or recipe.steps)
    pairs = lesson_14.within(text.sentence_pairs(args.set, "train"), recipe.words)
    test = lesson_14.within(text.sentence_pairs(args.set, "test"), recipe.words).references()
    prepared = lesson_14.prepare(pairs, recipe)
    for seed in args.seeds:
        for model in args.models:
            if model == "tutorial":
                seconds = args.seconds or seconds_of_attention(args.out, args.set, seed)
                row = tutorial(args.torch, prepared, pairs, seconds, seed, test)
            else:
                row = course(model, prepared, pairs, recipe, seed, test)
            keep(args.out, {"model": model, "set": args.set, "seed": seed, **row})
    print(runtime.device_name())


if __name__ == "__main__":
    main()
