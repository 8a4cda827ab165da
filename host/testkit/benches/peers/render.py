"""Renders templates with Jinja2, strict about what is undefined; driven over a pipe.

One line of JSON in, one out: {"templates", "render"} loads, {"context", "times"}
renders all of them that often and tells the seconds, and the texts of the last time.
"""

import json
import sys
import time

import jinja2


def environment(templates):
    made = jinja2.Environment(
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.DictLoader(templates),
    )
    # As YAML takes it: Jinja2's own escapes for HTML.
    made.filters["tojson"] = lambda value: json.dumps(
        value, ensure_ascii=False, sort_keys=True
    )
    return made


def main():
    loaded = []
    for line in sys.stdin:
        asked = json.loads(line)
        if "templates" in asked:
            made = environment(asked["templates"])
            loaded = [made.get_template(name) for name in asked["render"]]
            answer = {"version": jinja2.__version__}
        else:
            context = asked["context"]
            begun = time.perf_counter()
            for _ in range(asked["times"]):
                texts = [template.render(context) for template in loaded]
            answer = {"seconds": time.perf_counter() - begun, "texts": texts}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
