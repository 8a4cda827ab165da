//! `secret set` and `secret list`.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::guardrails::PULL_SECRET;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::{Limits, Standstill};
use deploycenter_platform::Platform;
use deploycenter_ports::{ProvidedOwner, Silent};
use serde::Serialize;

use super::CommandContext;
use super::apply::{self, ApplyArgs};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::output::harmless;

/// Secrets Manager takes values up to 64 KiB, in JSON.
const LARGEST: u64 = 48 * 1024;

/// That what runs is to take the secret at once.
pub(super) struct Restart {
    /// Without asking.
    pub(super) yes: bool,
}

pub(super) async fn set(
    context: &CommandContext,
    target: &TargetId,
    name: &str,
    restart: Option<&Restart>,
) -> Result<ExitCode, Fail> {
    if restart.is_some_and(|restart| !restart.yes) && !std::io::stdin().is_terminal() {
        return Err(Fail::new(
            "declined",
            "--restart has nobody to ask when the value is piped in, and nothing was set",
        )
        .help("say --yes too; or look at `deploycenter plan` afterwards, and apply that"));
    }
    let place = open(context).await?;
    let wanted = place.engine.provided_secrets(target).await?;
    let Some(secret) = wanted.entries.iter().find(|entry| entry.name == name) else {
        let names: Vec<&str> = wanted
            .entries
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        let fail = Fail::new(
            "unknown-secret",
            format!("{target} takes no secret \"{name}\" as it is configured now"),
        );
        return Err(if names.is_empty() {
            fail.help("it needs none that a person gives")
        } else {
            fail.help(format!("it takes: {}", names.join(", ")))
        });
    };
    if restart.is_some() && !wanted.is_deployed {
        return Err(Fail::new(
            "not-deployed",
            format!(
                "{target} isn't deployed, so that nothing of it can be restarted; nothing was set"
            ),
        )
        .help("leave --restart out: the first deployment takes the secret"));
    }
    if restart.is_some()
        && let Some(standstill) = wanted.standstill
    {
        return Err(at_a_standstill(target, standstill));
    }
    let value = read_value(&secret.purpose)?;
    if secret.key == PULL_SECRET && !is_login(&value) {
        return Err(Fail::new(
            "secret",
            format!("{name} of {target} is a login at a registry, and this is none: JSON with the key \"auths\""),
        )
        .help("`kubectl create secret docker-registry x --docker-server=… --docker-username=… --docker-password=… --dry-run=client -o jsonpath='{.data.\\.dockerconfigjson}' | base64 -d` writes one; a config.json of `docker login` is one where no credential helper keeps the passwords"));
    }
    let owner = ProvidedOwner {
        installation: place.engine.installation.clone(),
        target: target.clone(),
    };
    place
        .engine
        .providers
        .provided
        .set(&wanted.region, &secret.full, &secret.key, &value, &owner)
        .await?;
    let told = || {
        crate::output::errln!(
            "Set {name} of {target} ({}) in {}.",
            secret.full,
            wanted.region
        );
    };
    if let Some(restart) = restart {
        // What the deployment says is the answer.
        told();
        return apply(context, target, restart).await;
    }
    let next = wanted
        .is_deployed
        .then(|| format!("deploycenter apply {target}"));
    if context.json {
        let mut set = serde_json::json!({ "format": 1, "target": target, "secret": name, "entry": secret.full });
        if let Some(next) = next {
            set["takesEffectWith"] = next.into();
        }
        crate::output::outln!("{set}");
    } else {
        told();
        if let Some(next) = next {
            let first = match wanted.standstill {
                Some(Standstill::Held) => format!("deploycenter release {target}, then "),
                Some(Standstill::Unfinished) => format!("deploycenter resume {target}, then "),
                None => String::new(),
            };
            crate::output::errln!("What runs takes it with: {first}{next}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What runs can't take a secret at once.
fn at_a_standstill(target: &TargetId, standstill: Standstill) -> Fail {
    let (code, why, way) = match standstill {
        Standstill::Held => (
            "held",
            "is held",
            format!("let it go on first: deploycenter release {target}; or leave --restart out"),
        ),
        Standstill::Unfinished => (
            "locked",
            "has an unfinished deployment",
            format!(
                "end that first: deploycenter resume {target}, or deploycenter cancel {target}; or leave --restart out"
            ),
        ),
    };
    let message = format!("{target} {why}, so that nothing of it is restarted; nothing was set");
    Fail::new(code, message).help(way)
}

/// Whether a text is what Kubernetes takes for a secret to pull images with, and holds a login.
fn is_login(value: &str) -> bool {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(value);
    let logins = parsed
        .ok()
        .and_then(|config| config["auths"].as_object().cloned());
    let has_login = |login: &serde_json::Value| {
        ["auth", "password", "identitytoken"]
            .iter()
            .any(|key| login[*key].as_str().is_some_and(|text| !text.is_empty()))
    };
    logins.is_some_and(|logins| !logins.is_empty() && logins.values().all(has_login))
}

/// The usual `apply` of one target.
async fn apply(
    context: &CommandContext,
    target: &TargetId,
    restart: &Restart,
) -> Result<ExitCode, Fail> {
    let args = ApplyArgs {
        selection: Selectors {
            selectors: vec![target.to_string()],
            region: None,
            environment: None,
        },
        plan: None,
        yes: restart.yes,
        quiet: false,
        all_or_nothing: false,
        allow_dirty: false,
        reclaim: false,
        allow_older: false,
        max_parallel: 1,
    };
    apply::run(context, &args).await
}

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct SecretRow {
    target: TargetId,
    name: String,
    /// `given`, `generated`, or `missing`.
    source: &'static str,
    /// Its name in Secrets Manager.
    entry: String,
}

pub(super) async fn list(
    context: &CommandContext,
    target: Option<&TargetId>,
) -> Result<ExitCode, Fail> {
    let place = open(context).await?;
    let run = place.engine.open_run().await?;
    let targets = match target {
        Some(target) => vec![target.clone()],
        None => run
            .desired()
            .instances()
            .map(|instance| instance.target.clone())
            .collect(),
    };
    let mut rows = Vec::new();
    for target in targets {
        let wanted = run.provided_secrets(&target).await?;
        let there = run.secrets_of(&wanted).await?;
        let missing = wanted
            .entries
            .iter()
            .filter(|entry| !there.iter().any(|found| found.name == entry.full));
        rows.extend(missing.map(|entry| SecretRow {
            target: target.clone(),
            name: entry.name.clone(),
            source: "missing",
            entry: entry.full.clone(),
        }));
        rows.extend(there.iter().map(|found| {
            let full = &found.name;
            SecretRow {
                target: target.clone(),
                name: full.strip_prefix(&wanted.prefix).unwrap_or(full).to_owned(),
                source: if found.is_given { "given" } else { "generated" },
                entry: full.clone(),
            }
        }));
    }
    rows.sort();
    if context.json {
        crate::output::outln!("{}", serde_json::json!({ "format": 1, "secrets": rows }));
    } else if rows.is_empty() {
        crate::output::outln!("There are no secrets.");
    } else {
        for SecretRow {
            target,
            name,
            source,
            entry,
        } in rows
        {
            let (target, name) = (target.to_string(), harmless(&name));
            let entry = harmless(&entry);
            crate::output::outln!("{target:<32} {name:<12} {source:<10} {entry}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(context: &CommandContext) -> Result<Platform, Fail> {
    context
        .platform_telling(Limits::default(), Arc::new(Silent))
        .await
}

/// The value from standard input, without its final line break.
fn read_value(purpose: &str) -> Result<String, Fail> {
    if std::io::stdin().is_terminal() {
        crate::output::errln!(
            "Type the secret ({}), then Enter and Ctrl-D:",
            harmless(purpose)
        );
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(anyhow::Error::from)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Fail::new(
            "secret",
            format!("the secret is larger than {LARGEST} bytes"),
        ));
    }
    let text =
        String::from_utf8(bytes).map_err(|_| Fail::new("secret", "the secret isn't UTF-8 text"))?;
    let value = text.strip_suffix('\n').map_or(text.as_str(), |text| {
        text.strip_suffix('\r').unwrap_or(text)
    });
    if value.is_empty() {
        return Err(Fail::new("secret", "the secret is empty")
            .help("pipe it in: pass show acme/smtp | deploycenter secret set …"));
    }
    Ok(value.to_owned())
}
