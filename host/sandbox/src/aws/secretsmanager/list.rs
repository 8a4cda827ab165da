//! Lists of secrets, filtered and a page at a time.

use serde::Deserialize;
use serde_json::{Value, json};

use super::secret::Secret;
use super::{Secrets, invalid_parameter};
use crate::aws::caller::Caller;
use crate::aws::error::ApiError;

/// The largest page, and the usual one.
const LARGEST_PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: String,
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSecrets {
    include_planned_deletion: Option<bool>,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    sort_order: Option<String>,
    sort_by: Option<String>,
}

impl Filter {
    /// One of the values has to match; a value that begins with `!` has to match not.
    fn matches(&self, secret: &Secret) -> bool {
        self.values
            .iter()
            .any(|value| match value.strip_prefix('!') {
                Some(unwanted) => !self.matches_value(secret, unwanted),
                None => self.matches_value(secret, value),
            })
    }

    fn matches_value(&self, secret: &Secret, value: &str) -> bool {
        let description = secret.description.as_deref().unwrap_or_default();
        let lower = |text: &str| text.to_lowercase();
        match self.key.as_str() {
            "name" => secret.name.starts_with(value),
            "description" => lower(description).starts_with(&lower(value)),
            "tag-key" => secret.tags.keys().any(|key| key.starts_with(value)),
            "tag-value" => secret.tags.values().any(|own| own.starts_with(value)),
            "primary-region" => secret.region.starts_with(value),
            "owning-service" => false,
            _ => lower(value).split_whitespace().all(|word| {
                let contains = |text: &str| lower(text).contains(word);
                contains(&secret.name)
                    || contains(description)
                    || secret
                        .tags
                        .iter()
                        .any(|(key, value)| contains(key) || contains(value))
            }),
        }
    }
}

const KEYS: [&str; 7] = [
    "description",
    "name",
    "tag-key",
    "tag-value",
    "primary-region",
    "owning-service",
    "all",
];

impl Secrets {
    pub(super) fn list(&self, wanted: &ListSecrets, caller: &Caller) -> Result<Value, ApiError> {
        let limit = wanted.max_results.unwrap_or(LARGEST_PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(invalid_parameter("MaxResults must be from 1 to 100."));
        }
        if let Some(filter) = wanted
            .filters
            .iter()
            .find(|filter| !KEYS.contains(&filter.key.as_str()))
        {
            return Err(invalid_parameter(format!(
                "'{}' isn't a filter key.",
                filter.key
            )));
        }
        if wanted.filters.len() > 10
            || wanted
                .filters
                .iter()
                .any(|filter| !(1..=10).contains(&filter.values.len()))
        {
            return Err(invalid_parameter(
                "There may be 10 filters, each with 1 to 10 values.",
            ));
        }
        let start = match &wanted.next_token {
            None => 0,
            Some(token) => token.parse::<usize>().map_err(|_| {
                ApiError::new(
                    400,
                    "InvalidNextTokenException",
                    "The NextToken is invalid.",
                )
            })?,
        };
        let mut found: Vec<&Secret> = self
            .secrets
            .values()
            .filter(|secret| caller.sees(&secret.account) && secret.region == caller.region)
            .filter(|secret| {
                wanted.include_planned_deletion == Some(true) || secret.deletion_at.is_none()
            })
            .filter(|secret| wanted.filters.iter().all(|filter| filter.matches(secret)))
            .collect();
        match wanted.sort_by.as_deref() {
            Some("name") => found.sort_by(|a, b| a.name.cmp(&b.name)),
            Some("last-changed-date") => found.sort_by_key(|secret| secret.changed_at),
            _ => found.sort_by_key(|secret| secret.created_at),
        }
        if wanted.sort_order.as_deref() == Some("desc") {
            found.reverse();
        }
        let total = found.len();
        let views: Vec<Value> = found
            .into_iter()
            .skip(start)
            .take(limit)
            .map(|secret| secret.describe("SecretVersionsToStages"))
            .collect();
        let end = start.saturating_add(views.len());
        let mut answer = json!({ "SecretList": views });
        if end < total {
            answer["NextToken"] = json!(end.to_string());
        }
        Ok(answer)
    }
}
