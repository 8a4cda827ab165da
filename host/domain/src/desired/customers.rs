//! `customers.yaml` and `customers.d/<name>.yaml`: from text to what was authored. What
//! refers to other files is checked in `cross`.

use super::formats;
use super::layer::{Layer, Place};
use super::node::{Node, Spot, join};
use super::reader::{Located, Reader};
use super::{secrets, yaml};
use crate::name::{AppName, CustomerName, EnvironmentName, InstanceName, RegionName, TargetId};
use crate::problem::Problem;
use serde_json::{Value, json};

/// The file that people edit.
pub const FILE: &str = "customers.yaml";
/// The folder of customers that a program made.
pub const FOLDER: &str = "customers.d/";

/// A tenant, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// Its name.
    pub name: CustomerName,
    /// Where its instances run unless they say otherwise.
    pub region: RegionName,
    /// Sorted by name.
    pub instances: Vec<Instance>,
}

/// One running copy of an app, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// `<customer>/<instance>`.
    pub target: TargetId,
    /// What runs.
    pub app: AppName,
    /// `prod` unless said otherwise.
    pub environment: EnvironmentName,
    /// The customer's unless said otherwise.
    pub region: RegionName,
    /// In lower case.
    pub domain: String,
    /// The customer's own names, in lower case and order: no record is made for them.
    pub aliases: Vec<String>,
    /// This instance's share of a domain that several regions answer: 0 to 255.
    pub weight: Option<u8>,
    /// The customer's values.
    pub values: Layer,
    /// Where it was written.
    pub at: Place,
}

impl Instance {
    /// Its name within the customer.
    ///
    /// # Panics
    /// Never: an instance's target always names one.
    #[must_use]
    pub fn name(&self) -> &InstanceName {
        self.target
            .instance()
            .expect("an instance's target names it")
    }

    /// What was asked for, without the places: for a digest.
    #[must_use]
    pub fn inputs(&self) -> Value {
        json!({
            "target": self.target,
            "app": self.app,
            "environment": self.environment,
            "region": self.region,
            "domain": self.domain,
            "aliases": self.aliases,
            "weight": self.weight,
            "values": self.values,
        })
    }
}

/// A customer as written; `None` is what was missing or wrong, and told already.
#[derive(Debug)]
pub(super) struct AuthoredCustomer {
    pub(super) file: String,
    pub(super) name: Option<Located<CustomerName>>,
    pub(super) region: Option<Located<RegionName>>,
    pub(super) instances: Vec<AuthoredInstance>,
}

/// An instance as written.
#[derive(Debug)]
pub(super) struct AuthoredInstance {
    pub(super) spot: Spot,
    pub(super) name: Option<Located<InstanceName>>,
    pub(super) app: Option<Located<AppName>>,
    /// `None` when it was wrong; `Some(None)` when nothing was said.
    pub(super) environment: Option<Option<Located<EnvironmentName>>>,
    pub(super) region: Option<Option<Located<RegionName>>>,
    pub(super) domain: Option<Located<String>>,
    pub(super) aliases: Vec<Located<String>>,
    pub(super) weight: Option<Located<u8>>,
    pub(super) values: Layer,
}

/// Reads `customers.yaml`.
pub(super) fn read(bytes: &[u8]) -> (Vec<AuthoredCustomer>, Vec<Problem>) {
    let (node, found) = yaml::parse(FILE, bytes);
    let mut reader = Reader::new(FILE, found);
    let mut customers = Vec::new();
    if let Some(node) = node
        && let Some(root) = reader.object(&node, "", &["version", "customers"])
    {
        reader.version(&root);
        // `customers:` with nothing below it is what remains when the last one goes.
        if !root.entries().iter().any(|entry| entry.key == "customers") {
            reader.need(&root, "customers");
        }
        for (index, node) in reader.list(&root, "customers").iter().enumerate() {
            customers.extend(customer(
                &mut reader,
                node,
                &format!("/customers/{index}"),
                &["name", "region", "apps"],
            ));
        }
    }
    (customers, reader.found)
}

