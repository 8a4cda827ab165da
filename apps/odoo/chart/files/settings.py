# Run inside `odoo shell`, which brings `env`, after a line `SETTINGS = {...}`. Sets what the
# values decide, and leaves alone what people change in Odoo. All or nothing: it commits at
# its end.
import os

params = env["ir.config_parameter"].sudo()
first = not params.get_param("deploycenter.build")
admin = env.ref("base.user_admin")

# Odoo makes this account with a password that everybody knows.
env.cr.execute("SELECT password FROM res_users WHERE id = %s", [admin.id])
stored = env.cr.fetchone()[0]
if stored and admin._crypt_context().verify("admin", stored):
    admin.write({"login": SETTINGS["admin"]["login"], "password": os.environ["ADMIN_PASSWORD"]})
    print("the administrator has a password of their own now")

params.set_param("web.base.url", SETTINGS["url"])
# Else it becomes the alias by which an administrator last signed in.
params.set_param("web.base.url.freeze", "True")
# Reports fetch their styles from the same pod, not around through the ingress.
params.set_param("report.url", "http://127.0.0.1:8069")
params.set_param("web.max_file_upload_size", SETTINGS["maxUploadBytes"])

code = SETTINGS["language"]
language = env["res.lang"].with_context(active_test=False).search([("code", "=", code)], limit=1)
if not language:
    raise SystemExit(f"refused: this build of Odoo doesn't know the language {code}")
if not language.active:
    env["base.language.install"].create({"lang_ids": [(6, 0, language.ids)], "overwrite": False}).lang_install()
defaults = env["ir.default"].sudo()
defaults.set("res.partner", "lang", code)
defaults.set("res.partner", "tz", SETTINGS["timezone"])
if first:
    admin.partner_id.write({"lang": code, "tz": SETTINGS["timezone"], "email": SETTINGS["admin"]["email"]})
    env.company.partner_id.write({"lang": code})

# Odoo's configuration file knows no TLS from the start (port 465), so the mail server is a
# record, as one that a person makes; it is found again by its external name.
server = env.ref("__deploycenter__.mail_server", raise_if_not_found=False)
mail = SETTINGS["mail"]
if mail:
    known = dict(env["ir.mail_server"]._fields["smtp_encryption"].selection)
    strict = mail["encryption"] + "_strict"
    values = {
        "name": "DeployCenter",
        "active": True,
        "sequence": 1,
        "smtp_host": mail["host"],
        "smtp_port": mail["port"],
        "smtp_encryption": strict if strict in known else mail["encryption"],
        "smtp_authentication": "login",
        "smtp_user": mail["user"] or False,
        "smtp_pass": os.environ["SMTP_PASSWORD"] if mail["user"] else False,
        # A relay takes its own domain; what others write is sent in the name of `from`.
        "from_filter": mail["from"].rpartition("@")[2],
    }
    if server:
        server.write(values)
    else:
        server = env["ir.mail_server"].create(values)
        env["ir.model.data"].create(
            {"module": "__deploycenter__", "name": "mail_server", "model": "ir.mail_server", "res_id": server.id, "noupdate": True}
        )
elif server:
    server.write({"active": False})

params.set_param("deploycenter.build", SETTINGS["build"])
env.cr.commit()
