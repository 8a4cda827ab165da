//! B4 and B5: how often outside systems are asked, counted where requests leave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::resource::{Owner, Record, Resource, Routing};
use deploycenter_domain::selector::Selection;
use deploycenter_engine::{CancellationToken, Engine, Limits, PlanOptions};
use deploycenter_ports::{Call, Calls, CommitContext, Phase, Step, Unwatched};
use deploycenter_sandbox::SandboxClock;
use deploycenter_testkit::World;

use crate::Setting;
use crate::report::Measurement;

/// Counts calls by what they are.
#[derive(Debug, Default)]
struct Counted(Mutex<BTreeMap<String, usize>>);

#[async_trait]
impl Calls for Counted {
    async fn at(&self, call: &Call, phase: Phase) {
        if phase == Phase::Before {
            let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Without what a path names, of which there may be thousands.
            let operation = call.operation.split(['?', ' ']).take(2);
            let name = format!(
                "{} {}",
                call.system,
                operation.collect::<Vec<_>>().join(" ")
            );
            *counts.entry(name).or_default() += 1;
        }
    }
}

impl Counted {
    /// How many there were, of systems whose name begins so; each kind on stderr.
    fn total(&self, system: &str) -> usize {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .filter(|(name, _)| name.starts_with(system))
            .inspect(|(name, count)| eprintln!("  {count:>4} {name}"))
            .map(|(_, count)| count)
            .sum()
    }
}

/// Customers with one instance of the smallest app.
fn customers(count: usize) -> String {
    let regions = ["us-west-2", "eu-south-2", "eu-west-3"];
    let mut text = "version: 1\ncustomers:\n".to_owned();
    for number in 0..count {
        let region = regions[number % regions.len()];
        text.push_str(&format!(
            "  - name: c{number:05}\n    region: {region}\n    apps:\n      - {{ app: mattermost, domain: chat.c{number:05}.apps.example.com }}\n"
        ));
    }
    text
}

/// B4: a fleet is deployed, then applied again with nothing changed.
pub(crate) fn no_op(setting: &Setting) -> Result<()> {
    let count = if setting.quick { 12 } else { 1_000 };
    let world = World::new(&customers(count))?;
    let limits = Limits {
        targets: 100,
        ..Limits::default()
    };
    eprintln!("deploying {count} customers to the stand-ins");
    world.work(Arc::new(Unwatched), limits, deploy)??;
    let counted = Arc::new(Counted::default());
    let changes = world.work(counted.clone(), limits, async |engine| {
        let planned = engine
            .plan(&Selection::default(), &PlanOptions::default())
            .await?;
        anyhow::Ok(planned.plan.has_changes())
    })??;
    ensure!(
        !changes,
        "the fleet was deployed, and yet something would change"
    );
    Measurement {
        id: "B4.calls",
        what: format!("outside calls of an apply that finds nothing to do, {count} customers with one app each"),
        unit: "calls",
        ours: &[counted.total("") as f64],
        peer: None,
    }
    .print();
    Ok(())
}

async fn deploy(engine: Engine) -> Result<()> {
    let planned = engine
        .plan(&Selection::default(), &PlanOptions::default())
        .await?;
    let commit = CommitContext {
        actor: "a bench".to_owned(),
        main_commit: None,
    };
    let outcomes = engine
        .deploy(planned.plan.targets, &commit, &CancellationToken::new())
        .await?;
    for outcome in outcomes {
        ensure!(
            outcome.status == Status::Succeeded,
            "{}: {}",
            outcome.target,
            outcome.reason.unwrap_or_default()
        );
    }
    Ok(())
}

/// B5: records that are new, asked for at once, until every name server has them.
pub(crate) fn records(setting: &Setting) -> Result<()> {
    let count = if setting.quick { 50 } else { 1_000 };
    let world = World::in_time("version: 1\ncustomers: []\n", SandboxClock::Real)?;
    let counted = Arc::new(Counted::default());
    world.work(counted.clone(), Limits::default(), async |engine| {
        let steps: Vec<Step> = (0..count)
            .map(|number| step(&engine, number))
            .collect::<Result<_>>()?;
        let dns = &engine.providers.dns;
        let made = futures::future::join_all(steps.iter().map(|step| dns.ensure(step))).await;
        for one in made {
            ensure!(one?.changed, "a record was there already");
        }
        Ok(())
    })??;
    Measurement {
        id: "B5.calls",
        what: format!("Route 53 calls for {count} new records, until all name servers have them"),
        unit: "calls",
        ours: &[counted.total("route53") as f64],
        peer: None,
    }
    .print();
    Ok(())
}

fn step(engine: &Engine, number: usize) -> Result<Step> {
    let target = format!("c{number:05}/odoo").parse()?;
    let record = Record {
        zone: "Z04444444APPSEXAMPLE".to_owned(),
        name: format!("erp.c{number:05}.apps.example.com"),
        set_identifier: format!("{}/{target}/us-west-2", engine.installation),
        weight: 100,
        routing: Routing::Addresses {
            ipv4: vec!["198.51.100.20".to_owned()],
            ttl: 60,
        },
        aaaa: None,
    };
    Ok(Step {
        owner: Owner {
            installation: engine.installation.clone(),
            target,
            effect: deploycenter_domain::effect::EffectId::new(EffectKind::Record, "domain")
                .ok()
                .context("an id")?,
            incarnation: Incarnation::FIRST,
            deployment: "d-000001".parse()?,
        },
        before: None,
        after: Some(Resource::Record(record)),
        adopt: None,
        uncertain: false,
        undo: false,
        commit: CommitContext::default(),
    })
}
