//! What the build and the tests need beside cargo. Whatever is missing is installed, each
//! thing announced before: libraries by the system's package manager, the rest into one
//! folder that the tests find first on their path.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::guests::{cargo, workspace};

/// The versions that are installed; a change of one installs it anew.
const CARGO_DENY: &str = "0.20.2";
const HELM: &str = "v3.19.0";
const KUSTOMIZE: &str = "v5.8.0";
const PYTHON_PACKAGES: &str = include_str!("../requirements.txt");

/// The folder of the tools, `target/tools` unless `DEPLOYCENTER_TOOLS` says otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    root: PathBuf,
}

impl Tools {
    /// The folder, made when it isn't there.
    pub(crate) fn open() -> Result<Self> {
        let root = match std::env::var_os("DEPLOYCENTER_TOOLS") {
            Some(folder) => workspace().join(folder),
            None => workspace().join("target/tools"),
        };
        fs::create_dir_all(root.join("bin"))
            .with_context(|| format!("cannot make {}", root.display()))?;
        Ok(Self { root })
    }

    /// A search path on which our tools come first.
    pub(crate) fn path(&self) -> Result<OsString> {
        let own = [self.root.join("venv/bin"), self.root.join("bin")];
        let rest = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(own.into_iter().chain(std::env::split_paths(&rest)))
            .context("the folder of the tools can't be on a PATH")
    }

    /// The Python that has our packages.
    pub(crate) fn python(&self) -> PathBuf {
        self.root.join("venv/bin/python3")
    }

    /// Helm.
    pub(crate) fn helm(&self) -> PathBuf {
        self.root.join("bin/helm")
    }

    /// Kustomize.
    pub(crate) fn kustomize(&self) -> PathBuf {
        self.root.join("bin/kustomize")
    }

    /// `cargo deny`, which is started without cargo.
    pub(crate) fn cargo_deny(&self) -> PathBuf {
        self.root.join("bin/cargo-deny")
    }

