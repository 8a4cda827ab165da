//! Checks that span files: names that refer to others, and names that may stand once.

use std::collections::BTreeMap;

use super::customers::{AuthoredCustomer, AuthoredInstance, Customer, FILE, Instance, region_of};
use super::domains::Domains;
use super::draft::Draft;
use super::layer::{Layer, Place};
use super::reader::Located;
use super::regions::lies_in;
use super::regions_read::ReadRegions;
use super::shared::{Environments, Installed, Overrides};
use crate::name::{AppName, CustomerName, EnvironmentName, InstanceName, RegionName, TargetId};
use crate::naming;
use crate::problem::Problem;

/// The environment of an instance that names none.
const PROD: &str = "prod";

/// What the other files say; `None` where a file couldn't be read, so that its absence
/// isn't told again at every reference to it.
#[derive(Debug)]
pub(super) struct Others<'a> {
    pub(super) regions: Option<&'a ReadRegions>,
    pub(super) installed: Installed<'a>,
    pub(super) environments: &'a Environments,
    pub(super) overrides: &'a BTreeMap<AppName, Overrides>,
}

/// The customers, sorted, with the instances in which everything is right, and what can be
/// made of the others.
#[derive(Debug, Default)]
pub(super) struct CheckedCustomers {
    pub(super) customers: Vec<Customer>,
    pub(super) drafts: Vec<Draft>,
}

/// Checks all customers.
pub(super) fn check(
    authored: &[AuthoredCustomer],
    others: &Others<'_>,
    found: &mut Vec<Problem>,
) -> CheckedCustomers {
    let mut names: BTreeMap<&CustomerName, (&str, u32)> = BTreeMap::new();
    let mut domains = Domains::default();
    let mut checked = CheckedCustomers::default();
    for customer in authored {
        let mut twice = false;
        if let Some(name) = &customer.name {
            match names.get(&name.value) {
                Some((file, line)) => {
                    found.push(duplicate_customer(customer, name, file, *line));
                    twice = true;
                }
                None => {
                    names.insert(&name.value, (&customer.file, name.spot.line));
                }
            }
        }
        if let (Some(region), Some(regions)) = (&customer.region, others.regions) {
            check_region(&customer.file, region, regions, found);
        }
        let mut seen: BTreeMap<&InstanceName, u32> = BTreeMap::new();
        let mut instances = Vec::new();
        for authored in &customer.instances {
            let before = found.len();
            if let Some(name) = &authored.name {
                if let Some(first) = seen.get(&name.value) {
                    let message = format!(
                        "duplicate instance \"{}\"; the first is at line {first}",
                        name.value
                    );
                    let help = format!("give this one a name of its own: name: {}-2", name.value);
                    found.push(name.problem(&customer.file, message).help(help));
                } else {
                    seen.insert(&name.value, name.spot.line);
                }
            }
            check_references(customer, authored, others, found);
            domains.check(customer, authored, found);
            let right = found.len() == before && !twice && !authored.values.partial;
            match validated(customer, authored).filter(|_| right) {
                Some(instance) => instances.push(instance),
                None => checked.drafts.extend(draft(customer, authored, others)),
            }
        }
        instances.sort_by(|a, b| a.target.cmp(&b.target));
        if let (Some(name), Some(region)) = (&customer.name, &customer.region) {
            checked.customers.push(Customer {
                name: name.value.clone(),
                region: region.value.clone(),
                instances,
            });
        }
    }
    checked.customers.sort_by(|a, b| a.name.cmp(&b.name));
    checked
}

fn duplicate_customer(
    customer: &AuthoredCustomer,
    name: &Located<CustomerName>,
    file: &str,
    line: u32,
) -> Problem {
    let first = if file == customer.file {
        format!("line {line}")
    } else {
        format!("{file}:{line}")
    };
    let problem = name.problem(
        &customer.file,
        format!(
            "duplicate customer \"{}\"; the first is at {first}",
            name.value
        ),
    );
    if file == customer.file {
        problem.help("put all of its apps under one entry")
    } else {
        problem.help(format!(
            "a customer stands in {FILE} or in customers.d/, not in both"
        ))
    }
}

fn check_region(
    file: &str,
    region: &Located<RegionName>,
    regions: &ReadRegions,
    found: &mut Vec<Problem>,
) {
    if regions
        .names
        .iter()
        .any(|name| name == region.value.as_str())
    {
        return;
    }
    let problem = region.problem(file, format!("unknown region \"{}\"", region.value));
    let known = regions.names.iter().map(String::as_str);
    found.push(
        problem
            .suggest(region.value.as_str(), known)
            .or_help("declare it in regions.yaml"),
    );
}

fn check_references(
    customer: &AuthoredCustomer,
    instance: &AuthoredInstance,
    others: &Others<'_>,
    found: &mut Vec<Problem>,
) {
    let file = &customer.file;
    if let Some(app) = &instance.app
        && let Some(problem) = others.installed.unknown(&app.value)
    {
        found.push(app.place(file, problem));
    }
    if let Some(Some(environment)) = &instance.environment
        && !others.environments.contains_key(&environment.value)
    {
        let message = format!("unknown environment \"{}\"", environment.value);
        let known = others.environments.keys().map(EnvironmentName::as_str);
        found.push(
            environment
                .problem(file, message)
                .suggest(environment.value.as_str(), known),
        );
    }
    if let (Some(Some(region)), Some(regions)) = (&instance.region, others.regions) {
        check_region(file, region, regions, found);
    }
    if let (Some(domain), Some(regions)) = (&instance.domain, others.regions)
        && !regions
            .zones
            .iter()
            .any(|zone| lies_in(&domain.value, zone))
    {
        let problem = domain.problem(
            file,
            format!("the domain \"{}\" lies in no hosted zone", domain.value),
        );
        found.push(if regions.zones.is_empty() {
            problem.help("declare its hosted zone in regions.yaml")
        } else {
            problem.help(format!(
                "the hosted zones are {}; a name of the customer's own goes under aliases",
                regions.zones.join(", ")
            ))
        });
    }
    if let (Some(customer), Some(name)) = (&customer.name, &instance.name)
        && let Some(over) = naming::too_long(&customer.value, &name.value)
    {
        let most = naming::CUSTOMER_AND_INSTANCE_MAX;
        found.push(
            name.problem(
                file,
                format!("the names made of customer \"{}\" and instance \"{}\" are {over} characters too long", customer.value, name.value),
            )
            .help(format!("the two may have {most} characters together; give the instance a shorter name")),
        );
    }
    check_storage_class(customer, instance, others, found);
}

