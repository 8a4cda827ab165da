#!/usr/bin/env python3
"""Checks rendered targets as a cluster would, without one.

    verify.py DIR [--helm PATH] [--kubernetes 1.34]

DIR is what `deploycenter render TARGET --out DIR` writes, for one target or for many, at
any depth: each folder with a `base.json` is a target. Needs helm 3, and from PyPI
`kubernetes-validate` and `PyYAML`.

For each target: `helm lint --strict` and `helm template` with its values; every object of
base and workload against the strict schema of its kind (kinds of add-ons against the
small ones below); and the rules that no schema knows, such as that the workload refers
to nothing that the base doesn't make. Ends with `N passed, N failed`; exit 1 on failures.
"""

import argparse
import functools
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import kubernetes_validate
import kubernetes_validate.utils
import yaml

sys.dont_write_bytecode = True  # The folder is part of the checkout.

from addons import ADDON_KINDS, addon_problems  # noqa: E402
from rules import base_problems, reference_problems, scaling_problems, wave_problems, workload_problems  # noqa: E402
from walls import application_wall_problems, chart_problems, wall_problems  # noqa: E402

# It reads the definitions of all kinds anew for each object: half of the time that this takes.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)


def reserved(character):
    """Whether only tokens hold it (host/domain); none may be left in what is committed."""
    return character in "\ufffe\uffff" or ord(character) >= 0x10FF00


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe, and refuses a key that stands twice."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {name!r} stands twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def documents(text):
    return [document for document in yaml.load_all(text, Loader) if document is not None]


def label(thing):
    return f"{thing.get('kind')}/{thing.get('metadata', {}).get('name')}"


def schema_problems(thing, version):
    """Against the schema of the kind; empty when it fits."""
    kind = (thing.get("apiVersion"), thing.get("kind"))
    if None in kind or not thing.get("metadata", {}).get("name"):
        return ["is no Kubernetes object: apiVersion, kind or metadata.name is missing"]
    if kind in ADDON_KINDS:
        return addon_problems(thing)
    try:
        kubernetes_validate.validate(thing, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{'.'.join(map(str, error.path))}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError:
        return [f"{kind[0]} {kind[1]} is a kind that neither Kubernetes {version} nor addons.py knows"]
    return []


class Target:
    def __init__(self, folder, helm, version):
        self.folder, self.helm, self.version = folder, helm, version
        self.passed, self.failures = 0, []

    def check(self, what, problems):
        if problems:
            self.failures += [f"{self.folder}: {what}: {problem}" for problem in problems]
        else:
            self.passed += 1

    def run(self):
        try:
            self.verify()
        except (OSError, ValueError, yaml.YAMLError) as error:
            self.check("reading", [str(error)])
        return self

    def verify(self):
        base_app = json.loads((self.folder / "base.json").read_text())
        workload_app = json.loads((self.folder / "application.json").read_text())
        namespace = base_app["spec"]["destination"]["namespace"]
        self.check("applications", self.application_problems(base_app, workload_app))

        base = []
        for file in sorted((self.folder / "dependencies").rglob("*.yaml")):
            text = file.read_text()
            self.check(file.name, ["holds what is left of a token"] if any(map(reserved, text)) else [])
            base += documents(text)
        self.check("the base", [] if base else ["has no objects"])

        helm = workload_app["spec"]["source"].get("helm", {})
        chart = self.folder / "chart"
        self.check("the chart's files", chart_problems(file.relative_to(chart).as_posix() for file in chart.rglob("*") if not file.is_dir()))
        values = self.folder / "values.yaml"
        self.check("values.yaml", [] if isinstance(yaml.load(values.read_text(), Loader), dict) else ["is no mapping"])
        # The charts are linted with the fleet's values; at the edges it is what they give that counts.
        if "edges" not in self.folder.parts:
            lint = self.run_helm("lint", "--strict", "chart", "--values", values.name, "--namespace", namespace)
            self.check("helm lint --strict", [lint.stdout + lint.stderr] if lint.returncode else [])
        rendered = self.run_helm("template", helm.get("releaseName", workload_app["metadata"]["name"]), "chart",
                                 "--values", values.name, "--namespace", namespace, "--kube-version", self.version)
        self.check("helm template", [rendered.stderr] if rendered.returncode else [])
        if rendered.returncode:
            return
        workload = documents(rendered.stdout)
        self.check("the workload", [] if workload else ["has no objects"])

        for thing in base + workload:
            self.check(f"schema of {label(thing)}", schema_problems(thing, self.version))
        self.check("names", self.twice(base + workload, namespace))
        for thing in base:
            self.check(f"rules of the base for {label(thing)}", base_problems(thing, namespace))
        for thing in workload:
            self.check(f"rules of the workload for {label(thing)}", workload_problems(thing, namespace))
            self.check(f"walls around the workload for {label(thing)}", wall_problems(thing, namespace))
        self.check("references", reference_problems(base, workload))
        self.check("waves", wave_problems(workload))
        self.check("scaling", scaling_problems(workload, workload_app))

    def application_problems(self, base, workload):
        problems = []
        for app, path in ((base, "dependencies"), (workload, "chart")):
            if not app["spec"]["source"]["path"].endswith("/" + path):
                problems.append(f"{app['metadata']['name']} doesn't read {path}/")
            if len(app["metadata"]["name"]) > 63:
                problems.append(f"{app['metadata']['name']} is longer than 63 characters")
        release = workload["spec"]["source"].get("helm", {}).get("releaseName", workload["metadata"]["name"])
        if len(release) > 53:
            problems.append(f"the release name {release} is longer than the 53 characters that Helm takes")
        if base["spec"]["project"] == workload["spec"]["project"]:
            problems.append("base and workload are in one project, so the workload may do what the base may")
        return problems + application_wall_problems(base, "base") + application_wall_problems(workload, "workload")

    def twice(self, things, namespace):
        seen, problems = set(), []
        for thing in things:
            key = (thing["apiVersion"].split("/")[0], thing["kind"], thing["metadata"].get("namespace", namespace), thing["metadata"]["name"])
            if key in seen:
                problems.append(f"{label(thing)} stands twice")
            seen.add(key)
        return problems

    def run_helm(self, *arguments):
        # Nothing of the machine's own Helm settings or plugins.
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), "HELM_PLUGINS": os.devnull}
        return subprocess.run([self.helm, *arguments], cwd=self.folder, env=environment, capture_output=True, text=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--helm", default=os.environ.get("HELM") or shutil.which("helm"))
    parser.add_argument("--kubernetes", default="1.34", help="the version whose schemas count")
    arguments = parser.parse_args()
    if not arguments.helm:
        print("there is no helm on the path; name it with --helm, or: go install helm.sh/helm/v3/cmd/helm@v3.19.0", file=sys.stderr)
        return 64
    folders = sorted(file.parent.resolve() for file in arguments.folder.rglob("base.json"))
    if not folders:
        print(f"{arguments.folder} holds no rendered target (a folder with a base.json)", file=sys.stderr)
        return 64
    helm = str(Path(arguments.helm).resolve())
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        targets = list(pool.map(lambda folder: Target(folder, helm, arguments.kubernetes).run(), folders))
    for target in targets:
        for failure in target.failures:
            print(failure, file=sys.stderr)
    passed, failed = sum(t.passed for t in targets), sum(len(t.failures) for t in targets)
    print(f"{len(targets)} targets: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
