//! Putting known values in the place of tokens, through whole images.

use serde_json::Value;

use crate::resource::Resource;
use crate::token::{self, Bindings, BrokenToken};

/// An image with every token that `bindings` know replaced; the others stay.
///
/// # Errors
/// When a text holds a broken token.
pub fn bind(resource: &Resource, bindings: &Bindings) -> Result<Resource, BrokenToken> {
    let mut value = serde_json::to_value(resource).expect("images are plain data with string keys");
    walk(&mut value, &mut |text| {
        *text = token::bind(text, bindings)?;
        Ok(())
    })?;
    Ok(serde_json::from_value(value).expect("only texts inside an image were changed"))
}

/// Whether an image holds no token.
#[must_use]
pub fn is_bound(resource: &Resource) -> bool {
    let mut value = serde_json::to_value(resource).expect("images are plain data with string keys");
    walk(&mut value, &mut |text| {
        if token::is_plain(text) {
            Ok(())
        } else {
            Err(BrokenToken { line: 1 })
        }
    })
    .is_ok()
}

/// Every reference in an image, each once.
///
/// # Errors
/// When a text holds a broken token.
pub fn references(resource: &Resource) -> Result<Vec<token::Reference>, BrokenToken> {
    let mut found = Vec::new();
    let mut value = serde_json::to_value(resource).expect("images are plain data with string keys");
    walk(&mut value, &mut |text| {
        for reference in token::references(text)? {
            if !found.contains(&reference) {
                found.push(reference);
            }
        }
        Ok(())
    })?;
    Ok(found)
}

fn walk(
    value: &mut Value,
    visit: &mut impl FnMut(&mut String) -> Result<(), BrokenToken>,
) -> Result<(), BrokenToken> {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter_mut().try_for_each(|item| walk(item, visit)),
        Value::Object(map) => map.values_mut().try_for_each(|item| walk(item, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}
