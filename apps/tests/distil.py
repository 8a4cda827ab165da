#!/usr/bin/env python3
"""Distils operators' resource definitions to what our objects use of them.

    distil.py --definitions CRDS --objects YAML [YAML ...]

CRDS is a folder with the CustomResourceDefinitions that an operator ships (any number of
documents a file); YAML are files or folders of rendered objects. For each kind that
`definitions/sources.json` names, `definitions/<Kind>.json` is written anew: structure,
types, required fields, enums, patterns and bounds as the operator has them, without
descriptions, and of the optional fields only those that some object uses. A field that an
object uses and no definition has is reported, and nothing is written.
"""

import argparse
import json
import sys
from pathlib import Path

import yaml

sys.dont_write_bytecode = True  # The folder is part of the checkout.

HERE = Path(__file__).parent / "definitions"
# What an API server checks of a value, beside its structure.
CHECKS = ("type", "required", "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength", "minItems",
          "maxItems", "minProperties", "maxProperties", "nullable", "x-kubernetes-int-or-string", "anyOf",
          "x-kubernetes-preserve-unknown-fields")


def documents(paths):
    for path in paths:
        files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
        for file in files:
            yield from (thing for thing in yaml.safe_load_all(file.read_text()) if isinstance(thing, dict))


def distilled(schema, uses, where, unknown):
    """The schema as far as `uses`, the values that stand at this place, need it."""
    kept = {key: schema[key] for key in CHECKS if key in schema}
    if "properties" in schema:
        names = {name for use in uses if isinstance(use, dict) for name in use}
        unknown += [f"{where}.{name}" for name in sorted(names - schema["properties"].keys())]
        kept["properties"] = {
            name: distilled(inner, [use[name] for use in uses if isinstance(use, dict) and name in use], f"{where}.{name}", unknown)
            for name, inner in sorted(schema["properties"].items()) if name in names or name in schema.get("required", ())}
    if isinstance(schema.get("additionalProperties"), dict):
        values = [value for use in uses if isinstance(use, dict) for value in use.values()]
        kept["additionalProperties"] = distilled(schema["additionalProperties"], values, f"{where}.*", unknown)
    if "items" in schema:
        items = [item for use in uses if isinstance(use, list) for item in use]
        kept["items"] = distilled(schema["items"], items, f"{where}[]", unknown)
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--definitions", type=Path, required=True)
    parser.add_argument("--objects", type=Path, required=True, nargs="+")
    args = parser.parse_args()

    definitions = {}
    for thing in documents([args.definitions]):
        for version in thing.get("spec", {}).get("versions", []):
            definitions[f"{thing['spec']['group']}/{version['name']}", thing["spec"]["names"]["kind"]] = version["schema"]["openAPIV3Schema"]
    objects = list(documents(args.objects))

    unknown, made = [], {}
    for kind, source in json.loads((HERE / "sources.json").read_text()).items():
        schema = definitions[source["apiVersion"], kind]["properties"]["spec"]
        uses = [thing["spec"] for thing in objects if (thing["apiVersion"], thing["kind"]) == (source["apiVersion"], kind)]
        if not uses:
            unknown.append(f"{kind}: no object of it")
        made[kind] = distilled(schema, uses, f"{kind}.spec", unknown)
    if unknown:
        sys.exit("\n".join(unknown))
    for kind, schema in made.items():
        (HERE / f"{kind}.json").write_text(json.dumps(schema, indent=1) + "\n")


if __name__ == "__main__":
    main()
