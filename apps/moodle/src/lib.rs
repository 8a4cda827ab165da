//! Moodle: what an instance needs, and what its values may not say together.

mod cron;
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

/// The user and group that the image runs as: `www-data` of Debian.
const WWW_DATA: u32 = 33;

#[derive(Debug)]
struct Moodle;

impl App for Moodle {
    type Values = Values;

    fn validate(request: &Request<Values>) -> Vec<Violation> {
        validation::violations(&request.values, &request.context)
    }

    fn plan(request: &Request<Values>) -> Result<(), PlanError> {
        let values = &request.values;
        let sizing = Sizing::of(values).map_err(PlanError::Refused)?;
        let tight = sizing.tight();
        let unmeasured = checks::unmeasured(&request.context, &values.autoscaling);
        for line in tight.iter().chain(&unmeasured) {
            log::warn(line);
        }
        Deployment::of(request)
            .volume(
                "data",
                &values.storage.class,
                Owner::new(WWW_DATA, WWW_DATA, "0750"),
            )?
            .generated(
                "app",
                &[
                    ("adminPassword", 32),
                    ("databasePassword", 32),
                    ("redisPassword", 32),
                ],
            )?
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
            .autoscaled(values.autoscaling.enabled, "moodle")
            .set("replicas", values.autoscaling.first(values.replicas))
            .set("tight", tight)
            .set("server", sizing.server())
            .set("redisServers", sizing.redis_servers())
            .set("limits", sizing.limits())
            .finish()
    }
}

deploycenter_sdk::register!(Moodle);
