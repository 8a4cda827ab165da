//! Signatures of generated commits, made as git makes them: by the programs and the key that
//! the operator's own configuration of git names.

use std::fmt;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use deploycenter_domain::escape;
use deploycenter_ports::{ProviderError, ProviderErrorKind};
use git2::Config;

use crate::SYSTEM;

/// How many characters of a signer's own words are shown.
const SHOWN: usize = 400;

/// How long a signer may take: nobody answers a question that it asks.
const LIMIT: Duration = Duration::from_secs(60);

/// How often it is looked whether a signer has ended.
const LOOK: Duration = Duration::from_millis(5);

/// What is signed to see whether a key signs.
const PROBE: &str = "deploycenter\n";

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

    /// How a signature of this kind begins.
    fn beginnings(self) -> &'static [&'static str] {
        match self {
            Self::OpenPgp => &[
                "-----BEGIN PGP SIGNATURE-----",
                "-----BEGIN PGP MESSAGE-----",
            ],
            Self::X509 => &["-----BEGIN SIGNED MESSAGE-----", "-----BEGIN CMS-----"],
            Self::Ssh => &["-----BEGIN SSH SIGNATURE-----"],
        }
    }

    /// What a signer wrote, where that is a signature of this kind.
    fn checked(self, wrote: String) -> Result<String, String> {
        let known = self.beginnings();
        if known.iter().any(|known| wrote.starts_with(known)) {
            Ok(wrote)
        } else {
            Err(format!(
                "what it wrote is no signature, which begins with {}",
                known.join(" or ")
            ))
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

    /// Signs a text, and throws the signature away: whether the key signs is known only
    /// then. May take a minute.
    ///
    /// # Errors
    /// When the signer doesn't sign, in its own words; when it takes longer, or what it
    /// wrote is no signature.
    pub fn probe(&self) -> Result<(), ProviderError> {
        self.sign(PROBE).map(drop)
    }

    /// The signature of a text, as a commit holds it. May take a minute.
    ///
    /// # Errors
    /// When the signer doesn't sign, in its own words; when it takes longer, or what it
    /// wrote is no signature.
    pub(crate) fn sign(&self, text: &str) -> Result<String, ProviderError> {
        let signed = match self.format {
            Format::Ssh => self.by_ssh(text),
            Format::OpenPgp | Format::X509 => self.by_gpg(text),
        };
        let signed = signed.and_then(|signature| self.format.checked(signature));
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
        let mut command = Command::new(&self.program);
        command.args(["--status-fd=2", "-bsau", &self.key]);
        let output = run(command, text, LIMIT)?;
        let said = String::from_utf8_lossy(&output.stderr);
        let is_made = said
            .lines()
            .any(|line| line.starts_with("[GNUPG:] SIG_CREATED "));
        if !output.status.success() || !is_made {
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
        command.arg(&file);
        let output = run(command, "", LIMIT)?;
        if !output.status.success() {
            return Err(words(&output, |_| true));
        }
        std::fs::read_to_string(file.with_extension("sig")).map_err(wrong)
    }
}

/// Runs a program that reads a text, and kills it when the time is up.
///
/// # Errors
/// In words, when it can't be run, takes too long, or ends well without having read all.
fn run(mut command: Command, text: &str, limit: Duration) -> Result<Output, String> {
    let began = Instant::now();
    let wrong = |error: std::io::Error| error.to_string();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(wrong)?;
    // Each end of a pipe by itself, so that none waits for another. What the program started
    // may hold them open when it is gone: nobody waits for these threads without an end.
    let stdout = child.stdout.take().map(read_all);
    let stderr = child.stderr.take().map(read_all);
    let (said, written) = mpsc::channel();
    if let Some(mut stdin) = child.stdin.take() {
        let text = text.to_owned();
        thread::spawn(move || {
            // Whoever asked may have gone.
            let _ = said.send(stdin.write_all(text.as_bytes()));
        });
    }
    let too_long = || {
        format!(
            "it took longer than {} s, and was ended; nobody answers a question that it asks",
            limit.as_secs_f32()
        )
    };
    let status = loop {
        if let Some(status) = child.try_wait().map_err(wrong)? {
            break status;
        }
        if began.elapsed() >= limit {
            // One that has ended meanwhile can't be killed, which is no matter.
            let _ = child.kill();
            let _ = child.wait();
            return Err(too_long());
        }
        thread::sleep(LOOK);
    };
    let all = |pipe: Option<mpsc::Receiver<Vec<u8>>>| match pipe {
        Some(pipe) => {
            let left = limit.saturating_sub(began.elapsed());
            pipe.recv_timeout(left).map_err(|_| too_long())
        }
        None => Ok(Vec::new()),
    };
    let output = Output {
        status,
        stdout: all(stdout)?,
        stderr: all(stderr)?,
    };
    let left = limit.saturating_sub(began.elapsed());
    match written.recv_timeout(left) {
        Ok(Ok(())) => Ok(output),
        // One that ends early says why by itself.
        _ if !output.status.success() => Ok(output),
        _ => Err(words(&output, |line| !line.starts_with("[GNUPG:]"))),
    }
}

/// All that comes out of a pipe, once it is closed.
fn read_all(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (said, answer) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before a failure is what there is.
        let _ = pipe.read_to_end(&mut bytes);
        let _ = said.send(bytes);
    });
    answer
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_signer_that_takes_too_long_is_ended() {
        let began = Instant::now();
        for script in ["exec sleep 60", "sleep 60 & exit 0", "sleep 60; true"] {
            let limit = Duration::from_millis(200);
            let why = run(shell(script), "text", limit).unwrap_err();
            assert!(why.starts_with("it took longer than 0.2 s"), "{why}");
        }
        assert!(began.elapsed() < Duration::from_secs(30));
        let long = "x".repeat(1 << 20);
        let output = run(shell("cat"), &long, LIMIT).unwrap();
        assert!(output.status.success() && output.stdout == long.as_bytes());
        let output = run(shell("echo no >&2; exit 3"), &long, LIMIT).unwrap();
        assert_eq!(words(&output, |_| true), "no");
    }

    #[test]
    fn what_a_signer_wrote_is_a_signature_of_its_kind() {
        const SSH: &str = "-----BEGIN SSH SIGNATURE-----\nU1NI\n";
        const PGP: &str = "-----BEGIN PGP SIGNATURE-----\n\niQ\n";
        const X509: &str = "-----BEGIN SIGNED MESSAGE-----\nMI\n";
        for (format, its_own) in [
            (Format::Ssh, SSH),
            (Format::OpenPgp, PGP),
            (Format::X509, X509),
        ] {
            for wrote in [
                SSH,
                PGP,
                X509,
                "",
                "signed",
                " -----BEGIN SSH SIGNATURE-----",
            ] {
                let said = format.checked(wrote.to_owned());
                assert_eq!(said.is_ok(), wrote == its_own, "{format:?}: {wrote}");
                if let Err(why) = said {
                    assert!(why.contains("is no signature, which begins with -----BEGIN "));
                }
            }
        }
    }
}
