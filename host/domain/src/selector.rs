//! Which targets a command is about: `acme`, `acme/odoo`, `*/odoo`, `--region`,
//! `--environment`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::desired::{Instance, did_you_mean, did_you_mean_below};
use crate::name::{CustomerName, EnvironmentName, InstanceName, NameError, RegionName, TargetId};
use crate::problem::{Problem, Problems};
use crate::remedy::{Advice, Remedy};

/// One selector of the command line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Selector {
    /// `None`: every customer.
    customer: Option<CustomerName>,
    /// `None`: every instance, and the customer's shared target.
    instance: Option<InstanceName>,
}

/// A text that is no selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// A part is no name.
    #[error("in the selector \"{text}\": {error}")]
    Name {
        /// The selector.
        text: String,
        /// What is wrong with the part.
        error: NameError,
    },
    /// More than one slash, or an empty part.
    #[error("\"{0}\" is no selector; write acme, acme/odoo, acme/* or */odoo")]
    Form(String),
}

impl Selector {
    /// Parses `acme`, `acme/odoo`, `acme/*`, `*/odoo`, `*/*` or `*`.
    ///
    /// # Errors
    /// When it has another form, or a part isn't a name.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let clipped = || {
            text.chars()
                .take(100)
                .collect::<String>()
                .escape_debug()
                .to_string()
        };
        let name_error = |error| SelectorError::Name {
            text: clipped(),
            error,
        };
        let (customer, instance) = match text.split_once('/') {
            None => (text, "*"),
            Some((customer, instance)) => (customer, instance),
        };
        if customer.is_empty() || instance.is_empty() || instance.contains('/') {
            return Err(SelectorError::Form(clipped()));
        }
        let customer = if customer == "*" {
            None
        } else {
            Some(customer.parse().map_err(name_error)?)
        };
        let instance = if instance == "*" {
            None
        } else {
            Some(instance.parse().map_err(name_error)?)
        };
        Ok(Self { customer, instance })
    }

    /// The selector of one target; of a shared one, that of its customer.
    #[must_use]
    pub fn of(target: &TargetId) -> Self {
        Self {
            customer: Some(target.customer().clone()),
            instance: target.instance().cloned(),
        }
    }

    /// Whether a target is meant. A customer's shared target is, when all of its instances
    /// are.
    #[must_use]
    pub fn matches(&self, target: &TargetId) -> bool {
        self.customer
            .as_ref()
            .is_none_or(|customer| customer == target.customer())
            && self
                .instance
                .as_ref()
                .is_none_or(|instance| Some(instance) == target.instance())
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let customer = self.customer.as_ref().map_or("*", CustomerName::as_str);
        match &self.instance {
            Some(instance) => write!(f, "{customer}/{instance}"),
            None => f.write_str(customer),
        }
    }
}

impl FromStr for Selector {
    type Err = SelectorError;
    fn from_str(text: &str) -> Result<Self, SelectorError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Selector {
    type Error = SelectorError;
    fn try_from(text: String) -> Result<Self, SelectorError> {
        Self::parse(&text)
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.to_string()
    }
}

/// All that a command line says about targets; nothing said means every target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Any of these has to match; none: all do.
    pub selectors: Vec<Selector>,
    /// Only instances that run there.
    pub region: Option<RegionName>,
    /// Only instances of that environment.
    pub environment: Option<EnvironmentName>,
}

