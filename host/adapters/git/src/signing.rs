//! Signatures of generated commits, made as git makes them: by the programs and the key that
//! the operator's own configuration of git names.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use deploycenter_domain::escape;
use deploycenter_ports::{ProviderError, ProviderErrorKind};
use git2::Config;

use crate::failure::SYSTEM;

/// How many characters of a signer's own words are shown.
const SHOWN: usize = 400;

/// What signs commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    format: Format,
    program: PathBuf,
    key: String,
}

/// The kinds of signature that git knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    OpenPgp,
    X509,
    Ssh,
}

impl Format {
    /// As `gpg.format` has it.
    const ALL: [(&'static str, Self); 3] = [
        ("openpgp", Self::OpenPgp),
        ("x509", Self::X509),
        ("ssh", Self::Ssh),
    ];

    /// The setting that names the program, and the program when none does.
    fn program(self) -> (&'static str, &'static str) {
        match self {
            Self::OpenPgp => ("gpg.openpgp.program", "gpg"),
            Self::X509 => ("gpg.x509.program", "gpgsm"),
            Self::Ssh => ("gpg.ssh.program", "ssh-keygen"),
        }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = escape::shown(&escape::clipped(&self.key, 80));
        write!(f, "{} with {key}", self.program.display())
    }
}

impl Signer {
    /// The signer that git's configuration names, which is looked at and not yet asked.
    ///
    /// # Errors
    /// When it names none, or what it names isn't there.
    pub(crate) fn of(config: &Config) -> Result<Self, ProviderError> {
        let text = |name: &str| config.get_string(name).ok().filter(|it| !it.is_empty());
        let format = match text("gpg.format") {
            None => Format::OpenPgp,
            Some(said) => {
                let known = Format::ALL.iter().find(|(name, _)| *name == said);
                let Some((_, format)) = known else {
                    return Err(refused(
                        format!("git's gpg.format is {:?}", escape::shown(&said)),
                        "set it to openpgp, x509 or ssh",
                    ));
                };
                *format
            }
        };
        let Some(key) = text("user.signingKey") else {
            return Err(refused(
                "git's user.signingKey isn't set".to_owned(),
                "git config user.signingKey KEY (with gpg.format ssh: the path of a key), or leave out git.signing in deploycenter.toml",
            ));
        };
        let (setting, usual) = format.program();
        let older = || text("gpg.program").filter(|_| format == Format::OpenPgp);
        let program = text(setting).or_else(older);
        let program = home(&program.unwrap_or_else(|| usual.to_owned()));
        if find(&program).is_none() {
            return Err(refused(
                format!("the program {} isn't there", program.display()),
                &format!("install it, or name another with: git config {setting} PROGRAM"),
            ));
        }
        let signer = Self {
            format,
            program,
            key,
        };
        if format == Format::Ssh && literal(&signer.key).is_none() {
            let path = home(&signer.key);
            if !path.is_file() {
                return Err(refused(
                    format!("the key {} isn't there", path.display()),
                    "set git's user.signingKey to the path of a key that is",
                ));
            }
        }
        Ok(signer)
    }

    /// The signature of a text, as a commit holds it.
    ///
    /// # Errors
    /// When the signer doesn't sign, in its own words.
    pub(crate) fn sign(&self, text: &str) -> Result<String, ProviderError> {
        let signed = match self.format {
            Format::Ssh => self.by_ssh(text),
            Format::OpenPgp | Format::X509 => self.by_gpg(text),
        };
        let signature = signed.map_err(|why| {
            refused(
                format!("{} doesn't sign: {why}", self.program.display()),
                "see that `git commit -S` works here, as this user and without a question; or leave out git.signing in deploycenter.toml",
            )
        })?;
        Ok(signature.replace("\r\n", "\n"))
    }

    /// `gpg` reads the text and writes the signature; that there is one it says on the
    /// status channel alone.
    fn by_gpg(&self, text: &str) -> Result<String, String> {
        let mut child = Command::new(&self.program)
            .args(["--status-fd=2", "-bsau", &self.key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        // It reads all before it writes. One that ends early says why by itself.
        let written = child
            .stdin
            .take()
            .map(|mut to| to.write_all(text.as_bytes()));
        let output = child
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        let is_made = said
            .lines()
            .any(|line| line.starts_with("[GNUPG:] SIG_CREATED "));
        if !output.status.success() || !is_made || !matches!(written, Some(Ok(()))) {
            return Err(words(&output, |line| !line.starts_with("[GNUPG:]")));
        }
        String::from_utf8(output.stdout).map_err(|_| "the signature is no text".to_owned())
    }

    /// `ssh-keygen` signs a file, and puts the signature beside it.
    fn by_ssh(&self, text: &str) -> Result<String, String> {
        let wrong = |error: std::io::Error| error.to_string();
        let folder = tempfile::tempdir().map_err(wrong)?;
        let file = folder.path().join("commit");
        std::fs::write(&file, text).map_err(wrong)?;
        let mut command = Command::new(&self.program);
        command.args(["-Y", "sign", "-n", "git", "-f"]);
        if let Some(key) = literal(&self.key) {
            // The agent has the private half.
            let path = folder.path().join("key.pub");
            std::fs::write(&path, format!("{key}\n")).map_err(wrong)?;
            command.arg(path).arg("-U");
        } else {
            command.arg(home(&self.key));
        }
        let output = command
            .arg(&file)
            .stdin(Stdio::null())
            .output()
            .map_err(wrong)?;
        if !output.status.success() {
            return Err(words(&output, |_| true));
        }
        std::fs::read_to_string(file.with_extension("sig")).map_err(wrong)
    }
}

/// A key that is written out instead of a file's path, as git tells them apart.
fn literal(key: &str) -> Option<&str> {
    key.strip_prefix("key::")
        .or_else(|| key.starts_with("ssh-").then_some(key))
}

/// A path as git's configuration writes it: `~/` is the user's home.
fn home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// Where a program is, as a shell would find it.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    let mut found = std::env::split_paths(&path).map(|folder| folder.join(program));
    found.find(|path| path.is_file())
}

/// What a program says of its failure, in one harmless line with an end.
fn words(output: &Output, shown: impl Fn(&str) -> bool) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && shown(line))
        .collect();
    if lines.is_empty() {
        return format!("it ended with {}", output.status);
    }
    escape::harmless(&escape::clipped(&lines.join(" / "), SHOWN))
}

fn refused(what: String, help: &str) -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::Refused,
        SYSTEM,
        format!("commits can't be signed, which git.signing wants: {what}"),
    )
    .help(help)
}
