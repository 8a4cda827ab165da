//! The plan of what a customer's instances share.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::{CustomerName, Incarnation, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_domain::resource::Adoption;
use deploycenter_domain::stale::OWN_FOLDER;
use deploycenter_domain::wanted;
use serde_json::Value;

use super::options::operation_of;
use super::scope::EffectScope;
use crate::snapshot::PlanningSnapshot;
use crate::{PlanError, Run};

impl Run {
    /// The project lists the namespaces of every instance that is desired, whether or
    /// not it is applied now, and of those still on the branch or on their way there, and
    /// not `removed` now; and where their applications stand, as long as they do.
    pub(crate) async fn plan_shared(
        &self,
        snapshot: &PlanningSnapshot,
        customer: &CustomerName,
        removed: &BTreeSet<TargetId>,
        adopt: &BTreeMap<EffectId, Adoption>,
    ) -> Result<TargetPlan, PlanError> {
        let target = TargetId::shared_of(customer.clone());
        let mut destinations = snapshot.destinations_of(customer, removed);
        // An application that stands is still read from where it was, and deployed there:
        // Argo CD takes no project that forbids one of its applications. So the project
        // permits both places until they have moved, and is narrowed by the next plan.
        let mut repositories = BTreeSet::from([self.offline.generated_url.clone()]);
        for application in snapshot.applications_of(customer, removed) {
            let text = |place| application.spec.pointer(place).and_then(Value::as_str);
            repositories.extend(text("/source/repoURL").map(str::to_owned));
            if let (Some(server), Some(namespace)) =
                (text("/destination/server"), text("/destination/namespace"))
            {
                destinations.insert((server.to_owned(), namespace.to_owned()));
            }
        }
        let regions = &snapshot.desired.regions.regions;
        let region = snapshot
            .desired
            .customer(customer)
            .map(|known| known.region.clone())
            .or_else(|| {
                let mut places = snapshot
                    .live
                    .values()
                    .filter_map(|live| live.region.as_ref());
                places.find(|region| regions.contains_key(*region)).cloned()
            })
            .expect("a customer is planned only with an instance of its own");
        let wanted = wanted::shared(
            &self.offline.installation,
            customer,
            &destinations,
            &repositories,
        );
        let folder_wanted = wanted
            .iter()
            .find(|effect| effect.id.kind() == EffectKind::Commit)
            .map(|effect| effect.after.clone())
            .expect("the shared target commits its project");
        let folder = self.folder_at(&target, &folder_wanted).await?;
        let whose = EffectScope {
            target: &target,
            incarnation: Incarnation::FIRST,
        };
        let inputs = BTreeMap::from([
            ("desired state".to_owned(), Digest::of_json(&destinations)),
            ("settings".to_owned(), Digest::of_json(&repositories)),
            (
                OWN_FOLDER.to_owned(),
                Digest::of_json(&folder.as_ref().map(|seen| &seen.outputs)),
            ),
        ]);
        let effects = self
            .effects(snapshot, whose, wanted, folder.as_ref(), adopt)
            .await?
            .effects;
        Ok(TargetPlan {
            target,
            region,
            app: None,
            incarnation: Incarnation::FIRST,
            operation: operation_of(&effects, Operation::Deploy),
            digest: Digest::of_json(&inputs),
            inputs,
            data_version: None,
            remarks: Vec::new(),
            effects,
        })
    }
}
