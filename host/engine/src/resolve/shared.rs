//! What a customer's instances share: where they run, and the files that say so.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::lock::Lock;
use deploycenter_domain::name::{CustomerName, Incarnation, TargetId};
use deploycenter_domain::naming;
use deploycenter_domain::resource::Resource;
use deploycenter_domain::wanted::{self, Destinations};

use crate::Offline;
use crate::snapshot::PlanningSnapshot;

impl PlanningSnapshot {
    /// Where a customer's instances run: those that are desired, whether or not they are
    /// applied now, and those still on the branch or on their way there, and not `removed`
    /// now.
    pub(crate) fn destinations_of(
        &self,
        customer: &CustomerName,
        removed: &BTreeSet<TargetId>,
    ) -> Destinations {
        let mut destinations = BTreeSet::new();
        let regions = &self.desired.regions.regions;
        for instance in self
            .desired
            .customer(customer)
            .map_or(&[][..], |known| &known.instances)
        {
            let Some(place) = self.desired.region_of(instance) else {
                continue;
            };
            let incarnation = self.incarnation(&instance.target);
            destinations.insert((
                place.cluster.server.clone(),
                naming::readable(customer, instance.name(), incarnation),
            ));
        }
        for live in self
            .live_of(customer)
            .filter(|live| !removed.contains(&live.target))
        {
            if let Some(instance) = live.target.instance()
                && let Some(region) = &live.region
                && let Some(place) = regions.get(region)
            {
                let incarnation =
                    Lock::read(&live.lock).map_or(Incarnation::FIRST, |lock| lock.incarnation);
                destinations.insert((
                    place.cluster.server.clone(),
                    naming::readable(customer, instance, incarnation),
                ));
            }
        }
        // Another process may have begun one that this desired state doesn't have yet.
        for (at_work, unfinished) in self.unfinished.iter().filter(|(other, unfinished)| {
            other.customer() == customer && !unfinished.removes && !removed.contains(*other)
        }) {
            let place = regions.get(&unfinished.region);
            if let (Some(instance), Some(place)) = (at_work.instance(), place) {
                destinations.insert((
                    place.cluster.server.clone(),
                    naming::readable(customer, instance, unfinished.incarnation),
                ));
            }
        }
        destinations
    }
}

/// The files of what a customer's instances share, by their path on the branch; `None`
/// when no instance is desired.
pub(super) fn shared_files(
    offline: &Offline,
    snapshot: &PlanningSnapshot,
    customer: &CustomerName,
) -> Option<BTreeMap<String, String>> {
    let destinations = snapshot.destinations_of(customer, &BTreeSet::new());
    if destinations.is_empty() {
        return None;
    }
    let repositories = BTreeSet::from([offline.generated_url.clone()]);
    let wanted = wanted::shared(
        &offline.installation,
        customer,
        &destinations,
        &repositories,
    );
    let files = wanted.into_iter().filter_map(|effect| match effect.after {
        Resource::File(file) => Some((file.path, file.content)),
        _ => None,
    });
    Some(files.collect())
}
