"""Checks that the names of JAX, Optax and PyTorch in scripts/foreign/names.json exist, and writes foreign/checked.json.

Needs Python 3.11 or later with jax, optax and torch (pip install jax optax torch). Run after a change of names.json, or to
check against newer releases; then `npm run tables`. The tests need no Python: they ask that what the pages say was checked.
"""

import importlib
import json
import pathlib
import sys

import jax
import optax
import torch

PREFIXES = {"jnp": "jax.numpy", "lax": "jax.lax", "F": "torch.nn.functional"}


def resolve(name):
    """The object of a dotted name: as many parts as import make a module, the others are attributes."""
    first, *rest = name.split(".")
    parts = PREFIXES.get(first, first).split(".") + rest
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            found = getattr(found, part)
        return found
    raise ImportError(name)


def exists(name):
    try:
        resolve(name)
        return True
    except (ImportError, AttributeError):
        return False


folder = pathlib.Path(__file__).parent / "foreign"
rows = [row for rows in json.loads((folder / "names.json").read_text()).values() for row in rows]
names = {side: sorted({row[side] for row in rows if row[side] is not None}) for side in ("jax", "torch")}
missing = [name for side in names.values() for name in side if not exists(name)]
if missing:
    sys.exit("no such names: " + ", ".join(missing))

versions = {"jax": jax.__version__, "optax": optax.__version__, "torch": torch.__version__.split("+")[0]}
(folder / "checked.json").write_text(json.dumps({"versions": versions, **names}, indent=2) + "\n")
print(versions, {side: len(each) for side, each in names.items()})
