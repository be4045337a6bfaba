"""The schemas of JSON lines: those of docs/schema by name, and what holds lines against them."""

from __future__ import annotations

import json
import os
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.conftest import ROOT

FOLDER = os.path.join(ROOT, "docs", "schema")


def read(name: str) -> dict[str, Any]:
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found


SCHEMAS = {name.removesuffix(".json"): read(name) for name in sorted(os.listdir(FOLDER)) if name.endswith(".json")}
REGISTRY: Registry[Any] = Registry().with_resources(
    [(schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()]
)


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Of a schema that may refer to those of docs/schema."""
    return Draft202012Validator(schema, registry=REGISTRY)


VALIDATORS = {name: validator(schema) for name, schema in SCHEMAS.items()}


def kinds(text: str) -> set[str]:
    """The kinds of the lines, each of which is of just one."""
    found = set()
    for line in text.splitlines():
        thing = json.loads(line)
        VALIDATORS["line"].validate(thing)
        (kind,) = [name for name, validator in VALIDATORS.items() if name != "line" and validator.is_valid(thing)]
        found.add(kind)
    return found
