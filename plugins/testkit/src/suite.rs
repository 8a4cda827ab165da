//! What every app keeps to. An app's tests say its own cases ([`Cases`]), and
//! [`suite!`](crate::suite!) makes a test of each function here. Each tries all of its
//! cases, and fails with the values of those that aren't as wanted.

use std::fmt::Debug;
use std::iter::once;

use deploycenter_sdk::App;
use deploycenter_sdk::network::Opening;
use deploycenter_sdk::quantity::bytes;
use serde_json::{Value, json};

use crate::declared::Declared;
use crate::kit::Kit;

/// An app's own cases. Values are first-level keys over the app's base values, as
/// [`Kit::merged`] takes them.
pub trait Cases: App {
    /// The app's folder and the place, as `Kit::of(env!("CARGO_MANIFEST_DIR"))`.
    fn kit() -> Kit;

    /// What people write: each is taken, and has a plan. The base values are tried
    /// besides.
    fn fine() -> Vec<Value>;

    /// What the schema takes and the app doesn't: the values, and the code and the JSON
    /// pointer of the one violation.
    fn refused() -> Vec<(Value, &'static str, &'static str)>;

    /// What the schema doesn't take. A misspelt key is tried besides.
    fn unfit() -> Vec<Value>;

    /// All that the network lets through with these values, in the order of the plan.
    fn openings() -> Vec<(Value, Vec<Opening>)>;
}

/// Makes the tests of [`suite`](mod@crate::suite) for an app that has
/// [`Cases`](crate::suite::Cases).
#[macro_export]
macro_rules! suite {
    ($app:ty) => {
        $crate::tests_of! {
            $app, suite:
            defaults_of_the_schema_are_the_base_values
            defaults_and_examples_fit_the_schema
            what_people_write_is_fine
            what_a_schema_cannot_say_is_refused_at_its_key
            the_schema_refuses
            the_same_values_have_the_same_plan
            the_quota_has_room_for_the_claims
            the_network_lets_through_what_the_values_ask_for
        }
    };
}

/// A test of each of these functions of a module.
#[doc(hidden)]
#[macro_export]
macro_rules! tests_of {
    ($app:ty, $module:ident: $($name:ident)+) => {
        $(
            #[test]
            fn $name() {
                $crate::$module::$name::<$app>();
            }
        )+
    };
}

/// A form finds what it shows, and the default that it shows is the one that applies.
///
/// # Panics
/// As [`Kit::check_form`].
pub fn defaults_of_the_schema_are_the_base_values<A: Cases>() {
    A::kit().check_form();
}

/// What a form offers is taken.
///
/// # Panics
/// As [`Kit::check_examples`].
pub fn defaults_and_examples_fit_the_schema<A: Cases>() {
    A::kit().check_examples();
}

/// The app finds nothing wrong with what is [`fine`](Cases::fine).
///
/// # Panics
/// With the values that something is found in, and what.
pub fn what_people_write_is_fine<A: Cases>() {
    let kit = A::kit();
    each(fine::<A>(), |over, ()| {
        differs(&kit.found::<A>(over.clone()), &Vec::new())
    });
}

/// The app finds one thing wrong with what is [`refused`](Cases::refused), and says it at
/// a key that the schema describes.
///
/// # Panics
/// With the values that something else is found in, and what.
pub fn what_a_schema_cannot_say_is_refused_at_its_key<A: Cases>() {
    refused_each::<A>(A::refused());
}

/// The schema takes nothing that is [`unfit`](Cases::unfit), nor a misspelt key.
///
/// # Panics
/// With the values that it takes.
pub fn the_schema_refuses<A: Cases>() {
    unfit_each::<A>(once(json!({ "unheardOf": true })).chain(A::unfit()));
}

/// What is [`fine`](Cases::fine) has a plan, which is the same when it is made again.
///
/// # Panics
/// With the values that have none, or two.
pub fn the_same_values_have_the_same_plan<A: Cases>() {
    let kit = A::kit();
    each(fine::<A>(), |over, ()| {
        let first = kit.plan::<A>(over.clone());
        if let Err(error) = &first {
            return Some(format!("there is no plan: {error}"));
        }
        let same = first == kit.plan::<A>(over.clone());
        (!same).then(|| "a second plan declares something else".to_owned())
    });
}

