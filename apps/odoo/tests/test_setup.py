"""The job's scripts without Odoo: `python3 -m unittest` in this folder."""

import contextlib
import io
import json
import os
import runpy
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True  # The folder is part of the checkout.
FILES = Path(__file__).resolve().parent.parent / "chart" / "files"
sys.path.insert(0, str(FILES))

import setup  # noqa: E402

SETTINGS = {
    "series": "18.0", "build": "odoo:18.0-2", "modules": ["contacts", "sale"], "url": "https://erp.example.com",
    "language": "fr_FR", "timezone": "Europe/Paris", "maxUploadBytes": "1024", "mail": {},
    "admin": {"login": "boss", "email": "boss@example.com"},
}
INSTALLED = {"base": "18.0.1.3", "contacts": "18.0.1.0", "sale": "18.0.1.2"}


class Steps(unittest.TestCase):
    def steps(self, installed, build="odoo:18.0-2", image="18.0"):
        return setup.steps(SETTINGS, image, installed, build)

    def test_a_new_database_is_made_with_all_modules(self):
        self.assertEqual(self.steps({}, None), [["--init", "base,contacts,sale"]])

    def test_nothing_is_due_where_nothing_changed(self):
        self.assertEqual(self.steps(INSTALLED), [])

    def test_a_new_build_updates_all(self):
        self.assertEqual(self.steps(INSTALLED, "odoo:18.0-1"), [["--update", "all"]])

    def test_a_restored_database_is_updated(self):
        self.assertEqual(self.steps(INSTALLED, None), [["--update", "all"]])

    def test_a_new_module_is_installed_after_the_update(self):
        few = {"base": "18.0.1.3"}
        self.assertEqual(self.steps(few), [["--init", "contacts,sale"]])
        self.assertEqual(self.steps(few, "odoo:18.0-1"), [["--update", "all"], ["--init", "contacts,sale"]])

    def test_another_series_is_refused_either_way(self):
        for version in ("17.0.1.3", "19.0.1.3"):
            with self.assertRaisesRegex(setup.Refused, "upgrade the database first"):
                self.steps({**INSTALLED, "base": version}, None)

    def test_an_image_of_another_series_is_refused_before_anything(self):
        with self.assertRaisesRegex(setup.Refused, "holds Odoo 19.0"):
            self.steps({}, None, image="19.0")

    def test_series(self):
        self.assertEqual(setup.series_of("Odoo Server 18.0-20260926\n"), "18.0")
        with self.assertRaises(setup.Refused):
            setup.series_of("nothing")


class Cursor:
    def __init__(self, database):
        self.database = database

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def execute(self, text):
        self.database.log.append(text.split(" FROM ")[0].split("(")[0])
        rows = {"pg_class": [(1,)] if self.database.modules else [], "ir_module_module": list(self.database.modules.items()),
                "ir_config_parameter": [(self.database.build,)] if self.database.build else []}
        table = text.split(" FROM ")[1].split()[0] if " FROM " in text else None
        self.rows = rows.get(table, [(None,)])

    def fetchall(self):
        return self.rows


class Database:
    """What the job asks of PostgreSQL, and an Odoo that installs what it has."""

    def __init__(self, modules, build, has=("base", "contacts", "sale")):
        self.modules, self.build, self.has, self.log, self.shell = dict(modules), build, has, [], None

    def cursor(self):
        return Cursor(self)

    def odoo(self, command, check, **options):
        if command[1] == "--version":
            return types.SimpleNamespace(stdout="Odoo Server 18.0-2")
        self.log.append(" ".join(command[-2:]) if command[1] != "shell" else "shell")
        if command[1] == "shell":
            self.shell = options["input"]
        elif command[-2] == "--init":
            self.modules.update({name: "18.0.1.0" for name in command[-1].split(",") if name in self.has})


class Main(unittest.TestCase):
    def run_main(self, database):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), \
                mock.patch.object(setup, "connect", lambda: database), mock.patch.object(subprocess, "run", database.odoo):
            file = Path(folder, "settings.json")
            file.write_text(json.dumps(SETTINGS))
            setup.main(file)

    def test_the_lock_comes_first_and_the_settings_last(self):
        database = Database({}, None)
        self.run_main(database)
        self.assertEqual(database.log[0], "SELECT pg_advisory_lock")
        self.assertIn("--init base,contacts,sale", database.log)
        self.assertEqual(database.log[-1], "shell")
        self.assertTrue(database.shell.startswith("SETTINGS = {"))
        compile(database.shell, "shell", "exec")

    def test_a_module_that_the_image_lacks_is_named(self):
        with self.assertRaisesRegex(setup.Refused, "no module sale"):
            self.run_main(Database({}, None, has=("base", "contacts")))


