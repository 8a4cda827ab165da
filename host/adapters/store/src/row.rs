//! What stands in a row, read and written. A row that can't be understood is an error that
//! names it, never a panic and never left out.

use std::fmt::Display;
use std::str::FromStr;

use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_ports::{Cursor, Page, PageRequest, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn parse<T: FromStr<Err: Display>>(what: &str, text: &str) -> Result<T, StoreError> {
    text.parse()
        .map_err(|error| StoreError::Corrupt(format!("{what}: {error}")))
}

pub(crate) fn json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(format!("{what}: {error}")))
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}

pub(crate) fn incarnation(what: &str, number: i64) -> Result<Incarnation, StoreError> {
    u32::try_from(number)
        .map(Incarnation)
        .map_err(|_| StoreError::Corrupt(format!("{what} has the incarnation {number}")))
}

pub(crate) fn target(text: &str) -> Result<TargetId, StoreError> {
    parse("a target", text)
}

/// A place in a list of ours.
pub(crate) fn place<T: FromStr>(page: &PageRequest) -> Result<Option<T>, StoreError> {
    let Some(Cursor(text)) = page.after() else {
        return Ok(None);
    };
    let place = text.parse().map_err(|_| {
        StoreError::Failed(format!("\"{}\" is no place in a list", text.escape_debug()))
    })?;
    Ok(Some(place))
}

/// One row more than a page has: whether there is a next one.
pub(crate) fn one_more(page: &PageRequest) -> i64 {
    i64::try_from(page.limit()).map_or(i64::MAX, |limit| limit.saturating_add(1))
}

/// Cuts what was read for a page, and says where the next begins.
pub(crate) fn cut<R>(
    mut rows: Vec<R>,
    page: &PageRequest,
    place: impl Fn(&R) -> String,
) -> (Vec<R>, Option<Cursor>) {
    let more = rows.len() > page.limit();
    rows.truncate(page.limit());
    let next = rows.last().filter(|_| more).map(|row| Cursor(place(row)));
    (rows, next)
}

/// A page of what rows mean.
pub(crate) fn page<R, T>(
    (rows, next): (Vec<R>, Option<Cursor>),
    read: impl FnMut(R) -> Result<T, StoreError>,
) -> Result<Page<T>, StoreError> {
    let items = rows.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page { items, next })
}