/// `storage.class`, by every app's convention, names a class of the region. The layer
/// that wins for `storage` is the one that is wrong.
fn check_storage_class(
    customer: &AuthoredCustomer,
    instance: &AuthoredInstance,
    others: &Others<'_>,
    found: &mut Vec<Problem>,
) {
    let Some(regions) = others.regions else {
        return;
    };
    let Some(region) =
        region_of(customer, instance).and_then(|name| regions.regions.regions.get(name))
    else {
        return;
    };
    let environment = match &instance.environment {
        Some(Some(environment)) => environment.value.as_str(),
        Some(None) => PROD,
        None => return,
    };
    let app = instance.app.as_ref().map(|app| &app.value);
    let of_environment = || {
        let environment: EnvironmentName = environment.parse().ok()?;
        others.environments.get(&environment)?.get(app?)
    };
    let of_app = || others.overrides.get(app?)?.values.as_ref();
    let holds = |layer: &&Layer| layer.values.contains_key("storage");
    let layer = Some(&instance.values)
        .filter(holds)
        .or_else(|| of_environment().filter(holds))
        .or_else(|| of_app().filter(holds));
    let Some(layer) = layer else { return };
    let class = layer
        .values
        .get("storage")
        .and_then(|storage| storage.get("class"))
        .and_then(|class| class.as_str());
    if let Some(class) = class
        && !region.storage.contains_key(class)
    {
        let message = format!(
            "region \"{}\" has no storage class \"{class}\"",
            region.name
        );
        let known = region.storage.keys().map(String::as_str);
        found.push(
            layer
                .problem("/storage/class", message)
                .suggest(class, known)
                .or_help("declare it under storage in regions.yaml"),
        );
    }
}

/// An instance whose every part was right.
fn validated(customer: &AuthoredCustomer, authored: &AuthoredInstance) -> Option<Instance> {
    let environment = match authored.environment.as_ref()? {
        Some(environment) => environment.value.clone(),
        None => PROD.parse().ok()?,
    };
    Some(Instance {
        target: TargetId::instance_of(
            customer.name.as_ref()?.value.clone(),
            authored.name.as_ref()?.value.clone(),
        ),
        app: authored.app.as_ref()?.value.clone(),
        environment,
        region: region_of(customer, authored)?.clone(),
        domain: authored.domain.as_ref()?.value.clone(),
        aliases: authored
            .aliases
            .iter()
            .map(|alias| alias.value.clone())
            .collect(),
        weight: authored.weight.as_ref().map(|weight| weight.value),
        values: authored.values.clone(),
        at: Place {
            file: customer.file.clone(),
            line: authored.spot.line,
            column: authored.spot.column,
        },
    })
}

/// What can be made of an instance in which something is wrong, so that its values are
/// looked at in the same go. What is missing is stood in for by what does no harm.
fn draft(
    customer: &AuthoredCustomer,
    authored: &AuthoredInstance,
    others: &Others<'_>,
) -> Option<Draft> {
    let environment = match &authored.environment {
        Some(Some(environment)) => Some(&environment.value),
        Some(None) | None => None,
    };
    let known = match &authored.environment {
        Some(Some(environment)) => others.environments.contains_key(&environment.value),
        Some(None) => true,
        None => false,
    };
    let named = customer.name.as_ref().zip(authored.name.as_ref());
    let named =
        named.filter(|(customer, name)| naming::too_long(&customer.value, &name.value).is_none());
    let (customer_name, name) = match named {
        Some((customer, name)) => (customer.value.clone(), name.value.clone()),
        None => ("customer".parse().ok()?, "instance".parse().ok()?),
    };
    let zones = others.regions.map_or(&[][..], |regions| &regions.zones[..]);
    let domain = match &authored.domain {
        Some(domain) if zones.iter().any(|zone| lies_in(&domain.value, zone)) => {
            domain.value.clone()
        }
        _ => zones
            .first()
            .cloned()
            .unwrap_or_else(|| "unknown.invalid".to_owned()),
    };
    let region = match region_of(customer, authored) {
        Some(region) => region.clone(),
        // No region has that name: what depends on it isn't checked.
        None => "unknown".parse().ok()?,
    };
    Some(Draft {
        instance: Instance {
            target: TargetId::instance_of(customer_name, name),
            app: authored.app.as_ref()?.value.clone(),
            environment: match environment {
                Some(environment) => environment.clone(),
                None => PROD.parse().ok()?,
            },
            region,
            domain,
            aliases: authored
                .aliases
                .iter()
                .map(|alias| alias.value.clone())
                .collect(),
            weight: authored.weight.as_ref().map(|weight| weight.value),
            values: authored.values.clone(),
            at: Place {
                file: customer.file.clone(),
                line: authored.spot.line,
                column: authored.spot.column,
            },
        },
        named: named.is_some(),
        known_environment: known,
    })
}
