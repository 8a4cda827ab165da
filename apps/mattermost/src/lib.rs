//! Mattermost: what an instance needs, and what its values may not say together.

mod openings;
mod sizing;
#[cfg(test)]
mod tests;
mod validation;
mod values;

use deploycenter_sdk::efs::Owner;
use deploycenter_sdk::{App, Deployment, PlanError, Request, Violation, checks, log};

use crate::sizing::Sizing;
use crate::values::Values;

/// The user and group that the image runs as.
const MATTERMOST: u32 = 2000;

#[derive(Debug)]
struct Mattermost;

impl App for Mattermost {
    type Values = Values;

    fn validate(request: &Request<Values>) -> Vec<Violation> {
        validation::violations(&request.values, &request.context)
    }

    fn plan(request: &Request<Values>) -> Result<(), PlanError> {
        let values = &request.values;
        let sizing = Sizing::of(values).map_err(PlanError::Refused)?;
        let held = values.held_back();
        // Without a licence there is no autoscaler to be degraded.
        let unmeasured = checks::unmeasured(&request.context, &values.autoscaling)
            .filter(|_| values.autoscaled());
        for line in held.iter().chain(&unmeasured) {
            log::warn(line);
        }
        Deployment::of(request)
            .volume(
                "data",
                &values.storage.class,
                Owner::new(MATTERMOST, MATTERMOST, "0750"),
            )?
            .generated(
                "app",
                &[
                    ("adminPassword", 32),
                    ("atRestEncryptKey", 32),
                    ("publicLinkSalt", 32),
                ],
            )?
            .given(
                values.smtp_user().is_some(),
                "smtp",
                "password",
                "the password of smtp.user at the mail server",
            )?
            .given(
                values.license.enabled,
                "license",
                "license",
                "the Mattermost licence, as the file holds it",
            )?
            .pull_secret(values.image_pull_secret.as_deref())?
            .record()?
            .opens(openings::openings(values))?
            .quota(&sizing.quota())?
            .autoscaled(values.autoscaled(), "mattermost")
            .set("replicas", values.autoscaling.first(values.replicas))
            .set("playbooks", values.playbooks())
            .set("held", held)
            .set("databaseConnections", sizing.connections)
            .set("databaseBuffers", sizing.shared_buffers.as_str())
            .set("maxFileSizeBytes", sizing.max_file_size)
            .finish()
    }
}

deploycenter_sdk::register!(Mattermost);
