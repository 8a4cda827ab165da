//! Every problem of desired state, plugins and templates in one go.
//!
//! What one stage finds doesn't keep the next from looking, and no mistake is told twice:
//! where an earlier stage has found fault with a value, a later one adds nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::Arc;

use deploycenter_domain::declaration::{Request, Violation};
use deploycenter_domain::desired::{
    self, Desired, Fault, Instance, Merged, Region, repaired, violation_problem,
};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::naming::Names;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::secret_version::SecretVersions;
use deploycenter_ports::{CheckCache, PluginError};
use futures::StreamExt as _;

use super::pins::Pins;
use super::problems::at;
use super::resolver::{AppValues, Resolver};
use crate::plan_error::in_template;
use crate::snapshot::PlanningSnapshot;
use crate::{Offline, PlanError};

/// The code by which the SDK says that it can't read the values at all.
const UNREADABLE: &str = "unreadable";

/// A desired state with which nothing is wrong.
#[derive(Debug, Clone)]
pub struct Valid {
    /// The desired state.
    pub desired: Arc<Desired>,
    /// What is to be known of instances, sorted.
    pub warnings: Vec<Warning>,
}

/// What an app warns of, or what its place among the others means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// Of which target.
    pub target: TargetId,
    /// What.
    pub message: String,
}

/// What all instances of one validation share.
struct Round {
    resolver: Resolver,
    snapshot: Arc<PlanningSnapshot>,
    told: Told,
    checks: Arc<dyn CheckCache>,
    /// Of what counts for every instance: the installation, and all regions and zones, for
    /// an alias may lie in another region's.
    common: Digest,
}

/// An instance to look at.
struct Subject {
    instance: Instance,
    /// Whether everything about it is right so far; else only what has nothing to do with
    /// what is wrong is told.
    whole: bool,
    /// Whether the instance's names are its own.
    named: bool,
    known_environment: bool,
}

impl Subject {
    /// What it is called in a message.
    fn label(&self) -> String {
        if self.named {
            return self.instance.target.to_string();
        }
        let at = &self.instance.at;
        format!("the instance at {}:{}", at.file, at.line)
    }
}

/// What was found with one instance.
#[derive(Default)]
struct Found {
    problems: Vec<Problem>,
    /// In templates, which may fail in the same place for many instances.
    templates: Vec<Problem>,
    warnings: Vec<String>,
}

impl Offline {
    /// Checks what was read, then every instance against its app: schema, the app's own
    /// check, templates and the graph of effects. What `checks` know to be sound isn't
    /// checked again.
    ///
    /// # Errors
    /// Every problem found, at once.
    pub async fn validate(
        &self,
        reading: desired::Reading,
        checks: Arc<dyn CheckCache>,
    ) -> Result<Valid, PlanError> {
        let told = Told::of(&reading.problems);
        let mut problems = reading.problems;
        let desired = Arc::new(reading.desired);
        let round = Arc::new(Round {
            common: Digest::of_json(&(&self.installation, &desired.regions)),
            resolver: Resolver::new(self.clone(), false),
            snapshot: Arc::new(PlanningSnapshot::offline(Arc::clone(&desired))),
            told,
            checks,
        });
        let sound = desired.instances().cloned().map(|instance| Subject {
            instance,
            whole: true,
            named: true,
            known_environment: true,
        });
        let drafts = reading.drafts.into_iter().map(|draft| Subject {
            instance: draft.instance,
            whole: false,
            named: draft.named,
            known_environment: draft.known_environment,
        });
        let subjects: Vec<Subject> = sound.chain(drafts).collect();
        let mut templates: BTreeMap<Problem, Vec<String>> = BTreeMap::new();
        let mut warnings = Vec::new();
        let mut looked_at = futures::stream::iter(subjects)
            .map(|subject| {
                let round = Arc::clone(&round);
                let (target, label) = (subject.instance.target.clone(), subject.label());
                let look = async move { round.resolver.look_at(&round, &subject).await };
                // A task of its own, so that all cores take part.
                let task = tokio::spawn(look);
                async move { (target, label, task.await) }
            })
            // More at a time would only parse each app's templates more often.
            .buffered(std::thread::available_parallelism().map_or(1, NonZero::get));
        while let Some((target, label, found)) = looked_at.next().await {
            let found = found.unwrap_or_else(|panic| {
                Err(PluginError::Broken(format!("checking it failed: {panic}")).into())
            });
            let found = match found {
                Ok(found) => found,
                Err(error) => Found {
                    problems: error.into_problems(&target)?,
                    ..Found::default()
                },
            };
            problems.extend(found.problems);
            for problem in found.templates {
                templates.entry(problem).or_default().push(label.clone());
            }
            warnings.extend(found.warnings.into_iter().map(|message| Warning {
                target: target.clone(),
                message,
            }));
        }
        problems.extend(templates.into_iter().map(|(mut problem, targets)| {
            problem.message = format!("{}; with {}", problem.message, whose(&targets));
            problem
        }));
        round.checks.close();
        Problems::check(problems)?;
        // Never remembered: it hangs on the neighbours.
        for instance in desired.instances() {
            let remarks = desired.of_shared_name(instance);
            warnings.extend(remarks.iter().map(|remark| Warning {
                target: instance.target.clone(),
                message: remark.line(),
            }));
        }
        warnings.sort();
        Ok(Valid { desired, warnings })
    }
}

