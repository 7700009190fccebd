"""Runs launch/train.py several times in one process: mesh_worker.py '[["gan", "--steps", "9"]]'.

A command that begins with "plain" goes past the mesh: the engine on one device, as in a lesson.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "launch"))

import train
from jax.sharding import Mesh

WHOLE = SimpleNamespace(  # what mesh does, undone
    make=lambda _count: Mesh([None], ["none"]),
    own_rows=lambda _mesh, examples: slice(examples),
    place=lambda _mesh, state, sharded: state,
    place_data=lambda _mesh, data: data,
    on_mesh=lambda _mesh, step, _state: step,
)

for command in json.loads(sys.argv[1]):
    real, plain = train.mesh, command[0] == "plain"
    train.mesh = WHOLE if plain else real
    train.main(command[plain:])
    train.mesh = real
