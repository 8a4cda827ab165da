//! Identifiers: every id is a type, and none can be built unchecked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest DNS label, which is also the longest name that Kubernetes takes for a
/// namespace (RFC 1123).
pub const LABEL_MAX: usize = 63;

/// Why a text is no valid name. `Display` is a sentence for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} \"{text}\" {reason}")]
pub struct NameError {
    what: &'static str,
    text: String,
    reason: String,
}

impl NameError {
    fn new(what: &'static str, text: &str, reason: impl Into<String>) -> Self {
        let shown: String = text.chars().take(80).collect();
        Self {
            what,
            text: shown.escape_debug().to_string(),
            reason: reason.into(),
        }
    }

    /// The sentence without the name of the thing and its text, for a message that has
    /// said both already.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Names that would collide with something that Kubernetes, git or Argo CD already has.
pub(crate) const RESERVED: &[&str] = &[
    "default",
    "main",
    "master",
    "head",
    "argocd",
    "prod",
    "localhost",
    "system",
    "deploycenter",
];

/// How names begin that Kubernetes and DeployCenter keep for themselves.
pub(crate) const RESERVED_PREFIXES: &[&str] = &["kube-", "deploycenter-"];

fn check_label(what: &'static str, text: &str) -> Result<(), NameError> {
    let fail = |reason: &str| Err(NameError::new(what, text, reason));
    if text.is_empty() {
        return fail("is empty");
    }
    if text.len() > LABEL_MAX {
        return fail("is longer than 63 characters");
    }
    if let Some(odd) = text
        .chars()
        .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-'))
    {
        return fail(&if odd.is_ascii_uppercase() {
            format!("holds the capital \"{odd}\"; names are lower case")
        } else if odd.is_alphanumeric() {
            format!(
                "holds \"{odd}\" (U+{:04X}), which isn't the plain letter it may look like",
                odd as u32
            )
        } else {
            format!(
                "holds \"{}\"; only a-z, 0-9 and single hyphens are allowed",
                odd.escape_debug()
            )
        });
    }
    if text.starts_with('-') || text.ends_with('-') {
        return fail("begins or ends with a hyphen");
    }
    if text.contains("--") {
        return fail("holds \"--\", which joins the parts of derived names");
    }
    Ok(())
}

fn check_own_label(what: &'static str, text: &str) -> Result<(), NameError> {
    check_label(what, text)?;
    if RESERVED.contains(&text)
        || RESERVED_PREFIXES
            .iter()
            .any(|prefix| text.starts_with(prefix))
    {
        return Err(NameError::new(what, text, "is reserved"));
    }
    Ok(())
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&'static str, &str) -> Result<(), NameError> = $check;
                check($what, text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )*};
}

names! {
    /// A tenant: a DNS label that isn't reserved.
    CustomerName, "customer", check_own_label;
    /// One running copy of an app, within its customer: a DNS label that isn't reserved.
    InstanceName, "instance", check_own_label;
    /// What is deployed: a DNS label such as `odoo`.
    AppName, "app", check_own_label;
    /// A key of `regions.yaml`: a DNS label such as `eu-west-3`.
    RegionName, "region", check_label;
    /// `prod`, `staging`, `dev` or a file of `environments/`: a DNS label.
    EnvironmentName, "environment", check_label;
    /// The id that `init` wrote into `deploycenter.toml`: 4 to 32 of a-z, 0-9 and hyphens.
    InstallationId, "installation id", |what, text| {
        check_label(what, text)?;
        if !(4..=32).contains(&text.len()) {
            return Err(NameError::new(what, text, "is not 4 to 32 characters long"));
        }
        Ok(())
    };
    /// One apply of one target's plan: 1 to 40 of a-z, 0-9 and hyphens; sorts by time.
    DeploymentId, "deployment id", |what, text| {
        check_label(what, text)?;
        if text.len() > 40 {
            return Err(NameError::new(what, text, "is longer than 40 characters"));
        }
        Ok(())
    };
}

/// Which incarnation of a target's name this is, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub u32);

impl Incarnation {
    /// The first incarnation of a name.
    pub const FIRST: Self = Self(1);

    /// What follows a readable name: nothing for the first incarnation, `--i2` for the second.
    #[must_use]
    pub fn suffix(self) -> String {
        if self.0 <= 1 {
            String::new()
        } else {
            format!("--i{}", self.0)
        }
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The unit that is planned, deployed, locked and rolled back: `acme/odoo`, or
/// `acme/_customer` for what a customer's instances share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetId {
    customer: CustomerName,
    /// `None` sorts first, so a customer's shared target comes before its instances.
    instance: Option<InstanceName>,
}

/// How the shared target of a customer is written.
const SHARED: &str = "_customer";

impl TargetId {
    /// An instance's target.
    #[must_use]
    pub fn instance_of(customer: CustomerName, instance: InstanceName) -> Self {
        Self {
            customer,
            instance: Some(instance),
        }
    }

    /// The implicit target of what a customer's instances share.
    #[must_use]
    pub fn shared_of(customer: CustomerName) -> Self {
        Self {
            customer,
            instance: None,
        }
    }

    /// Whose target this is.
    #[must_use]
    pub fn customer(&self) -> &CustomerName {
        &self.customer
    }

    /// The instance, unless this is the customer's shared target.
    #[must_use]
    pub fn instance(&self) -> Option<&InstanceName> {
        self.instance.as_ref()
    }

    /// Whether this is `<customer>/_customer`.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.instance.is_none()
    }

    /// The branch that holds this target's generated files.
    #[must_use]
    pub fn branch(&self) -> String {
        format!("customer/{}", self.customer)
    }
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instance {
            Some(instance) => write!(f, "{}/{instance}", self.customer),
            None => write!(f, "{}/{SHARED}", self.customer),
        }
    }
}

impl FromStr for TargetId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let Some((customer, instance)) = text.split_once('/') else {
            return Err(NameError::new(
                "target",
                text,
                "is not of the form <customer>/<instance>",
            ));
        };
        Ok(Self {
            customer: customer.parse()?,
            instance: if instance == SHARED {
                None
            } else {
                Some(instance.parse()?)
            },
        })
    }
}

impl TryFrom<String> for TargetId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<TargetId> for String {
    fn from(target: TargetId) -> Self {
        target.to_string()
    }
}
