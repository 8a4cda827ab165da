//! The plan of what a customer's instances share.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::lock::Lock;
use deploycenter_domain::name::{CustomerName, Incarnation, TargetId};
use deploycenter_domain::naming;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_domain::stale::OWN_FOLDER;
use deploycenter_domain::wanted;
use deploycenter_ports::Reading;

use super::effects::Whose;
use super::{Ground, PlanError, PlannedTarget};
use crate::Engine;

impl Engine {
    /// The project lists the namespaces of every instance that is desired, whether or
    /// not it is applied now, and of those still on the branch.
    pub(super) async fn plan_shared(
        &self,
        ground: &Ground,
        customer: &CustomerName,
    ) -> Result<PlannedTarget, PlanError> {
        let target = TargetId::shared_of(customer.clone());
        let mut destinations = BTreeSet::new();
        let mut region = None;
        for instance in ground
            .desired
            .instances()
            .filter(|instance| instance.target.customer() == customer)
        {
            let Some(place) = ground.desired.region_of(instance) else {
                continue;
            };
            let incarnation = self.incarnation(ground, &instance.target);
            destinations.insert((
                place.cluster.server.clone(),
                naming::readable(customer, instance.name(), incarnation),
            ));
            region.get_or_insert_with(|| instance.region.clone());
        }
        for (live, region) in ground
            .live
            .values()
            .filter_map(|live| live.region.as_ref().map(|region| (live, region)))
        {
            let Some(place) = ground.desired.regions.regions.get(region) else {
                continue;
            };
            if let Some(instance) = live
                .target
                .instance()
                .filter(|_| live.target.customer() == customer)
            {
                let incarnation =
                    Lock::read(&live.lock).map_or(Incarnation::FIRST, |lock| lock.incarnation);
                destinations.insert((
                    place.cluster.server.clone(),
                    naming::readable(customer, instance, incarnation),
                ));
            }
        }
        let region = ground
            .desired
            .customer(customer)
            .map(|known| known.region.clone())
            .or(region)
            .expect("a customer is planned only with an instance of its own");
        let wanted = wanted::shared(
            &self.installation,
            customer,
            &destinations,
            &self.generated_url,
        );
        let folder_wanted = wanted
            .iter()
            .find(|effect| effect.id.kind() == EffectKind::Commit)
            .map(|effect| effect.after.clone())
            .expect("the shared target commits its project");
        let folder = self
            .adapters
            .git
            .observe(&folder_wanted, Reading::Listed)
            .await?;
        let whose = Whose {
            target: &target,
            incarnation: Incarnation::FIRST,
        };
        let inputs = BTreeMap::from([
            ("desired state".to_owned(), Digest::of_json(&destinations)),
            ("settings".to_owned(), Digest::of_json(&self.generated_url)),
            (
                OWN_FOLDER.to_owned(),
                Digest::of_json(&folder.as_ref().map(|seen| &seen.outputs)),
            ),
        ]);
        let effects = self.effects(whose, wanted, folder.as_ref()).await?;
        Ok(PlannedTarget {
            plan: TargetPlan {
                target,
                region,
                app: None,
                incarnation: Incarnation::FIRST,
                digest: Digest::of_json(&inputs),
                inputs,
                effects,
            },
            update_waiting: false,
        })
    }
}