impl Resolver {
    /// Everything that is wrong with one instance and wasn't told yet. One that was found
    /// sound before, when everything it depends on was as it is, isn't looked at again.
    async fn look_at(&self, round: &Round, subject: &Subject) -> Result<Found, PlanError> {
        let Round {
            snapshot,
            told,
            checks,
            ..
        } = round;
        let question = self.question(round, subject).await;
        if let Some(warnings) = question.as_ref().and_then(|it| checks.sound(it)) {
            return Ok(Found {
                warnings,
                ..Found::default()
            });
        }
        let found = self.look_closer(snapshot, subject, told).await?;
        let sound = found.problems.is_empty() && found.templates.is_empty();
        // What was told already isn't found again.
        if let Some(question) = question.filter(|_| sound && told.is_empty()) {
            checks.keep(question, &found.warnings);
        }
        Ok(found)
    }

    /// All that decides whether an instance is sound; `None` where that isn't known.
    async fn question(&self, round: &Round, subject: &Subject) -> Option<Digest> {
        let (snapshot, instance) = (&round.snapshot, &subject.instance);
        let region = snapshot.desired.region_of(instance)?;
        if !subject.whole {
            return None;
        }
        let pins = self.pins(snapshot, instance, None).await.ok()?;
        let inputs = self.inputs(&snapshot.desired, instance, region, &pins);
        Some(Digest::of_json(&(&round.common, inputs)))
    }

    async fn look_closer(
        &self,
        snapshot: &Arc<PlanningSnapshot>,
        subject: &Subject,
        told: &Told,
    ) -> Result<Found, PlanError> {
        let instance = &subject.instance;
        let plugin = snapshot.desired.plugins.default(&instance.app);
        // An app that isn't installed, or whose file isn't there, was told of.
        if plugin.is_none_or(|plugin| self.offline.plugins.facts(&plugin.digest).is_err())
            && !told.is_empty()
        {
            return Ok(Found::default());
        }
        if subject.whole && snapshot.desired.region_of(instance).is_some() && told.is_empty() {
            let wanted = self
                .wanted(snapshot, instance, None, &SecretVersions::new())
                .await;
            if let Ok(wanted) = wanted {
                return Ok(Found {
                    warnings: wanted.declaration.warnings,
                    ..Found::default()
                });
            }
        }
        let pins = self.pins(snapshot, instance, None).await?;
        let app = &pins.app;
        let shared = pins.overrides.values.as_ref();
        let merged = app.merged(&snapshot.desired, instance, shared);
        let faults = app.schema.faults(&merged, &instance.at);
        let mut found = Found::default();
        let fresh = faults.iter().filter(|fault| !told.has(&fault.problem));
        found
            .problems
            .extend(fresh.map(|fault| fault.problem.clone()));

        let Some(region) = snapshot.desired.region_of(instance) else {
            return Ok(found);
        };
        if !subject.known_environment || merged.is_partial() {
            return Ok(found);
        }
        let case = Case {
            instance,
            region,
            pins: &pins,
            app,
            merged: &merged,
            faults: &faults,
        };
        let violations = match self.violations(&case).await {
            Ok(violations) => violations,
            // With names that aren't its own, what a plugin fails of may not be its own.
            Err(PlanError::Plugin(_)) if !subject.named => return Ok(found),
            Err(error) => return Err(error),
        };
        let nothing = faults.is_empty() && violations.is_empty();
        found.problems.extend(
            violations
                .iter()
                .map(|violation| violation_problem(violation, &merged, &instance.at, region))
                .filter(|problem| !told.has(problem)),
        );
        if nothing {
            self.templates(snapshot, subject, &mut found).await?;
        }
        Ok(found)
    }

