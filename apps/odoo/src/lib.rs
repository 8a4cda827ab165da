//! Odoo: what an instance needs, and what its values may not say together.

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

/// The user and the group that the official images run as.
const ODOO: (u32, u32) = (100, 101);

#[derive(Debug)]
struct Odoo;

impl App for Odoo {
    type Values = Values;

    fn validate(request: &Request<Values>) -> Vec<Violation> {
        validation::violations(&request.values, &request.context)
    }

    fn plan(request: &Request<Values>) -> Result<(), PlanError> {
        let values = &request.values;
        let sizing = Sizing::of(values).map_err(PlanError::Refused)?;
        if let Some(line) = checks::unmeasured(&request.context, &values.autoscaling) {
            log::warn(&line);
        }
        Deployment::of(request)
            .volume(
                "data",
                &values.storage.class,
                Owner::new(ODOO.0, ODOO.1, "0750"),
            )?
            .generated("app", &[("adminPassword", 32), ("masterPassword", 32)])?
            .given(
                values.smtp_user().is_some(),
                "smtp",
                "password",
                "the password of smtp.user at the mail server",
            )?
            .pull_secret(values.image_pull_secret.as_deref())?
            .record()?
            .opens(openings::openings(values))?
            .quota(&sizing.quota())?
            .autoscaled(values.autoscaling.enabled, "odoo")
            .set("replicas", values.autoscaling.first(values.replicas))
            .set("modules", values.modules())
            .set("databaseConnections", sizing.connections)
            .set("databaseBuffers", sizing.shared_buffers.as_str())
            .set("maxUploadBytes", sizing.max_upload)
            .finish()
    }
}

deploycenter_sdk::register!(Odoo);
