//! `secret set`.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use deploycenter_domain::name::TargetId;
use deploycenter_engine::workflow::{self, LARGEST_SECRET, SecretError, SecretRequest};
use deploycenter_engine::{ErrorCode, Standstill};

use crate::args::Selectors;
use crate::commands::CommandContext;
use crate::commands::apply::{self, ApplyArgs};
use crate::fail::Fail;
use crate::output::{self, harmless};

/// `yes`: with `restart`, that nobody is asked.
pub(super) async fn set(
    context: &CommandContext,
    request: &SecretRequest,
    yes: bool,
) -> Result<ExitCode, Fail> {
    if request.restart && !yes && !std::io::stdin().is_terminal() {
        return Err(Fail::new(
            ErrorCode::Declined,
            "--restart has nobody to ask when the value is piped in, and nothing was set",
        )
        .help("say --yes too; or look at `deploycenter plan` afterwards, and apply that"));
    }
    let place = context.open_silently().await?;
    let secret = workflow::set_secret(&place.engine, request).await?;
    let value = read_value(&secret.entry.purpose)?;
    secret.run(&place.engine, &value).await?;
    let (target, name, entry) = (&request.target, &request.name, &secret.entry.full);
    if request.restart || !context.json {
        output::errln!("Set {name} of {target} ({entry}) in {}.", secret.region);
    }
    if request.restart {
        // What the deployment says is the answer.
        return apply::run(context, &restart(target, yes)).await;
    }
    let next = secret
        .is_deployed
        .then(|| format!("deploycenter apply {target}"));
    if context.json {
        let mut set = serde_json::json!({
            "format": output::FORMAT, "target": target, "secret": name, "entry": entry,
        });
        if let Some(next) = next {
            set["takesEffectWith"] = next.into();
        }
        output::outln!("{set}");
    } else if let Some(next) = next {
        let first = match secret.standstill {
            Some(Standstill::Held) => format!("deploycenter release {target}, then "),
            Some(Standstill::Unfinished) => format!("deploycenter resume {target}, then "),
            None => String::new(),
        };
        output::errln!("What runs takes it with: {first}{next}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The usual `apply` of one target.
fn restart(target: &TargetId, yes: bool) -> ApplyArgs {
    ApplyArgs {
        selection: Selectors {
            selectors: vec![target.to_string()],
            region: None,
            environment: None,
        },
        plan: None,
        yes,
        quiet: false,
        all_or_nothing: false,
        allow_dirty: false,
        reclaim: false,
        allow_older: false,
        max_parallel: 1,
    }
}

/// The value from standard input, without its final line break.
fn read_value(purpose: &str) -> Result<String, Fail> {
    if std::io::stdin().is_terminal() {
        output::errln!(
            "Type the secret ({}), then Enter and Ctrl-D:",
            harmless(purpose)
        );
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(LARGEST_SECRET as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(anyhow::Error::from)?;
    if bytes.len() > LARGEST_SECRET {
        return Err(SecretError::TooLong.into());
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Fail::new(ErrorCode::Secret, "the secret isn't UTF-8 text"))?;
    let line = text.strip_suffix('\n');
    let value = line.map_or(text.as_str(), |line| {
        line.strip_suffix('\r').unwrap_or(line)
    });
    Ok(value.to_owned())
}
