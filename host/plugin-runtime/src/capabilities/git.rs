//! `deploycenter:git/git`: generated files.

use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::guardrails;
use deploycenter_domain::token;
use wasmtime::Error;

use crate::bindings::app::deploycenter::git::git;
use crate::state::{State, effect, fits, insert, shown};

impl git::Host for State {
    fn ensure_file(
        &mut self,
        path: String,
        content: String,
    ) -> Result<Result<String, String>, Error> {
        self.declare("git")?;
        self.receive(&[&path, &content])?;
        Ok(self.file(path, content))
    }
}

impl State {
    fn file(&mut self, path: String, content: String) -> Result<String, String> {
        if !is_own(&path) {
            return Err(format!(
                "\"{}\" is no file that a plugin may write: values.yaml is, and dependencies/<name>.yaml with a name of a-z, 0-9 and hyphens",
                shown(&path)
            ));
        }
        if let Some(refusal) = guardrails::refused_file(&path) {
            return Err(refusal);
        }
        fits(&self.declaration, &format!("the file {path}"), &content)?;
        token::split(&content).map_err(|broken| format!("the file {path}: {broken}"))?;
        let id = effect(EffectKind::File, &path)?;
        insert(
            &mut self.declaration,
            |all| &mut all.files,
            "file",
            path,
            content,
        )?;
        Ok(id.into())
    }
}

fn is_own(path: &str) -> bool {
    if path == "values.yaml" {
        return true;
    }
    path.strip_prefix("dependencies/")
        .and_then(|file| file.strip_suffix(".yaml"))
        .is_some_and(|name| {
            (1..=60).contains(&name.len())
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
}