impl Selection {
    /// Those very targets; of a shared one, its whole customer.
    #[must_use]
    pub fn of_targets<'a>(targets: impl IntoIterator<Item = &'a TargetId>) -> Self {
        Self {
            selectors: targets.into_iter().map(Selector::of).collect(),
            ..Self::default()
        }
    }

    /// Whether an instance is meant.
    #[must_use]
    pub fn matches(&self, instance: &Instance) -> bool {
        self.matches_target(&instance.target)
            && self
                .region
                .as_ref()
                .is_none_or(|region| *region == instance.region)
            && self
                .environment
                .as_ref()
                .is_none_or(|environment| *environment == instance.environment)
    }

    /// Whether a target is meant, or shared by a customer of whom an instance is.
    #[must_use]
    pub fn touches(&self, target: &TargetId) -> bool {
        let same = |selector: &Selector| {
            selector
                .customer
                .as_ref()
                .is_none_or(|customer| customer == target.customer())
        };
        self.matches_target(target) || (target.is_shared() && self.selectors.iter().any(same))
    }

    /// Whether one of the selectors means a target, of which nothing but its name need be
    /// known: one that isn't desired any more, say.
    #[must_use]
    pub fn matches_target(&self, target: &TargetId) -> bool {
        self.selectors.is_empty()
            || self
                .selectors
                .iter()
                .any(|selector| selector.matches(target))
    }

    /// The instances that are meant, in order. `others` are targets beside the desired
    /// ones that a selector may name.
    ///
    /// # Errors
    /// A selector, region or environment that matches nothing: more likely a slip than a
    /// wish.
    pub fn select<'a>(
        &self,
        instances: impl IntoIterator<Item = &'a Instance>,
        others: &[TargetId],
    ) -> Result<Vec<&'a Instance>, Problems> {
        self.select_beside(instances, others, &[])
    }

    /// The same, where there were `former` targets once: none is meant, but whoever names
    /// one hears what became of it.
    ///
    /// # Errors
    /// As [`Selection::select`].
    pub fn select_beside<'a>(
        &self,
        instances: impl IntoIterator<Item = &'a Instance>,
        others: &[TargetId],
        former: &[TargetId],
    ) -> Result<Vec<&'a Instance>, Problems> {
        let all: Vec<&Instance> = instances.into_iter().collect();
        let mut found = Vec::new();
        for selector in &self.selectors {
            let mut known = all.iter().map(|instance| &instance.target).chain(others);
            if !known.any(|target| selector.matches(target)) {
                let once = former
                    .iter()
                    .find(|target| !target.is_shared() && selector.matches(target));
                found.push(match once {
                    Some(target) => gone(selector, target),
                    None => unmatched(selector, &all, others),
                });
            }
        }
        if let Some(region) = &self.region
            && !all.iter().any(|instance| instance.region == *region)
        {
            let mut problem = Problem::new(format!("no instance runs in region \"{region}\""));
            problem.help = did_you_mean(
                region.as_str(),
                all.iter().map(|instance| instance.region.as_str()),
            )
            .map(Advice::from);
            found.push(problem);
        }
        if let Some(environment) = &self.environment
            && !all
                .iter()
                .any(|instance| instance.environment == *environment)
        {
            let mut problem =
                Problem::new(format!("no instance is of environment \"{environment}\""));
            problem.help = did_you_mean(
                environment.as_str(),
                all.iter().map(|instance| instance.environment.as_str()),
            )
            .map(Advice::from);
            found.push(problem);
        }
        Problems::check(found)?;
        let chosen: Vec<&Instance> = all
            .iter()
            .copied()
            .filter(|instance| self.matches(instance))
            .collect();
        let meant_others = others
            .iter()
            .any(|target| !self.selectors.is_empty() && self.matches_target(target));
        if chosen.is_empty() && !all.is_empty() && !meant_others {
            return Err(Problem::new("no instance matches all of what was selected")
                .help("each part matches something, but nothing matches them together")
                .into());
        }
        Ok(chosen)
    }
}

/// A selector of what was there once.
fn gone(selector: &Selector, target: &TargetId) -> Problem {
    Problem::new(format!("the selector \"{selector}\" matches nothing")).help((
        format!("{target} is neither desired nor deployed any more; look at its deployments: "),
        Remedy::History(target.clone()),
    ))
}

fn unmatched(selector: &Selector, all: &[&Instance], others: &[TargetId]) -> Problem {
    let mut problem = Problem::new(format!("the selector \"{selector}\" matches nothing"));
    let targets = || all.iter().map(|instance| &instance.target).chain(others);
    let meant = match (&selector.customer, &selector.instance) {
        (Some(customer), None) => did_you_mean(
            customer.as_str(),
            targets().map(|target| target.customer().as_str()),
        ),
        // Only the whole selector, as it would have to be written, leads on.
        (None, Some(instance)) => did_you_mean_below(
            "*/",
            instance.as_str(),
            targets()
                .filter_map(TargetId::instance)
                .map(InstanceName::as_str),
        ),
        (Some(customer), Some(instance))
            if targets().any(|target| target.customer() == customer) =>
        {
            let its = targets().filter(|target| target.customer() == customer);
            did_you_mean_below(
                &format!("{customer}/"),
                instance.as_str(),
                its.filter_map(TargetId::instance).map(InstanceName::as_str),
            )
        }
        _ => {
            let names: Vec<String> = targets().map(TargetId::to_string).collect();
            did_you_mean(&selector.to_string(), names.iter().map(String::as_str))
        }
    };
    problem.help = meant.map(Advice::from);
    problem
}
