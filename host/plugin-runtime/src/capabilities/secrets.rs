//! `deploycenter:aws/secrets`: entries of Secrets Manager.

use deploycenter_domain::declaration::{GeneratedKey, GivenSecret};
use deploycenter_domain::escape::is_plain_line;
use wasmtime::Error;

use crate::bindings::app::deploycenter::aws::secrets;
use crate::limits;
use crate::state::{State, check_name, insert, shown};

impl secrets::Host for State {
    fn ensure_generated(
        &mut self,
        name: String,
        keys: Vec<secrets::GeneratedKey>,
    ) -> Result<Result<String, String>, Error> {
        self.declare("secrets")?;
        Ok(self.generated(&name, keys))
    }

    fn require_given(
        &mut self,
        name: String,
        key: String,
        purpose: String,
    ) -> Result<Result<String, String>, Error> {
        self.declare("secrets")?;
        Ok(self.given(&name, key, purpose))
    }
}

impl State {
    fn generated(
        &mut self,
        name: &str,
        keys: Vec<secrets::GeneratedKey>,
    ) -> Result<String, String> {
        check_entry(name)?;
        if keys.is_empty() {
            return Err(format!("the secret {name} has no keys"));
        }
        if self.declaration.given.contains_key(name) {
            return Err(format!(
                "the secret {name} is declared both as given and as generated"
            ));
        }
        let mut wanted = Vec::with_capacity(keys.len());
        for secrets::GeneratedKey { key, length } in keys {
            check_key(name, &key)?;
            if !(16..=128).contains(&length) {
                return Err(format!(
                    "the key {key} of the secret {name} has the length {length}; 16 to 128 are taken"
                ));
            }
            wanted.push(GeneratedKey { key, length });
        }
        let others = self.declaration.generated.iter();
        let others = others.filter(|(other, _)| other.as_str() != name);
        let keys: usize = others.map(|(_, keys)| keys.len()).sum();
        if keys + wanted.len() > limits::SECRET_KEYS {
            return Err(format!(
                "with the secret {name} more than {} keys are declared",
                limits::SECRET_KEYS
            ));
        }
        wanted.sort();
        if let Some([twice, _]) = wanted.windows(2).find(|pair| pair[0].key == pair[1].key) {
            return Err(format!("the secret {name} has the key {} twice", twice.key));
        }
        insert(
            &mut self.declaration,
            |all| &mut all.generated,
            "secret",
            name.to_owned(),
            wanted,
        )?;
        Ok(format!("{}{name}", self.request.secret_prefix))
    }

    fn given(&mut self, name: &str, key: String, purpose: String) -> Result<String, String> {
        check_entry(name)?;
        check_key(name, &key)?;
        if self.declaration.generated.contains_key(name) {
            return Err(format!(
                "the secret {name} is declared both as given and as generated"
            ));
        }
        if !is_plain_line(&purpose, 200) {
            return Err(format!(
                "the purpose of the secret {name} is no line of at most 200 bytes"
            ));
        }
        insert(
            &mut self.declaration,
            |all| &mut all.given,
            "secret",
            name.to_owned(),
            GivenSecret { key, purpose },
        )?;
        Ok(format!("{}{name}", self.request.secret_prefix))
    }
}

/// An entry's name ends that of a Kubernetes secret, where a hyphen can't be last.
fn check_entry(name: &str) -> Result<(), String> {
    check_name("secret", name)?;
    if name.starts_with('-') || name.ends_with('-') {
        return Err(format!(
            "\"{name}\" is no name for a secret: a hyphen stands between letters or digits"
        ));
    }
    Ok(())
}

fn check_key(name: &str, key: &str) -> Result<(), String> {
    // Kubernetes takes no key that is a step in a path.
    let fine = (1..=64).contains(&key.len())
        && key != "."
        && !key.starts_with("..")
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if fine {
        return Ok(());
    }
    Err(format!(
        "\"{}\" is no key for the secret {name}: 1 to 64 of a-z, A-Z, 0-9 and . _ - are",
        shown(key)
    ))
}
