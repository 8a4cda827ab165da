//! A domain, and all names below it, belong to one instance, or to a set of them by weight.

use std::collections::{BTreeMap, BTreeSet};

use super::customers::{AuthoredCustomer, AuthoredInstance, region_of};
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
pub(super) struct Domains<'a> {
    held: BTreeMap<&'a str, Vec<Holder<'a>>>,
    /// Names that something is held below, with what that is.
    above: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Domains<'a> {
    /// Takes in an instance's domains, and finds those that another one has.
    pub(super) fn check(
        &mut self,
        customer: &'a AuthoredCustomer,
        instance: &'a AuthoredInstance,
        found: &mut Vec<Problem>,
    ) {
        let mut own: BTreeSet<&str> = BTreeSet::new();
        let mut fresh = Vec::new();
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
            let taken = self.held.get(domain.value.as_str()).into_iter().flatten();
            let mut taken = taken.filter_map(|other| Some((other, conflict(&holder, other)?)));
            if let Some((other, help)) = taken.next() {
                let place = other.place(&customer.file);
                let message = format!("the domain \"{}\" is taken at {place}", domain.value);
                found.push(domain.problem(&customer.file, message).help(help));
            } else if let Some(message) = self.nested(&domain.value, &holder) {
                found.push(domain.problem(&customer.file, message).help(
                    "a domain and all names below it belong to one instance; choose a name beside the other",
                ));
            }
            fresh.push((domain.value.as_str(), holder));
        }
        // Only now: an instance's own names may lie in each other.
        for (domain, holder) in fresh {
            for parent in parents(domain) {
                self.above.entry(parent).or_default().insert(domain);
            }
            self.held.entry(domain).or_default().push(holder);
        }
    }

    /// How a name lies in another instance's, or another's in it.
    fn nested(&self, domain: &str, holder: &Holder<'_>) -> Option<String> {
        let holders = |name: &'a str| {
            let holders = self.held.get(name).into_iter().flatten();
            holders.map(move |other| (name, other))
        };
        let outer = parents(domain)
            .filter_map(|parent| self.held.get_key_value(parent))
            .flat_map(|(parent, _)| holders(parent))
            .find(|(_, outer)| intrudes(outer, holder));
        if let Some((name, outer)) = outer {
            let place = outer.place(holder.file);
            return Some(format!(
                "the domain \"{domain}\" lies in \"{name}\", which is taken at {place}"
            ));
        }
        let inner = self.above.get(domain).into_iter().flatten();
        let (name, inner) = inner
            .flat_map(|name| holders(name))
            .find(|(_, inner)| intrudes(holder, inner))?;
        let place = inner.place(holder.file);
        Some(format!(
            "\"{name}\", which is taken at {place}, lies in the domain \"{domain}\""
        ))
    }
}

/// The names that a name lies in, the nearest first.
fn parents(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |name| {
        name.split_once('.').map(|(_, rest)| rest)
    })
    .skip(1)
}

/// Whether one instance may not have a name below the other's. A plugin may declare records
/// below its instance's domain. Below an alias it may not, so one customer's instances can
/// share `acme.example` and `chat.acme.example` as they like; another customer can't.
fn intrudes(outer: &Holder<'_>, inner: &Holder<'_>) -> bool {
    let same = outer.customer.is_some() && outer.customer == inner.customer;
    let one_set = same && outer.app == inner.app && outer.weighted && inner.weighted;
    !(one_set || same && outer.alias)
}

impl Holder<'_> {
    /// Where it stands, for a reader of that file.
    fn place(&self, reader: &str) -> String {
        if self.file == reader {
            format!("line {}", self.line)
        } else {
            format!("{}:{}", self.file, self.line)
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