class Model:
    """Enough of an Odoo model: notes what is written."""

    def __init__(self, env, name, **fields):
        self.__dict__.update(fields, env=env, name=name)

    def sudo(self):
        return self

    def with_context(self, **_):
        return self

    def write(self, values):
        self.env.log.append((self.name, values))

    def create(self, values):
        self.write(values)
        return self


class Env(dict):
    def __init__(self, password, build=None, server=False, active=False):
        super().__init__()
        self.log, self.params, self.committed = [], {"deploycenter.build": build}, False
        params = Model(self, "params")
        params.get_param, params.set_param = self.params.get, self.params.__setitem__
        self["ir.config_parameter"] = params
        language = Model(self, "language", ids=[7], active=active)
        finder = Model(self, "res.lang")
        finder.search = lambda domain, limit: language if domain == [("code", "=", "fr_FR")] else []
        self["res.lang"] = finder
        wizard = Model(self, "base.language.install")
        wizard.lang_install = lambda: self.log.append(("translations", "fr_FR"))
        self["base.language.install"] = wizard
        defaults = Model(self, "ir.default")
        defaults.set = lambda model, field, value: self.log.append(("default", field, value))
        self["ir.default"] = defaults
        encryption = types.SimpleNamespace(selection=[("none", ""), ("starttls", ""), ("ssl", ""), ("ssl_strict", "")])
        self["ir.mail_server"] = Model(self, "mail", id=3, _fields={"smtp_encryption": encryption})
        self["ir.model.data"] = Model(self, "xmlid")
        self.company = types.SimpleNamespace(partner_id=Model(self, "company"))
        crypt = types.SimpleNamespace(verify=lambda given, stored: given == stored)
        self.admin = Model(self, "admin", id=2, partner_id=Model(self, "admin's partner"), _crypt_context=lambda: crypt)
        self.server = Model(self, "mail") if server else None
        self.cr = types.SimpleNamespace(execute=lambda *_: None, fetchone=lambda: (password,), commit=lambda: setattr(self, "committed", True))

    def ref(self, name, raise_if_not_found=True):
        return self.admin if name == "base.user_admin" else self.server

    def written(self, name):
        return [entry[1] for entry in self.log if entry[0] == name]


class Settings(unittest.TestCase):
    def run_settings(self, env, **over):
        with mock.patch.dict(os.environ, {"ADMIN_PASSWORD": "drawn", "SMTP_PASSWORD": "given"}), contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(str(FILES / "settings.py"), {"env": env, "SETTINGS": {**SETTINGS, **over}})
        return env

    def test_the_first_run(self):
        env = self.run_settings(Env("admin"))
        self.assertEqual(env.written("admin"), [{"login": "boss", "password": "drawn"}])
        self.assertEqual(env.written("translations"), ["fr_FR"])
        self.assertEqual(env.written("company"), [{"lang": "fr_FR"}])
        self.assertEqual(env.params["web.base.url"], "https://erp.example.com")
        self.assertEqual(env.params["deploycenter.build"], "odoo:18.0-2")
        self.assertTrue(env.committed)

    def test_a_later_run_leaves_people_alone(self):
        env = self.run_settings(Env("changed", build="odoo:18.0-1", active=True))
        for name in ("admin", "admin's partner", "company", "translations", "mail"):
            self.assertEqual(env.written(name), [], name)
        self.assertTrue(env.committed)

    def test_mail(self):
        mail = {"host": "smtp", "port": 465, "user": "erp", "from": "erp@acme.example", "encryption": "ssl"}
        env = self.run_settings(Env("x"), mail=mail)
        [record] = env.written("mail")
        self.assertEqual((record["smtp_encryption"], record["smtp_pass"], record["from_filter"]), ("ssl_strict", "given", "acme.example"))
        self.assertEqual(env.written("xmlid")[0]["res_id"], 3)
        again = self.run_settings(Env("x", server=True), mail={**mail, "user": "", "encryption": "starttls"})
        [record] = again.written("mail")
        self.assertEqual((record["smtp_encryption"], record["smtp_user"], record["smtp_pass"]), ("starttls", False, False))
        self.assertEqual(again.written("xmlid"), [])
        gone = self.run_settings(Env("x", server=True))
        self.assertEqual(gone.written("mail"), [{"active": False}])

    def test_an_unknown_language_changes_nothing(self):
        env = Env("admin")
        with self.assertRaisesRegex(SystemExit, "doesn't know the language"):
            self.run_settings(env, language="xx_XX")
        self.assertFalse(env.committed)


if __name__ == "__main__":
    unittest.main()
