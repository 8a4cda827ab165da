//! Reading on past problems: what is readable, and everything that is wrong.

use std::collections::BTreeMap;

use super::customers;
use super::draft::Draft;
use super::layer::Place;
use super::lockfile::{self, PluginsLock};
use super::settings::{self, Settings};
use super::shared::{self, Installed};
use super::{Desired, cross, regions, regions_read};
use crate::digest::Digest;
use crate::problem::{Problem, Problems};
use crate::remedy::Remedy;

/// A desired state as far as it can be read.
#[derive(Debug)]
pub struct Reading {
    /// What is readable. Where the settings aren't, others stand in.
    pub desired: Desired,
    /// Instances in which something is wrong; they aren't in `desired`.
    pub drafts: Vec<Draft>,
    /// Everything that was found, in no order.
    pub problems: Vec<Problem>,
    /// Where `plugins.lock` has each plugin.
    pub plugins: BTreeMap<Digest, Place>,
}

impl Reading {
    /// The desired state, when nothing is wrong with it.
    ///
    /// # Errors
    /// All problems, sorted by place.
    pub fn whole(self) -> Result<Desired, Problems> {
        Problems::check(self.problems)?;
        Ok(self.desired)
    }
}

/// Reads all files of the desired state, by path relative to the deployment repo, past
/// whatever is wrong.
#[must_use]
pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Reading {
    let mut found = Vec::new();
    let settings = required(files, settings::FILE, settings::read, &mut found);
    let regions = required(files, regions::FILE, regions_read::read, &mut found);
    let before = found.len();
    let lock = required(files, lockfile::FILE, lockfile::read, &mut found);
    // Half a lock file says nothing about which apps there are.
    let all = found.len() == before;
    let (plugins, places): (PluginsLock, _) = lock.unwrap_or_default();
    let apps = plugins.apps();
    let installed = Installed { apps: &apps, all };
    let environments = shared::environments(files, installed, &mut found);
    let overrides = shared::overrides(files, installed, &mut found);

    let read = |bytes: &[u8]| {
        let (customers, found) = customers::read(bytes);
        (Some(customers), found)
    };
    let mut authored = required(files, customers::FILE, read, &mut found).unwrap_or_default();
    for (path, bytes) in files
        .iter()
        .filter(|(path, _)| path.starts_with(customers::FOLDER) && !shared::is_aside(path))
    {
        let Some(stem) = shared::stem(path, customers::FOLDER) else {
            found.push(
                Problem::new("isn't read")
                    .in_file(path)
                    .help("name it customers.d/<customer>.yaml, or take it away"),
            );
            continue;
        };
        let (customer, mut problems) = customers::read_one(path, stem, bytes);
        found.append(&mut problems);
        authored.extend(customer);
    }

    let others = cross::Others {
        regions: regions.as_ref(),
        installed,
        environments: &environments,
        overrides: &overrides,
    };
    let checked = cross::check(&authored, &others, &mut found);
    if settings.is_none() && found.is_empty() {
        // Each reader that gives nothing has said why.
        found.push(Problem::new("can't be read").in_file(settings::FILE));
    }
    Reading {
        desired: Desired {
            settings: settings.unwrap_or_else(Settings::stand_in),
            regions: regions.unwrap_or_default().regions,
            plugins,
            customers: checked.customers,
            environments,
            overrides,
        },
        drafts: checked.drafts,
        problems: found,
        plugins: places,
    }
}

fn required<T>(
    files: &BTreeMap<String, Vec<u8>>,
    name: &str,
    read: impl FnOnce(&[u8]) -> (Option<T>, Vec<Problem>),
    found: &mut Vec<Problem>,
) -> Option<T> {
    let Some(bytes) = files.get(name) else {
        found.push(Problem::new("is missing").in_file(name).help((
            "run this in a deployment repo, or make one with: ",
            Remedy::Init,
        )));
        return None;
    };
    let (value, mut problems) = read(bytes);
    found.append(&mut problems);
    value
}