/// Reads one file of `customers.d/`, which holds one customer and is named for it.
pub(super) fn read_one(
    path: &str,
    stem: &str,
    bytes: &[u8],
) -> (Option<AuthoredCustomer>, Vec<Problem>) {
    let (node, found) = yaml::parse(path, bytes);
    let mut reader = Reader::new(path, found);
    let customer = node.and_then(|node| {
        let customer = customer(
            &mut reader,
            &node,
            "",
            &["version", "name", "region", "apps"],
        )?;
        if let Some(root) = reader.any_object(&node, "") {
            reader.version(&root);
        }
        Some(customer)
    });
    if let Some(name) = customer
        .as_ref()
        .and_then(|customer| customer.name.as_ref())
        && name.value.as_str() != stem
    {
        let help = format!("name the file {FOLDER}{}.yaml", name.value);
        reader.found.push(
            name.problem(
                path,
                format!(
                    "the file of customer \"{}\" is named for \"{stem}\"",
                    name.value
                ),
            )
            .help(help),
        );
    }
    (customer, reader.found)
}

fn customer(
    reader: &mut Reader<'_>,
    node: &Node,
    pointer: &str,
    known: &[&str],
) -> Option<AuthoredCustomer> {
    let object = reader.object(node, pointer, known)?;
    let name = reader.need_text(&object, "name");
    let name = reader.name::<CustomerName>(name);
    let region = reader.need_text(&object, "region");
    let region = reader.name::<RegionName>(region);
    if !object.entries().iter().any(|entry| entry.key == "apps") {
        reader.need(&object, "apps");
    }
    let apps = join(pointer, "apps");
    let whose = name.as_ref().map_or("CUSTOMER", |name| name.value.as_str());
    let instances = reader
        .list(&object, "apps")
        .iter()
        .enumerate()
        .filter_map(|(index, node)| instance(reader, node, &format!("{apps}/{index}"), whose))
        .collect();
    Some(AuthoredCustomer {
        file: reader.file.to_owned(),
        name,
        region,
        instances,
    })
}

fn instance(
    reader: &mut Reader<'_>,
    node: &Node,
    pointer: &str,
    customer: &str,
) -> Option<AuthoredInstance> {
    let object = reader.object(
        node,
        pointer,
        &[
            "app",
            "name",
            "environment",
            "region",
            "domain",
            "aliases",
            "weight",
            "values",
        ],
    )?;
    let app = reader.need_text(&object, "app");
    let app = reader.name::<AppName>(app);
    let name = match reader.text(&object, "name") {
        // The app's name; what is wrong with it is told of the app.
        None if object.entry("name").is_none() => app.as_ref().and_then(|app| {
            let value = app.value.as_str().parse().ok()?;
            Some(Located {
                value,
                spot: app.spot,
                pointer: app.pointer.clone(),
            })
        }),
        written => reader.name::<InstanceName>(written),
    };
    let written = reader.text(&object, "environment");
    let environment = match reader.name::<EnvironmentName>(written) {
        None if object.entry("environment").is_none() => Some(None),
        read => read.map(Some),
    };
    let written = reader.text(&object, "region");
    let region = match reader.name::<RegionName>(written) {
        None if object.entry("region").is_none() => Some(None),
        read => read.map(Some),
    };
    let domain = reader.need_text(&object, "domain");
    let domain = reader.checked(domain, formats::domain);
    let mut aliases = Vec::new();
    for alias in reader.texts(&object, "aliases") {
        aliases.extend(reader.checked(Some(alias), formats::domain));
    }
    let weight = reader
        .integer(&object, "weight", 0, 255)
        .map(|weight| weight.map(|weight| u8::try_from(weight).unwrap_or(u8::MAX)));
    let values = match object.entry("values") {
        None => Layer {
            pointer: join(pointer, "values"),
            ..Layer::empty(reader.file)
        },
        Some(entry) => Layer::read(reader, &entry.node, &join(pointer, "values")),
    };
    let instance = name.as_ref().map_or("INSTANCE", |name| name.value.as_str());
    let target = format!("{customer}/{instance}").parse().ok();
    secrets::look(&values, target.as_ref(), &mut reader.found);
    Some(AuthoredInstance {
        spot: object.spot,
        name,
        app,
        environment,
        region,
        domain,
        aliases,
        weight,
        values,
    })
}

/// The region that an instance runs in, where that is known.
pub(super) fn region_of<'a>(
    customer: &'a AuthoredCustomer,
    instance: &'a AuthoredInstance,
) -> Option<&'a RegionName> {
    match instance.region.as_ref()? {
        Some(own) => Some(&own.value),
        None => customer.region.as_ref().map(|region| &region.value),
    }
}
