"""Brings the database to what the image and the settings want. Run by the job odoo-setup.

    setup.py SETTINGS

Does only what is missing, so that it may run with every sync; a second one waits for the
lock that the first holds in the database. A database of another series is refused: Odoo
has no way to migrate it by itself. Standard library and psycopg2, both in the image.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

# Of this job alone, among the advisory locks of the instance's own database.
LOCK = 0x0D00
# The exit code that tells the job not to try again.
REFUSED = 64
CONFIG = "--config=/run/odoo/odoo.conf"
# No workers, no ports: servers of the last build may still be running elsewhere.
ONCE = [CONFIG, "--workers=0", "--max-cron-threads=0", "--no-http", "--stop-after-init"]


class Refused(Exception):
    """What a person has to decide; another attempt ends the same."""


def series_of(version):
    """`18.0` of `Odoo Server 18.0-20260926` or of a module's `18.0.1.3`."""
    found = re.search(r"\d+\.\d+", version)
    if not found:
        raise Refused(f"no series in {version!r}")
    return found[0]


def steps(settings, image, installed, build):
    """The runs of Odoo that are due, as lists of arguments.

    `image` is the image's series; `installed` the version of each installed module, with
    none for a new database; `build` the image that the database was last updated for.
    """
    wanted = settings["series"]
    if image != wanted:
        raise Refused(f"the image {settings['build']} holds Odoo {image}, and the values say {wanted}; name an image of that series")
    missing = [module for module in settings["modules"] if module not in installed]
    if "base" not in installed:
        return [["--init", ",".join(["base", *missing])]]
    current = series_of(installed["base"])
    if current != wanted:
        raise Refused(
            f"the database is of Odoo {current}, and the image of {wanted}: no server was touched. "
            f"Set `version` back to {current}, or upgrade the database first (upgrade.odoo.com or OpenUpgrade) and restore the result here"
        )
    due = []
    if build != settings["build"]:
        due.append(["--update", "all"])
    if missing:
        due.append(["--init", ",".join(missing)])
    return due


def query(connection, text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall()


def state(connection):
    """Versions of the installed modules, and the build of the last update or None."""
    if not query(connection, "SELECT 1 FROM pg_class WHERE relname = 'ir_module_module' AND pg_table_is_visible(oid)"):
        return {}, None
    # What an earlier attempt left half-way counts as installed: its update is due again.
    installed = dict(query(connection, "SELECT name, latest_version FROM ir_module_module WHERE state IN ('installed', 'to upgrade') AND latest_version IS NOT NULL"))
    build = query(connection, "SELECT value FROM ir_config_parameter WHERE key = 'deploycenter.build'")
    return installed, build[0][0] if build else None


def odoo(*arguments, **options):
    return subprocess.run(["odoo", *arguments], check=True, **options)


def connect(attempts=60, pause=5):
    import psycopg2  # Not there where only `steps` is tested.

    for attempt in range(1, attempts + 1):
        try:
            connection = psycopg2.connect("")  # PGHOST and its kin say where.
            connection.autocommit = True
            return connection
        except psycopg2.OperationalError as error:
            print(f"the database doesn't answer ({attempt} of {attempts}): {error}".strip(), flush=True)
            if attempt == attempts:
                raise
            time.sleep(pause)


def main(settings_file):
    settings = json.loads(Path(settings_file).read_text())
    connection = connect()
    print("waiting for the lock", flush=True)
    query(connection, f"SELECT pg_advisory_lock({LOCK})")
    with connection.cursor() as cursor:
        # The owner of a database may make these two.
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    image = series_of(odoo("--version", capture_output=True, text=True).stdout)
    installed, build = state(connection)
    for arguments in steps(settings, image, installed, build):
        print("odoo", *arguments, flush=True)
        odoo(*ONCE, *arguments)
    installed, _ = state(connection)
    unknown = [module for module in settings["modules"] if module not in installed]
    if unknown:
        raise Refused(f"the image has no module {', '.join(unknown)}; take it out of `addons`, or name an `image` that has it")
    print("applying the settings", flush=True)
    script = Path(__file__).with_name("settings.py").read_text()
    odoo("shell", CONFIG, "--workers=0", "--max-cron-threads=0", "--no-http", input=f"SETTINGS = {settings!r}\n{script}", text=True)
    print("the database is ready", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        sys.exit(REFUSED)
    except subprocess.CalledProcessError as failed:
        sys.exit(f"Odoo ended with {failed.returncode}; its log is above")
