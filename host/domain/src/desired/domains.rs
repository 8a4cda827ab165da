//! A domain belongs to one instance, or to a set of them by weight.

use std::collections::{BTreeMap, BTreeSet};

use super::cross::region_of;
use super::customers::{AuthoredCustomer, AuthoredInstance};
use crate::name::{AppName, CustomerName, RegionName};
use crate::problem::Problem;

/// Who holds a domain, and whether as its domain or as an alias.
struct Holder<'a> {
    customer: Option<&'a CustomerName>,
    app: Option<&'a AppName>,
    region: Option<&'a RegionName>,
    weighted: bool,
    alias: bool,
    file: &'a str,
    line: u32,
}

/// Every domain and alias so far.
#[derive(Default)]
pub(super) struct Domains<'a>(BTreeMap<&'a str, Vec<Holder<'a>>>);

impl<'a> Domains<'a> {
    /// Takes in an instance's domains, and finds those that another one has.
    pub(super) fn check(
        &mut self,
        customer: &'a AuthoredCustomer,
        instance: &'a AuthoredInstance,
        found: &mut Vec<Problem>,
    ) {
        let mut own = BTreeSet::new();
        let named = instance.domain.iter().map(|domain| (domain, false));
        let aliases = instance.aliases.iter().map(|alias| (alias, true));
        for (domain, alias) in named.chain(aliases) {
            if !own.insert(domain.value.as_str()) {
                let message = format!("\"{}\" stands twice in this instance", domain.value);
                found.push(
                    domain
                        .problem(&customer.file, message)
                        .help("take one of them out"),
                );
                continue;
            }
            let holder = Holder {
                customer: customer.name.as_ref().map(|name| &name.value),
                app: instance.app.as_ref().map(|app| &app.value),
                region: region_of(customer, instance),
                weighted: instance.weight.is_some(),
                alias,
                file: &customer.file,
                line: domain.spot.line,
            };
            let holders = self.0.entry(&domain.value).or_default();
            if let Some(other) = holders
                .iter()
                .find(|other| conflict(&holder, other).is_some())
            {
                let place = if other.file == customer.file {
                    format!("line {}", other.line)
                } else {
                    format!("{}:{}", other.file, other.line)
                };
                let message = format!("the domain \"{}\" is taken at {place}", domain.value);
                let help = conflict(&holder, other).unwrap_or_default();
                found.push(domain.problem(&customer.file, message).help(help));
            }
            holders.push(holder);
        }
    }
}

/// Why two instances can't share a domain; `None`: they can.
fn conflict(one: &Holder<'_>, other: &Holder<'_>) -> Option<&'static str> {
    let same = one.customer.is_some() && one.customer == other.customer && one.app == other.app;
    let in_place = one.region == other.region;
    if !same || one.alias != other.alias || in_place && !one.weighted && !other.weighted {
        Some("a domain belongs to one instance; choose another")
    } else if in_place {
        Some("instances that share a domain by weight run in different regions")
    } else if !(one.weighted && other.weighted) {
        Some("to share it between regions, give each of the instances a weight from 0 to 255")
    } else {
        None
    }
}
