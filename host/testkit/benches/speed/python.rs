//! The peer in Python: one process that stays, so that both sides are measured in turn
//! and its start isn't.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// A script that answers each line of JSON with one.
pub(crate) struct Python {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// A script of `benches/peers`.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/peers")
        .join(name)
}

impl Python {
    /// Starts one of `benches/peers`.
    pub(crate) fn start(python: &Path, name: &str) -> Result<Self> {
        let mut child = Command::new(python)
            .arg(script(name))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let answers = BufReader::new(child.stdout.take().context("a piped stdout")?);
        let asks = child.stdin.take();
        Ok(Self {
            child,
            asks,
            answers,
        })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&mut self, question: &Value) -> Result<Value> {
        let asks = self.asks.as_mut().context("the peer was stopped")?;
        writeln!(asks, "{question}")?;
        asks.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(
            !line.is_empty(),
            "the peer in Python ended; it says why above"
        );
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.asks.take());
        let _ = self.child.wait();
    }
}
