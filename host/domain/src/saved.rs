//! A plan as it is kept in a file: with one digest over all that the file means.
//!
//! White space, the order of keys and how a character is written are nobody's meaning;
//! whatever else differs from what `plan` wrote makes it another plan. The digest guards
//! against hands and tools, not against someone who computes it anew: a plan is applied
//! only as far as one that was made afresh says the same ([`crate::stale`]).

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::digest::Digest;
use crate::plan::{FORMAT, Plan};

/// The key of the digest.
const DIGEST: &str = "digest";

/// What `plan --output json` says beside a plan; under the digest too, and not applied.
const BESIDE: [&str; 4] = ["blocked", "held", "pendingRemoval", "updatesWaiting"];

/// How an error begins that says that a key stands twice: no tool that writes JSON does that.
const TWICE: &str = "twice: ";

/// Why a file holds no plan that may be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SavedError {
    /// It isn't JSON, or not that of a plan.
    #[error("{message}")]
    Unreadable {
        /// What is wrong.
        message: String,
        /// Where, from 1; zero where that isn't known.
        line: usize,
        /// Likewise.
        column: usize,
    },
    /// It is a plan of another version.
    #[error("it has the format {0}, and this version reads {FORMAT}")]
    Format(String),
    /// It isn't what was written.
    #[error("the plan file was edited: {0}")]
    Edited(String),
}

impl SavedError {
    fn of(error: &serde_json::Error) -> Self {
        if let Some(why) = error.to_string().strip_prefix(TWICE) {
            return Self::Edited(why.to_owned());
        }
        let at = format!(" at line {} column {}", error.line(), error.column());
        Self::Unreadable {
            message: error.to_string().replace(&at, ""),
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Adds the digest to a plan's JSON, over all that is in it; an object without a digest of
/// its own.
///
/// # Panics
/// Never for objects with keys that are strings, which all of this crate's are.
#[must_use]
pub fn seal<T: Serialize>(plan: &T) -> Value {
    let mut value = serde_json::to_value(plan).expect("plain data with string keys serializes");
    if let Value::Object(map) = &mut value {
        map.remove(DIGEST);
        let digest = Digest::of_json(map);
        map.insert(DIGEST.to_owned(), digest.to_string().into());
    }
    value
}

/// Reads a plan that [`seal`] finished.
///
/// # Errors
/// See [`SavedError`].
pub fn read(text: &[u8]) -> Result<Plan, SavedError> {
    let Strict(value) = serde_json::from_slice(text).map_err(|error| SavedError::of(&error))?;
    let Value::Object(mut map) = value else {
        return Err(SavedError::Unreadable {
            message: "it isn't a JSON object".to_owned(),
            line: 1,
            column: 1,
        });
    };
    match map.get("format") {
        Some(format) if format.as_u64() == Some(u64::from(FORMAT)) => {}
        // What is no plan at all is said with its place.
        None => return Err(misread(text)),
        Some(format) => return Err(SavedError::Format(format.to_string())),
    }
    let digest = map.remove(DIGEST);
    if digest.is_none() {
        // Something that was never a plan is told as that.
        serde_json::from_slice::<Plan>(text).map_err(|error| SavedError::of(&error))?;
    }
    if digest != Some(Digest::of_json(&map).to_string().into()) {
        let why = if digest.is_some() {
            "it doesn't have the digest that was written with it"
        } else {
            "it has no digest (or an earlier version wrote it)"
        };
        return Err(SavedError::Edited(why.to_owned()));
    }
    map.retain(|key, _| !BESIDE.contains(&key.as_str()));
    let plan: Plan = serde_json::from_slice(text).map_err(|error| SavedError::of(&error))?;
    consistent(&plan, &map)?;
    Ok(plan)
}

/// Where the text stops being a plan.
fn misread(text: &[u8]) -> SavedError {
    match serde_json::from_slice::<Plan>(text) {
        Err(error) => SavedError::of(&error),
        Ok(_) => SavedError::Format("none".to_owned()),
    }
}

/// Whether a plan says everything once, in order, and nothing that isn't read.
fn consistent(plan: &Plan, map: &Map<String, Value>) -> Result<(), SavedError> {
    let edited = |what: String| Err(SavedError::Edited(what));
    let mut targets = BTreeSet::new();
    for target in &plan.targets {
        if !targets.insert(&target.target) {
            return edited(format!("{} is in it twice", target.target));
        }
        let mut effects = BTreeSet::new();
        for effect in &target.effects {
            if !effects.insert(&effect.id) {
                return edited(format!("{}: {} is in it twice", target.target, effect.id));
            }
        }
    }
    let anew = Plan::new(
        plan.installation.clone(),
        plan.selectors.clone(),
        plan.targets.clone(),
    );
    if anew.summary != plan.summary {
        return edited("its summary isn't that of its effects".to_owned());
    }
    match serde_json::to_value(&anew) {
        Ok(Value::Object(anew)) if anew == *map => Ok(()),
        _ => edited("it holds what no plan holds, or in another order".to_owned()),
    }
}

/// JSON in which no object has a key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Strict, E> {
        Number::from_f64(value)
            .map(|number| Strict(number.into()))
            .ok_or_else(|| E::custom("a number that JSON doesn't have"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Strict(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Strict(value) = entries.next_value()?;
            if map.contains_key(&key) {
                let key: String = key.chars().take(80).collect();
                return Err(de::Error::custom(format_args!(
                    "{TWICE}an object has the key {key:?} twice"
                )));
            }
            map.insert(key, value);
        }
        Ok(Strict(map.into()))
    }
}