/// The quota of a plan has room for the volume claims in its files, those that database
/// operators make included, and limits no less memory than is requested.
///
/// # Panics
/// With the values whose quota is too small, and what doesn't fit.
pub fn the_quota_has_room_for_the_claims<A: Cases>() {
    let kit = A::kit();
    each(fine::<A>(), |over, ()| {
        let declared = planned::<A>(&kit, over);
        let (claims, storage) = match claimed(&declared) {
            Ok(claimed) => claimed,
            Err(problem) => return Some(problem),
        };
        let Some(quota) = declared.quota else {
            return (claims > 0).then(|| format!("{claims} claims, and no quota is declared"));
        };
        let fits = u64::from(quota.claims) >= claims
            && quota.storage >= storage
            && quota.memory_limit >= quota.memory;
        (!fits).then(|| format!("{claims} claims of {storage} bytes in all, in {quota:?}"))
    });
}

/// A plan has the openings that [`openings`](Cases::openings) tells, and no other.
///
/// # Panics
/// With the values that open something else, and what.
pub fn the_network_lets_through_what_the_values_ask_for<A: Cases>() {
    let kit = A::kit();
    each(A::openings(), |over, wanted| {
        differs(&planned::<A>(&kit, over).openings, &wanted)
    });
}

pub(crate) fn refused_each<A: Cases>(cases: Vec<(Value, &str, &str)>) {
    let kit = A::kit();
    let cases = cases
        .into_iter()
        .map(|(over, code, pointer)| (over, (code, pointer)));
    each(cases, |over, (code, pointer)| {
        if !kit.describes(pointer) {
            return Some(format!("the schema has no {pointer}"));
        }
        let wanted = vec![(code.to_owned(), pointer.to_owned())];
        differs(&kit.found::<A>(over.clone()), &wanted)
    });
}

pub(crate) fn unfit_each<A: Cases>(cases: impl IntoIterator<Item = Value>) {
    let kit = A::kit();
    each(cases.into_iter().map(|over| (over, ())), |over, ()| {
        kit.fits(over.clone())
            .then(|| "the schema takes it".to_owned())
    });
}

/// What the app declares for values of which a test takes for granted that they have a plan.
pub(crate) fn planned<A: App>(kit: &Kit, over: &Value) -> Declared {
    kit.plan::<A>(over.clone())
        .unwrap_or_else(|error| panic!("{over}: there is no plan: {error}"))
}

/// Tries every case, and fails with all that aren't as wanted.
pub(crate) fn each<W>(
    cases: impl IntoIterator<Item = (Value, W)>,
    problem: impl Fn(&Value, W) -> Option<String>,
) {
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(over, wanted)| Some(format!("{over}: {}", problem(&over, wanted)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub(crate) fn differs<T: PartialEq + Debug>(found: &T, wanted: &T) -> Option<String> {
    (found != wanted).then(|| format!("found {found:?}, wanted {wanted:?}"))
}

fn fine<A: Cases>() -> impl Iterator<Item = (Value, ())> {
    once(json!({})).chain(A::fine()).map(|over| (over, ()))
}

/// How many volume claims the files make, and of how many bytes in all.
fn claimed(declared: &Declared) -> Result<(u64, u64), String> {
    let (mut claims, mut storage) = (0_u64, 0_u64);
    for path in declared.files.keys() {
        for document in declared.yaml(path) {
            let spec = &document["spec"];
            let (count, size) = if document["kind"] == "PersistentVolumeClaim" {
                (1, &spec["resources"]["requests"]["storage"])
            } else {
                // The shared templates' databases: a claim for each server.
                let servers = spec["instances"].as_u64().or(spec["replicas"].as_u64());
                (servers.unwrap_or(1), &spec["storage"]["size"])
            };
            if let Some(size) = size.as_str() {
                let size = bytes(size).map_err(|error| format!("{path}: {error}"))?;
                claims += count;
                storage = storage.saturating_add(size.saturating_mul(count));
            } else if document["kind"] == "PersistentVolumeClaim" {
                return Err(format!("{path}: a claim has no size as text"));
            }
        }
    }
    Ok((claims, storage))
}

#[cfg(test)]
mod tests;
