//! Every name outside that is derived from installation, target, effect and incarnation.

use std::collections::BTreeMap;

use serde_json::json;

use crate::declaration::ApplicationRole;
use crate::desired::Instance;
use crate::digest::Digest;
use crate::effect::EffectId;
use crate::name::{
    AppName, CustomerName, EnvironmentName, Incarnation, InstallationId, InstanceName, LABEL_MAX,
    RegionName, TargetId,
};

/// The Argo CD project that held the base applications of all customers before each
/// customer got one of its own. Nothing is put there any more; what stands there is led
/// away when it is planned.
pub const FORMER_BASE_PROJECT: &str = "deploycenter-base";

/// What joins the parts of a derived name; no name holds it.
const JOINT: &str = "--";
/// What follows the name of a base application, and of a project of bases.
const BASE: &str = "--base";
/// Room for the incarnation in names, up to `--i99`.
const INCARNATION_ROOM: usize = 5;

/// How many characters customer and instance may have together, so that every derived
/// name fits Kubernetes.
pub const CUSTOMER_AND_INSTANCE_MAX: usize =
    LABEL_MAX - JOINT.len() - BASE.len() - INCARNATION_ROOM;

/// The longest root directory of an EFS access point, in characters (EFS API,
/// `RootDirectory.Path`).
const ACCESS_POINT_PATH_MAX: usize = 100;

/// By how many characters the names of a target would be too long.
#[must_use]
pub fn too_long(customer: &CustomerName, instance: &InstanceName) -> Option<usize> {
    let length = customer.as_str().len() + instance.as_str().len();
    length
        .checked_sub(CUSTOMER_AND_INSTANCE_MAX)
        .filter(|over| *over > 0)
}

/// The customer's Argo CD project, for workloads.
#[must_use]
pub fn project(customer: &CustomerName) -> String {
    customer.to_string()
}

/// The customer's Argo CD project for bases: `acme--base`. No customer's name holds the
/// joint, so it is no other customer's project.
#[must_use]
pub fn base_project(customer: &CustomerName) -> String {
    format!("{customer}{BASE}")
}

/// The namespace of one incarnation of an instance, and the name of its workload: `acme--odoo`,
/// `acme--odoo--i2`, ….
#[must_use]
pub fn readable(
    customer: &CustomerName,
    instance: &InstanceName,
    incarnation: Incarnation,
) -> String {
    format!("{customer}{JOINT}{instance}{}", incarnation.suffix())
}

/// A creation token of AWS for one effect of one incarnation of a target: 43 characters.
#[must_use]
pub fn token(
    installation: &InstallationId,
    target: &TargetId,
    incarnation: Incarnation,
    effect: &EffectId,
) -> String {
    format!(
        "dc-{}",
        short_digest(&[
            installation.as_str(),
            &target.to_string(),
            &incarnation.to_string(),
            &effect.to_string()
        ])
    )
}

/// 40 hexadecimal digits over texts, none of which can run into the next.
fn short_digest(parts: &[&str]) -> String {
    Digest::of_json(&json!(parts)).hex()[..40].to_owned()
}

