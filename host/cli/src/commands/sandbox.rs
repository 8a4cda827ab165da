//! `sandbox` and `sandbox env`: the whole platform on this machine.

mod sample;

use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use deploycenter_sandbox::sample::{REGIONS, SampleRepo};
use deploycenter_sandbox::{
    ACCESS_KEY_ID, FaultFile, SECRET_ACCESS_KEY, Sandbox, SandboxClock, SandboxConfig, World,
    argocd,
};
use tokio::net::TcpStream;

use crate::args::SandboxRun;
use crate::fail::Fail;

/// Written once the sandbox is ready; holds what `sandbox env` prints.
const ENV: &str = "env.sh";

/// How long `sandbox env` waits.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts the sandbox, deploys, and stays up.
pub(super) async fn run(args: &SandboxRun) -> Result<ExitCode, Fail> {
    let failed = |error: &dyn std::fmt::Display| Fail::new("sandbox", error.to_string());
    deploycenter_private::make_folder(&args.dir)
        .map_err(|error| failed(&format!("{} can't be made: {error}", args.dir.display())))?;
    let dir = args.dir.canonicalize().map_err(|error| failed(&error))?;
    let _ = std::fs::remove_file(dir.join(ENV));
    let world = World::from_regions_yaml(REGIONS).map_err(|error| failed(&error))?;
    let file = faults(args.faults.as_deref())?;
    let config = SandboxConfig {
        dir: Some(dir.join("stand-ins")),
        clock: SandboxClock::Real,
        latency: args.latency,
        faults: file.faults,
        aws_port: 0,
        argocd_port: 0,
        argocd: argocd::Config {
            clusters: world.clusters.clone(),
            habits: file.habits,
            ..argocd::Config::default()
        },
        world,
    };
    let sandbox = Sandbox::start(config)
        .await
        .map_err(|error| failed(&error))?;
    let repo = SampleRepo::below(&dir);
    let fresh = repo
        .create(&sample::files(&sandbox, &repo)?)
        .map_err(|error| failed(&error))?;
    let exports = Exports::of(&sandbox, &repo);
    if fresh {
        crate::output::errln!(
            "Made a sample deployment repo in {}.",
            repo.checkout.display()
        );
    }
    sample::give_secrets(&exports).await?;
    write_env(&dir, &exports)?;
    let well = args.idle || deploy(&exports).await?;
    summary(&exports).await?;
    if args.once {
        let _ = std::fs::remove_file(dir.join(ENV));
        sandbox.stop().await;
        return Ok(if well {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    crate::output::errln!(
        "\nThe sandbox is up. In another shell:\n\n  eval \"$({} sandbox env --dir {})\"\n  cd \"$DEPLOYCENTER_REPO\"\n\nThen edit customers.yaml, commit, push, and try: deploycenter plan. Ctrl-C ends it; its state stays.",
        exports.program,
        dir.display()
    );
    wait_for_the_end().await?;
    let _ = std::fs::remove_file(dir.join(ENV));
    sandbox.stop().await;
    Ok(ExitCode::SUCCESS)
}

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
            return Err(
                Fail::new("sandbox", format!("no sandbox runs in {}", dir.display())).help(
                    format!(
                        "start one with: deploycenter sandbox --dir {}",
                        dir.display()
                    ),
                ),
            );
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
    fn of(sandbox: &Sandbox, repo: &SampleRepo) -> Self {
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
}

/// Whole or not at all: someone may be waiting for it. The token for Argo CD is in it.
fn write_env(dir: &Path, exports: &Exports) -> Result<(), Fail> {
    let path = dir.join(ENV);
    deploycenter_private::replace(&path, &[exports.shell().as_bytes()]).map_err(|error| {
        Fail::new(
            "sandbox",
            format!("{} can't be written: {error}", path.display()),
        )
    })
}

fn faults(path: Option<&Path>) -> Result<FaultFile, Fail> {
    let Some(path) = path else {
        return Ok(FaultFile::default());
    };
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Fail::new("sandbox", format!("{shown} can't be read: {error}")))?;
    FaultFile::read(&bytes).map_err(|error| {
        Fail::new(
            "sandbox",
            format!("{shown} isn't a list of faults: {error}"),
        )
    })
}

/// Deploys as a person would. The sandbox is a laptop's: what its owner changed and
/// hasn't committed is deployed all the same.
async fn deploy(exports: &Exports) -> Result<bool, Fail> {
    let status = exports
        .command(&["apply", "--yes", "--quiet", "--allow-dirty"])
        .stdin(Stdio::null())
        .status()
        .await
        .map_err(anyhow::Error::from)?;
    Ok(status.success())
}

async fn summary(exports: &Exports) -> Result<(), Fail> {
    exports
        .command(&["status"])
        .stdin(Stdio::null())
        .status()
        .await
        .map_err(anyhow::Error::from)?;
    Ok(())
}

/// Until Ctrl-C, or until whoever started it asks it to end.
async fn wait_for_the_end() -> Result<(), Fail> {
    let mut asked = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(anyhow::Error::from)?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended.map_err(anyhow::Error::from)?,
        _ = asked.recv() => {}
    }
    Ok(())
}