    /// A virtual environment of Python with the packages of `requirements.txt`.
    pub(crate) fn install_python(&self) -> Result<()> {
        let venv = self.root.join("venv");
        if self.is_installed("python", PYTHON_PACKAGES) && self.python().is_file() {
            return Ok(());
        }
        let log = self.announce(
            "python",
            "the tests' Python packages (moto, boto3, kubernetes-validate)",
        )?;
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&venv);
        log.run(&mut make)
            .context("Python 3 with its venv module is needed (Debian: python3-venv)")?;
        let mut install = Command::new(self.python());
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ]);
        install.arg(workspace().join("host/xtask/requirements.txt"));
        log.run(&mut install)?;
        self.installed("python", PYTHON_PACKAGES)
    }

    /// Helm, built from the Go module proxy.
    pub(crate) fn install_helm(&self) -> Result<()> {
        let package = "helm.sh/helm/v3/cmd/helm";
        self.install_go("helm", "Helm", package, HELM, &self.helm())
    }

    /// Kustomize, built from the Go module proxy.
    pub(crate) fn install_kustomize(&self) -> Result<()> {
        let package = "sigs.k8s.io/kustomize/kustomize/v5";
        self.install_go(
            "kustomize",
            "kustomize",
            package,
            KUSTOMIZE,
            &self.kustomize(),
        )
    }

    fn install_go(
        &self,
        name: &str,
        what: &str,
        package: &str,
        version: &str,
        binary: &Path,
    ) -> Result<()> {
        if self.is_installed(name, version) && binary.is_file() {
            return Ok(());
        }
        let log = self.announce(name, &format!("{what} {version}"))?;
        let mut install = Command::new("go");
        install
            .arg("install")
            .arg(format!("{package}@{version}"))
            .env("GOBIN", self.root.join("bin"));
        log.run(&mut install)
            .context("Go is needed, see https://go.dev/doc/install")?;
        self.installed(name, version)
    }

    /// `cargo deny`, built from crates.io.
    pub(crate) fn install_cargo_deny(&self) -> Result<()> {
        if self.is_installed("cargo-deny", CARGO_DENY) && self.cargo_deny().is_file() {
            return Ok(());
        }
        let log = self.announce("cargo-deny", &format!("cargo-deny {CARGO_DENY}"))?;
        let mut install = cargo(&workspace());
        install
            .args([
                "install",
                "cargo-deny",
                "--locked",
                "--force",
                "--version",
                CARGO_DENY,
                "--root",
            ])
            .arg(&self.root);
        // Its own, so that nobody waits for the lock of the project's.
        install.arg("--target-dir").arg(self.root.join("build"));
        log.run(&mut install)?;
        // A gigabyte that nobody needs again.
        let _ = fs::remove_dir_all(self.root.join("build"));
        self.installed("cargo-deny", CARGO_DENY)
    }

    fn announce(&self, name: &str, what: &str) -> Result<Log> {
        let path = self.root.join(format!("{name}.log"));
        eprintln!(
            "installing {what} into {} (log: {})",
            self.root.display(),
            path.display()
        );
        // From here on it isn't installed, until it is.
        let _ = fs::remove_file(self.stamp(name));
        File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Log { path })
    }

    fn stamp(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}.version"))
    }

    fn is_installed(&self, name: &str, version: &str) -> bool {
        fs::read_to_string(self.stamp(name)).is_ok_and(|stamp| stamp == version)
    }

    fn installed(&self, name: &str, version: &str) -> Result<()> {
        let path = self.stamp(name);
        fs::write(&path, version).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Where an installer's output goes, so that it doesn't mix with a test's.
struct Log {
    path: PathBuf,
}

impl Log {
    fn run(&self, command: &mut Command) -> Result<()> {
        let log = File::options().append(true).open(&self.path)?;
        let program = command.get_program().to_string_lossy().into_owned();
        let status = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()
            .with_context(|| format!("cannot start {program}"))?;
        if !status.success() {
            let text = fs::read_to_string(&self.path).unwrap_or_default();
            let tail: Vec<&str> = text.lines().rev().take(15).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            bail!(
                "{program} failed ({status}); the end of {}:\n{}",
                self.path.display(),
                tail.join("\n")
            );
        }
        Ok(())
    }
}

/// OpenSSL's headers and the program that finds them, which git over HTTPS is built with
/// on Linux; installed by apt-get where that is there and we may.
pub(crate) fn native_libraries() -> Result<()> {
    if !cfg!(target_os = "linux")
        || std::env::var_os("OPENSSL_DIR").is_some()
        || succeeds("pkg-config", &["--exists", "openssl"])
    {
        return Ok(());
    }
    let packages = ["pkg-config", "libssl-dev"];
    let by_hand = "install OpenSSL's headers and pkg-config (Debian: pkg-config libssl-dev; Fedora: pkgconf openssl-devel)";
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !is_root || !succeeds("apt-get", &["--version"]) {
        bail!("{by_hand}, then try again");
    }
    eprintln!("installing {} with apt-get", packages.join(" and "));
    for arguments in [
        &["update"][..],
        &[
            "install",
            "--yes",
            "--no-install-recommends",
            packages[0],
            packages[1],
        ],
    ] {
        let status = Command::new("apt-get")
            .args(["--quiet", "--quiet"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .status()
            .context("cannot start apt-get")?;
        if !status.success() {
            bail!("apt-get failed; {by_hand}, then try again");
        }
    }
    Ok(())
}

/// rustfmt and clippy, which a minimal toolchain comes without.
pub(crate) fn rust_components() -> Result<()> {
    for component in ["rustfmt", "clippy"] {
        let program = if component == "clippy" {
            "cargo-clippy"
        } else {
            "rustfmt"
        };
        if succeeds(program, &["--version"]) {
            continue;
        }
        eprintln!("installing {component} with rustup");
        let status = Command::new("rustup")
            .args(["component", "add", component])
            .status();
        if !status
            .context("cannot start rustup, see https://rustup.rs")?
            .success()
        {
            bail!("rustup could not install {component}");
        }
    }
    Ok(())
}

/// Whether the program is there and ends well; its output isn't shown.
fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Where cargo puts what it builds here, and which packages aren't of the host.
#[derive(Debug)]
pub(crate) struct Layout {
    /// `target`, unless cargo was told otherwise.
    pub(crate) target: PathBuf,
    /// The names of the guests' packages, sorted.
    pub(crate) guests: Vec<String>,
}

impl Layout {
    /// Asks cargo.
    pub(crate) fn read() -> Result<Self> {
        let output = cargo(&workspace())
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .stderr(Stdio::inherit())
            .output()
            .context("cannot start cargo")?;
        if !output.status.success() {
            bail!("cargo can't read the workspace");
        }
        Self::parse(&output.stdout)
    }

    fn parse(metadata: &[u8]) -> Result<Self> {
        #[derive(serde::Deserialize)]
        struct Metadata {
            target_directory: PathBuf,
            workspace_default_members: Vec<String>,
            packages: Vec<CargoPackage>,
        }
        #[derive(serde::Deserialize)]
        struct CargoPackage {
            id: String,
            name: String,
        }
        let metadata: Metadata = serde_json::from_slice(metadata).context("cargo's metadata")?;
        let is_guest =
            |package: &CargoPackage| !metadata.workspace_default_members.contains(&package.id);
        let mut guests: Vec<String> = metadata
            .packages
            .into_iter()
            .filter(is_guest)
            .map(|package| package.name)
            .collect();
        guests.sort();
        Ok(Self {
            target: metadata.target_directory,
            guests,
        })
    }

    /// The host's binary in that profile's folder (`debug` or `release`).
    pub(crate) fn binary(&self, profile: &str) -> PathBuf {
        self.target
            .join(profile)
            .join(format!("deploycenter{}", std::env::consts::EXE_SUFFIX))
    }
}

/// A command of the workspace's cargo with our tools first on its path.
pub(crate) fn cargo_with(tools: &Tools) -> Result<Command> {
    let mut command = cargo(&workspace());
    command.env("PATH", tools.path()?);
    Ok(command)
}

/// A folder made empty.
pub(crate) fn emptied(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot empty {}", folder.display()));
        }
        _ => {}
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn guests_are_what_is_not_built_by_default() {
        let metadata = br#"{
            "target_directory": "/elsewhere",
            "workspace_default_members": ["path+file:///x/host/domain#deploycenter-domain@0.1.0"],
            "packages": [
                {"id": "path+file:///x/plugins/sdk#deploycenter-sdk@0.1.0", "name": "deploycenter-sdk"},
                {"id": "path+file:///x/host/domain#deploycenter-domain@0.1.0", "name": "deploycenter-domain"},
                {"id": "path+file:///x/apps/chat#0.1.0", "name": "chat"}
            ]
        }"#;
        let layout = Layout::parse(metadata).unwrap();
        assert_eq!(layout.guests, ["chat", "deploycenter-sdk"]);
        assert_eq!(
            layout.binary("debug"),
            Path::new("/elsewhere/debug/deploycenter")
        );
    }

    #[test]
    fn this_workspace_has_guests_and_a_host() {
        let layout = Layout::read().unwrap();
        assert!(
            layout.guests.contains(&"deploycenter-renderer".to_owned()),
            "{layout:?}"
        );
        assert!(!layout.guests.contains(&"xtask".to_owned()), "{layout:?}");
    }
}
