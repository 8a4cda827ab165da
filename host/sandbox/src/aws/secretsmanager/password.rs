//! Random passwords: here from a counter, so that a repeated history gives the same ones.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Secrets, invalid_parameter};
use crate::aws::error::ApiError;
use crate::aws::id;

const DEFAULT_LENGTH: usize = 32;
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(super) struct GetRandomPassword {
    password_length: Option<usize>,
    exclude_characters: String,
    exclude_numbers: bool,
    exclude_punctuation: bool,
    exclude_uppercase: bool,
    exclude_lowercase: bool,
    include_space: bool,
    require_each_included_type: Option<bool>,
}

impl GetRandomPassword {
    /// The included kinds of characters, without the excluded characters.
    fn kinds(&self) -> Vec<Vec<u8>> {
        let kinds = [
            (!self.exclude_lowercase, "abcdefghijklmnopqrstuvwxyz"),
            (!self.exclude_uppercase, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            (!self.exclude_numbers, "0123456789"),
            (!self.exclude_punctuation, PUNCTUATION),
            (self.include_space, " "),
        ];
        kinds
            .into_iter()
            .filter(|(included, _)| *included)
            .map(|(_, characters)| {
                characters
                    .bytes()
                    .filter(|b| !self.exclude_characters.contains(char::from(*b)))
                    .collect::<Vec<u8>>()
            })
            .filter(|kind| !kind.is_empty())
            .collect()
    }
}

impl Secrets {
    pub(super) fn random_password(
        &mut self,
        wanted: &GetRandomPassword,
    ) -> Result<Value, ApiError> {
        let length = wanted.password_length.unwrap_or(DEFAULT_LENGTH);
        let kinds = wanted.kinds();
        let each = wanted.require_each_included_type.unwrap_or(true);
        if !(1..=4_096).contains(&length) {
            return Err(invalid_parameter("PasswordLength must be from 1 to 4096."));
        }
        if kinds.is_empty() || (each && length < kinds.len()) {
            return Err(invalid_parameter(
                "The password length is too short, or every character is excluded, for the required types.",
            ));
        }
        self.passwords += 1;
        let serial = self.passwords.to_string();
        let mut text = id::letters(&["password", &serial], &kinds.concat(), length);
        if each {
            // One of each kind in front is enough for a password that nobody trusts.
            let required: String = kinds
                .iter()
                .enumerate()
                .map(|(at, kind)| id::letters(&["kind", &serial, &at.to_string()], kind, 1))
                .collect();
            text.replace_range(..required.len(), &required);
        }
        Ok(json!({ "RandomPassword": text }))
    }
}
