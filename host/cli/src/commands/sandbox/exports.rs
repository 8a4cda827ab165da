//! What points a shell, or this program, at a sandbox: environment variables.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use deploycenter_engine::ErrorCode;
use deploycenter_sandbox::sample::SampleRepo;
use deploycenter_sandbox::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Sandbox};
use tokio::net::TcpStream;

use crate::fail::Fail;

/// Written once the sandbox is ready; holds what `sandbox env` prints.
const ENV: &str = "env.sh";

/// How long `sandbox env` waits.
const PATIENCE: Duration = Duration::from_secs(120);

/// Prints what points a shell at the sandbox, once it is ready.
pub(super) async fn env(dir: &Path) -> Result<ExitCode, Fail> {
    let began = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(dir.join(ENV))
            && alive(&text).await
        {
            crate::output::out!("{text}");
            return Ok(ExitCode::SUCCESS);
        }
        if began.elapsed() > PATIENCE {
            return Err(Fail::new(
                ErrorCode::Sandbox,
                format!("no sandbox runs in {}", dir.display()),
            )
            .help(format!(
                "start one with: deploycenter sandbox --dir {}",
                dir.display()
            )));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Whether the AWS stand-in that the exports name takes connections.
async fn alive(exports: &str) -> bool {
    let url = exports
        .lines()
        .find_map(|line| line.strip_prefix("export AWS_ENDPOINT_URL='http://"));
    match url.and_then(|rest| rest.split(['/', '\'']).next()) {
        Some(address) => TcpStream::connect(address).await.is_ok(),
        None => false,
    }
}

/// What a command needs to work with the sandbox, as environment variables.
pub(super) struct Exports {
    program: String,
    vars: Vec<(&'static str, String)>,
}

impl Exports {
    pub(super) fn of(sandbox: &Sandbox, repo: &SampleRepo) -> Self {
        let program = std::env::current_exe().map_or_else(
            |_| "deploycenter".to_owned(),
            |path| path.to_string_lossy().into_owned(),
        );
        let trimmed = |url: url::Url| url.as_str().trim_end_matches('/').to_owned();
        Self {
            program,
            vars: vec![
                (
                    "DEPLOYCENTER_REPO",
                    repo.checkout.to_string_lossy().into_owned(),
                ),
                ("AWS_ENDPOINT_URL", trimmed(sandbox.aws_url())),
                ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
                ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
                ("AWS_REGION", "us-west-2".to_owned()),
                ("AWS_DEFAULT_REGION", "us-west-2".to_owned()),
                ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
                ("ARGOCD_SERVER", trimmed(sandbox.argocd_url())),
                ("ARGOCD_AUTH_TOKEN", sandbox.argocd_token().to_owned()),
            ],
        }
    }

    /// This program, pointed at the sandbox.
    pub(super) fn command(&self, args: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(args)
            .envs(self.vars.iter().map(|(name, value)| (name, value)));
        // What the caller's own cloud is has no place here.
        for name in [
            "AWS_PROFILE",
            "AWS_SESSION_TOKEN",
            "DEPLOYCENTER_ARGOCD_SERVER",
            "DEPLOYCENTER_DATABASE",
            "DEPLOYCENTER_TRUST",
            "HTTP_PROXY",
            "http_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            command.env_remove(name);
        }
        command
    }

    fn shell(&self) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
        let mut text = String::from(
            "unset AWS_PROFILE AWS_SESSION_TOKEN DEPLOYCENTER_ARGOCD_SERVER DEPLOYCENTER_DATABASE DEPLOYCENTER_TRUST\n",
        );
        for (name, value) in &self.vars {
            text.push_str(&format!("export {name}={}\n", quoted(value)));
        }
        if let Some(folder) = Path::new(&self.program).parent() {
            text.push_str(&format!(
                "export PATH={}:\"$PATH\"\n",
                quoted(&folder.to_string_lossy())
            ));
        }
        text
    }

    /// How this program is called.
    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Tells those who wait for the sandbox. Whole or not at all: the token for Argo CD is
    /// in it.
    pub(super) fn write(&self, dir: &Path) -> Result<(), Fail> {
        let path = dir.join(ENV);
        deploycenter_private::replace(&path, &[self.shell().as_bytes()]).map_err(|error| {
            Fail::new(
                ErrorCode::Sandbox,
                format!("{} can't be written: {error}", path.display()),
            )
        })
    }
}

/// Takes back what tells that a sandbox is ready.
pub(super) fn remove(dir: &Path) {
    // Where none is, there is nothing to take back.
    let _ = std::fs::remove_file(dir.join(ENV));
}