    /// What the app's own check finds. Values that the schema doesn't take are shown to it
    /// as they are, and where it can't read those, repaired; what it then says of them
    /// isn't told.
    async fn violations(&self, case: &Case<'_>) -> Result<Vec<Violation>, PlanError> {
        let instance = case.instance;
        let names = Names::new(&self.offline.installation, instance, Incarnation::FIRST);
        let ask = |values| {
            let request = self.request(
                instance,
                case.region,
                &names,
                values,
                &SecretVersions::new(),
            );
            self.hook(case.pins, request)
        };
        let unreadable = |answer: &Result<Vec<Violation>, PluginError>| match answer {
            Ok(violations) => violations
                .iter()
                .any(|violation| violation.code == UNREADABLE),
            Err(_) => true,
        };
        let canonical = |values| case.app.schema.canonical(values);
        let mut answer = ask(canonical(case.merged.to_value())).await;
        if !case.faults.is_empty() && unreadable(&answer) {
            let values = repaired(case.merged, case.faults, &case.app.base);
            answer = ask(canonical(values)).await;
            if unreadable(&answer) {
                return Ok(Vec::new());
            }
        }
        let mut violations = match answer {
            Ok(violations) => violations,
            // Told once for the template, by planning.
            Err(PluginError::Templates(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        violations.retain(|violation| {
            let mut faults = case.faults.iter();
            !faults.any(|fault| fault.touches(&violation.pointer))
        });
        Ok(violations)
    }

    async fn hook(&self, pins: &Pins, request: Request) -> Result<Vec<Violation>, PluginError> {
        let plugins = Arc::clone(&self.offline.plugins);
        let digest = pins.facts.digest.clone();
        let templates = pins.overrides.templates.clone();
        tokio::task::spawn_blocking(move || plugins.validate(&digest, &templates, &request))
            .await
            .unwrap_or_else(|panic| {
                Err(PluginError::Broken(format!(
                    "the plugin's host failed: {panic}"
                )))
            })
    }

    /// Plans an instance whose values are fine, for what its templates and its graph say.
    /// Of one in which something else is wrong, only the templates are told of.
    async fn templates(
        &self,
        snapshot: &Arc<PlanningSnapshot>,
        subject: &Subject,
        found: &mut Found,
    ) -> Result<(), PlanError> {
        let instance = &subject.instance;
        match self
            .wanted(snapshot, instance, None, &SecretVersions::new())
            .await
        {
            Ok(wanted) => found.warnings = wanted.declaration.warnings,
            Err(PlanError::Plugin(PluginError::Render {
                template,
                line,
                message,
            })) => found.templates.push(in_template(template, line, message)),
            Err(error @ PlanError::Plugin(PluginError::Templates(_))) => {
                found
                    .problems
                    .extend(error.into_problems(&instance.target)?);
            }
            Err(PlanError::Plugin(PluginError::Refused(message))) if subject.whole => {
                found.problems.push(at(instance, Problem::new(message)));
            }
            Err(error) if subject.whole => {
                found
                    .problems
                    .extend(error.into_problems(&instance.target)?);
            }
            Err(_) => {}
        }
        Ok(())
    }
}

/// An instance with all that its values are held against.
struct Case<'a> {
    instance: &'a Instance,
    region: &'a Region,
    pins: &'a Pins,
    app: &'a AppValues,
    merged: &'a Merged,
    faults: &'a [Fault],
}

/// The values that fault was found with while the files were read.
struct Told {
    places: BTreeSet<(String, String)>,
    any: bool,
}

impl Told {
    fn of(problems: &[Problem]) -> Self {
        let place = |problem: &Problem| Some((problem.file.clone()?, problem.path.clone()?));
        Self {
            places: problems.iter().filter_map(place).collect(),
            any: !problems.is_empty(),
        }
    }

    fn is_empty(&self) -> bool {
        !self.any
    }

    fn has(&self, problem: &Problem) -> bool {
        match (&problem.file, &problem.path) {
            (Some(file), Some(path)) => self.places.contains(&(file.clone(), path.clone())),
            _ => false,
        }
    }
}

/// `acme/odoo`, `acme/odoo and 15 more instances`.
fn whose(labels: &[String]) -> String {
    match labels {
        [] => "no instance".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, rest @ ..] => format!("{one} and {} more instances", rest.len()),
    }
}