/// The labels of what belongs to a customer as a whole.
#[must_use]
pub fn customer_labels(
    installation: &InstallationId,
    customer: &CustomerName,
) -> BTreeMap<String, String> {
    [
        (label::INSTALLATION, installation.as_str()),
        (label::CUSTOMER, customer.as_str()),
        (label::MANAGED_BY, "deploycenter"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

/// What comes before the name of an instance's entry in Secrets Manager.
#[must_use]
pub fn secret_prefix(
    installation: &InstallationId,
    customer: &CustomerName,
    instance: &InstanceName,
    incarnation: Incarnation,
) -> String {
    format!("deploycenter/{installation}/{customer}/{instance}/i{incarnation}/")
}

/// Keys of the labels on Kubernetes and Argo CD objects.
pub mod label {
    /// The installation's id.
    pub const INSTALLATION: &str = "deploycenter.dev/installation";
    /// The customer.
    pub const CUSTOMER: &str = "deploycenter.dev/customer";
    /// The instance.
    pub const INSTANCE: &str = "deploycenter.dev/instance";
    /// The app.
    pub const APP: &str = "deploycenter.dev/app";
    /// The environment.
    pub const ENVIRONMENT: &str = "deploycenter.dev/environment";
    /// Kubernetes' own: which tool manages an object.
    pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
}

/// The names of one incarnation of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    installation: InstallationId,
    customer: CustomerName,
    instance: InstanceName,
    app: AppName,
    environment: EnvironmentName,
    region: RegionName,
    incarnation: Incarnation,
}

impl Names {
    /// The names of an instance in that incarnation.
    #[must_use]
    pub fn new(
        installation: &InstallationId,
        instance: &Instance,
        incarnation: Incarnation,
    ) -> Self {
        Self {
            installation: installation.clone(),
            customer: instance.target.customer().clone(),
            instance: instance.name().clone(),
            app: instance.app.clone(),
            environment: instance.environment.clone(),
            region: instance.region.clone(),
            incarnation,
        }
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> TargetId {
        TargetId::instance_of(self.customer.clone(), self.instance.clone())
    }

    /// The app.
    #[must_use]
    pub fn app(&self) -> &AppName {
        &self.app
    }

    /// Which incarnation of the instance.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Whether the incarnation fits the room that was kept for it.
    #[must_use]
    pub fn fit(&self) -> bool {
        self.base_application().len() <= LABEL_MAX
    }

    fn readable(&self) -> String {
        readable(&self.customer, &self.instance, self.incarnation)
    }

    /// `acme--odoo`, `acme--odoo--i2`, ….
    #[must_use]
    pub fn namespace(&self) -> String {
        self.readable()
    }

    /// The workload's application: `acme--odoo`.
    #[must_use]
    pub fn application(&self) -> String {
        self.readable()
    }

    /// The base's application: `acme--odoo--base`.
    #[must_use]
    pub fn base_application(&self) -> String {
        format!("{}{BASE}", self.readable())
    }

    /// The application of a role.
    #[must_use]
    pub fn application_of(&self, role: ApplicationRole) -> String {
        match role {
            ApplicationRole::Base => self.base_application(),
            ApplicationRole::Workload => self.application(),
        }
    }

    /// The Argo CD project of a role's application.
    #[must_use]
    pub fn project_of(&self, role: ApplicationRole) -> String {
        match role {
            ApplicationRole::Base => self.base_project(),
            ApplicationRole::Workload => self.project(),
        }
    }

    /// The customer's Argo CD project, for workloads.
    #[must_use]
    pub fn project(&self) -> String {
        project(&self.customer)
    }

    /// The customer's Argo CD project for bases: `acme--base`.
    #[must_use]
    pub fn base_project(&self) -> String {
        base_project(&self.customer)
    }

    /// The branch with the generated files.
    #[must_use]
    pub fn branch(&self) -> String {
        self.target().branch()
    }

    /// The folder on the branch: `us-west-2/odoo`.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("{}/{}", self.region, self.instance)
    }

    /// The creation token of an effect: at most 64 characters.
    #[must_use]
    pub fn token(&self, effect: &EffectId) -> String {
        token(&self.installation, &self.target(), self.incarnation, effect)
    }

    /// Which of the weighted records of a domain is this one: at most 128 characters, and
    /// the same in every incarnation, so that a record is never left behind under another.
    #[must_use]
    pub fn set_identifier(&self) -> String {
        format!(
            "deploycenter/{}/{}/{}",
            self.installation, self.customer, self.region
        )
    }

    /// What comes before the name of an entry in Secrets Manager.
    #[must_use]
    pub fn secret_prefix(&self) -> String {
        secret_prefix(
            &self.installation,
            &self.customer,
            &self.instance,
            self.incarnation,
        )
    }

    /// The root directory of a volume on a file system of the instance's own.
    #[must_use]
    pub fn dedicated_path(&self, volume: &str) -> String {
        format!("/{volume}")
    }

    /// The root directory of a volume on the operator's file system: readable where EFS
    /// has room for it (100 characters), else a digest.
    #[must_use]
    pub fn existing_path(&self, volume: &str) -> String {
        let Self {
            installation,
            customer,
            instance,
            incarnation,
            ..
        } = self;
        let path = format!(
            "/deploycenter/{installation}/{customer}{JOINT}{instance}{JOINT}i{incarnation}/{volume}"
        );
        if path.len() <= ACCESS_POINT_PATH_MAX {
            return path;
        }
        let digest = short_digest(&[
            installation.as_str(),
            customer.as_str(),
            instance.as_str(),
            &incarnation.to_string(),
            volume,
        ]);
        format!("/deploycenter/{digest}")
    }

    /// The `Name` tag of a file system or access point: `acme--odoo/data`.
    #[must_use]
    pub fn name_tag(&self, volume: &str) -> String {
        format!("{}/{volume}", self.readable())
    }

    /// The labels of what belongs to the instance.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = customer_labels(&self.installation, &self.customer);
        for (key, value) in [
            (label::INSTANCE, self.instance.as_str()),
            (label::APP, self.app.as_str()),
            (label::ENVIRONMENT, self.environment.as_str()),
        ] {
            labels.insert(key.to_owned(), value.to_owned());
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::desired::{Layer, Place};

    fn names(customer: &str, instance: &str, incarnation: u32) -> Names {
        let target: TargetId = format!("{customer}/{instance}").parse().unwrap();
        let instance = Instance {
            target,
            app: "odoo".parse().unwrap(),
            environment: "staging".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
            domain: "erp.acme.apps.example.com".to_owned(),
            aliases: vec![],
            weight: None,
            values: Layer::default(),
            at: Place {
                file: "customers.yaml".to_owned(),
                line: 1,
                column: 1,
            },
        };
        Names::new(
            &"fleet-7k3m".parse().unwrap(),
            &instance,
            Incarnation(incarnation),
        )
    }

    #[test]
    fn readable_names() {
        let names = names("acme", "odoo", 1);
        assert_eq!(names.namespace(), "acme--odoo");
        assert_eq!(names.application(), "acme--odoo");
        assert_eq!(names.base_application(), "acme--odoo--base");
        assert_eq!(names.project_of(ApplicationRole::Base), "acme--base");
        assert_eq!(names.project_of(ApplicationRole::Workload), "acme");
        assert_eq!(names.branch(), "customer/acme");
        assert_eq!(names.folder(), "us-west-2/odoo");
        assert_eq!(
            names.set_identifier(),
            "deploycenter/fleet-7k3m/acme/us-west-2"
        );
        assert_eq!(
            names.secret_prefix(),
            "deploycenter/fleet-7k3m/acme/odoo/i1/"
        );
        assert_eq!(
            names.existing_path("data"),
            "/deploycenter/fleet-7k3m/acme--odoo--i1/data"
        );
        assert_eq!(names.name_tag("data"), "acme--odoo/data");
        assert_eq!(names.labels()["deploycenter.dev/environment"], "staging");
        assert_eq!(names.labels().len(), 6);
    }

    #[test]
    fn a_later_incarnation_has_names_of_its_own() {
        let (first, second) = (names("acme", "odoo", 1), names("acme", "odoo", 2));
        assert_eq!(second.namespace(), "acme--odoo--i2");
        assert_eq!(second.base_application(), "acme--odoo--i2--base");
        let effect: EffectId = "efs.file-system/data".parse().unwrap();
        assert_ne!(first.token(&effect), second.token(&effect));
        assert_ne!(first.secret_prefix(), second.secret_prefix());
        assert_ne!(first.existing_path("data"), second.existing_path("data"));
        assert_eq!(first.set_identifier(), second.set_identifier());
    }

    #[test]
    fn the_longest_names_fit_everywhere() {
        let customer = "c".repeat(30);
        let instance = "i".repeat(CUSTOMER_AND_INSTANCE_MAX - 30);
        let longest = names(&customer, &instance, 99);
        assert!(longest.fit());
        assert_eq!(longest.base_application().len(), 63);
        assert!(!names(&customer, &instance, 100).fit());
        assert!(longest.base_project().len() <= 63);
        let effect: EffectId = "efs.file-system/data".parse().unwrap();
        assert!(longest.token(&effect).len() <= 64);
        assert!(longest.existing_path(&"v".repeat(40)).len() <= 100);
        assert_eq!(
            too_long(&customer.parse().unwrap(), &instance.parse().unwrap()),
            None
        );
        assert_eq!(
            too_long(
                &format!("{customer}c").parse().unwrap(),
                &instance.parse().unwrap()
            ),
            Some(1)
        );
    }

    #[test]
    fn tokens_differ_by_every_part() {
        let effect: EffectId = "efs.file-system/data".parse().unwrap();
        let other: EffectId = "efs.file-system/files".parse().unwrap();
        let tokens = [
            names("acme", "odoo", 1).token(&effect),
            names("acme", "odoo", 1).token(&other),
            names("acme", "odoo", 11).token(&effect),
            names("acme-corp", "odoo", 1).token(&effect),
            names("acme", "odoo-1", 1).token(&effect),
        ];
        let unique: std::collections::BTreeSet<&String> = tokens.iter().collect();
        assert_eq!(unique.len(), tokens.len());
    }
}
