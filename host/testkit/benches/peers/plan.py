"""Renders every template of every instance of a fleet with Jinja2, from customers.yaml.

What a script would do instead of `deploycenter plan`: read the desired state, merge each
instance's values, render all of its templates. It asks nobody what is there, compares
nothing and writes nothing. One line of JSON in ({"dir"}), one out ({"seconds", ...}).
"""

import json
import pathlib
import sys
import time

import yaml

from render import environment

# The parser in C, which is several times faster than the one in Python.
Loader = yaml.CSafeLoader


def load(path):
    return yaml.load(path.read_text(), Loader)


def names(customer, instance):
    readable = f"{customer}--{instance}"
    return {
        "namespace": readable,
        "application": readable,
        "baseApplication": f"{readable}--base",
        "project": customer,
        "baseProject": f"{customer}--base",
    }


def render(folder):
    repo = folder / "repo"
    apps = json.loads((folder / "peer.json").read_text())
    for app in apps.values():
        made = environment(app["templates"])
        app["base"] = yaml.load(app["base"], Loader)
        app["loaded"] = [made.get_template(name) for name in app["render"]]
    regions = load(repo / "regions.yaml")["regions"]
    instances = written = 0
    for customer in load(repo / "customers.yaml")["customers"]:
        for wanted in customer["apps"]:
            app = apps[wanted["app"]]
            instance = wanted.get("name", wanted["app"])
            region = wanted.get("region", customer["region"])
            place = regions[region]
            context = dict(app["context"])
            context.update(
                customer=customer["name"],
                instance=instance,
                domain=wanted["domain"],
                aliases=wanted.get("aliases", []),
                names=names(customer["name"], instance),
                labels=dict(
                    context["labels"],
                    **{"deploycenter.dev/customer": customer["name"]},
                ),
                region=dict(
                    context["region"],
                    name=region,
                    account=place["account"],
                    cluster=place["cluster"],
                ),
                repository={
                    "url": context["repository"]["url"],
                    "branch": f"customer/{customer['name']}",
                    "folder": f"{region}/{instance}",
                },
                values={**app["base"], **wanted.get("values", {})},
            )
            for template in app["loaded"]:
                written += len(template.render(context))
            instances += 1
    return instances, written


def main():
    for line in sys.stdin:
        begun = time.perf_counter()
        instances, written = render(pathlib.Path(json.loads(line)["dir"]))
        seconds = time.perf_counter() - begun
        answer = {"seconds": seconds, "instances": instances, "characters": written}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
