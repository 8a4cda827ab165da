//! The usual way to deploy an app, so that an app is a screenful.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::argocd::{self, IgnoredDifference, Options, Role, SyncOption};
use crate::efs::{self, Owner, Volume};
use crate::network::{self, Opening};
use crate::quota::{self, Quota};
use crate::{PlanError, Request, git, rendering, route53, secrets};

/// Collects what an app needs, then renders all of its templates:
///
/// - `values.yaml` of the app to `values.yaml`;
/// - every `dependencies/<name>.yaml` of the app, and the shared ones that were named, to
///   `dependencies/<name>.yaml`; one that renders to nothing but white space is left out.
///
/// The two Argo CD applications are declared with what [`application`](Self::application)
/// chose for them.
///
/// Namespace, quota, network policies, service account, secret store and external secrets
/// are the host's: it makes them from what [`quota`](Self::quota), [`open`](Self::open),
/// [`generated`](Self::generated) and [`given`](Self::given) declare, and takes no file
/// named `namespace.yaml`, `guardrails.yaml`, `network.yaml` or `secrets.yaml` in
/// `dependencies/`. An entry's keys are those of the Kubernetes secret `<app>-<entry>`.
///
/// Templates see the context, `values`, `volumes.<name>`, `secrets.<name>` (the entry's
/// full name), `secretKeys` and what [`set`](Self::set) gave. `secretKeys` has, for each given
/// secret of which a version is known, the key that a pod names so that it starts anew when
/// the secret is set anew: see [`Context::versioned_key`](crate::Context::versioned_key).
#[derive(Debug)]
pub struct Deployment<'a, V> {
    request: &'a Request<V>,
    volumes: BTreeMap<String, Volume>,
    secrets: BTreeMap<String, String>,
    secret_keys: BTreeMap<String, String>,
    shared: Vec<String>,
    extra: Map<String, Value>,
    options: BTreeMap<Role, Options>,
}

impl<'a, V> Deployment<'a, V> {
    /// A deployment that needs nothing yet.
    #[must_use]
    pub fn of(request: &'a Request<V>) -> Self {
        Self {
            request,
            volumes: BTreeMap::new(),
            secrets: BTreeMap::new(),
            secret_keys: BTreeMap::new(),
            shared: Vec::new(),
            extra: Map::new(),
            options: BTreeMap::new(),
        }
    }

    /// A volume on a storage class of the region, or on its default for `""`.
    ///
    /// # Errors
    /// As [`efs::ensure_volume`].
    pub fn volume(
        mut self,
        name: &str,
        storage_class: &str,
        owner: Owner,
    ) -> Result<Self, PlanError> {
        let class = self.request.storage_class(storage_class)?;
        self.volumes
            .insert(name.to_owned(), efs::ensure_volume(name, class, &owner)?);
        Ok(self)
    }

    /// A secret with random values, given as key and length.
    ///
    /// # Errors
    /// As [`secrets::ensure_generated`].
    pub fn generated(mut self, name: &str, keys: &[(&str, u32)]) -> Result<Self, PlanError> {
        self.secrets
            .insert(name.to_owned(), secrets::ensure_generated(name, keys)?);
        Ok(self)
    }

    /// A secret that a person must give, where `wanted`.
    ///
    /// # Errors
    /// As [`secrets::require_given`].
    pub fn given(
        mut self,
        wanted: bool,
        name: &str,
        key: &str,
        purpose: &str,
    ) -> Result<Self, PlanError> {
        if wanted {
            self.secrets
                .insert(name.to_owned(), secrets::require_given(name, key, purpose)?);
            if let Some(key) = self.request.context.versioned_key(name, key) {
                self.secret_keys.insert(name.to_owned(), key);
            }
        }
        Ok(self)
    }

    /// The login at a registry of images, which a person gives as the secret `name`, where
    /// there is one. All pods of the workload's service account pull with it.
    ///
    /// # Errors
    /// As [`secrets::require_given`].
    pub fn pull_secret(self, name: Option<&str>) -> Result<Self, PlanError> {
        let mut with = self.given(
            name.is_some(),
            name.unwrap_or_default(),
            secrets::PULL_SECRET,
            "the login at the registry of images, as the config.json of `docker login` holds it",
        )?;
        // It is looked at when an image is pulled: nothing has to start anew for it.
        with.secret_keys.remove(name.unwrap_or_default());
        Ok(with)
    }

    /// A record for the instance's domain, where it has one. The effect is `dns.record/domain`.
    ///
    /// # Errors
    /// As [`route53::ensure_record`].
    pub fn record(self) -> Result<Self, PlanError> {
        if let Some(domain) = &self.request.context.domain {
            route53::ensure_record("domain", domain)?;
        }
        Ok(self)
    }

    /// An opening of the network.
    ///
    /// # Errors
    /// As [`network::open`].
    pub fn open(self, opening: Opening) -> Result<Self, PlanError> {
        network::open(&opening)?;
        Ok(self)
    }

    /// The same for several.
    ///
    /// # Errors
    /// As [`network::open`].
    pub fn opens(self, openings: impl IntoIterator<Item = Opening>) -> Result<Self, PlanError> {
        openings.into_iter().try_fold(self, Self::open)
    }

    /// How much the instance may take of its cluster.
    ///
    /// # Errors
    /// As [`quota::ensure_quota`].
    pub fn quota(self, quota: &Quota) -> Result<Self, PlanError> {
        quota::ensure_quota(quota)?;
        Ok(self)
    }

    /// A shared template by its path under the shared `templates/`, such as
    /// `dependencies/redis.yaml`.
    #[must_use]
    pub fn shared(mut self, path: &str) -> Self {
        self.shared.push(path.to_owned());
        self
    }

    /// One more variable for templates.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// How Argo CD is to treat one of the two applications.
    #[must_use]
    pub fn application(mut self, role: Role, options: Options) -> Self {
        self.options.insert(role, options);
        self
    }

    /// Leaves the number of pods of a Kubernetes Deployment of the chart to an autoscaler,
    /// where `wanted`. The chart goes on saying `replicas`, as
    /// [`Autoscaling::first`](crate::values::Autoscaling::first) gives it: a field that was
    /// applied and then isn't said any more goes back to its default, and all pods but one
    /// would end before the autoscaler is there. Argo CD takes the number from the chart when
    /// it makes the Deployment, and from the cluster ever after.
    #[must_use]
    pub fn autoscaled(mut self, wanted: bool, deployment: &str) -> Self {
        if wanted {
            let options = self.options.entry(Role::Workload).or_default();
            options
                .sync_options
                .push(SyncOption::RespectIgnoreDifferences);
            options.ignored_differences.push(IgnoredDifference {
                group: "apps".to_owned(),
                kind: "Deployment".to_owned(),
                name: Some(deployment.to_owned()),
                json_pointers: vec!["/spec/replicas".to_owned()],
            });
        }
        self
    }

    /// Renders all templates and declares the files and the two applications.
    ///
    /// # Errors
    /// When a template fails, or two of them make the same file.
    pub fn finish(self) -> Result<(), PlanError> {
        let internal = |error: serde_json::Error| PlanError::Internal(error.to_string());
        let mut variables = self.request.raw_context.clone();
        variables.insert("values".to_owned(), self.request.raw_values.clone());
        variables.insert(
            "volumes".to_owned(),
            serde_json::to_value(&self.volumes).map_err(internal)?,
        );
        variables.insert(
            "secrets".to_owned(),
            serde_json::to_value(&self.secrets).map_err(internal)?,
        );
        variables.insert(
            "secretKeys".to_owned(),
            serde_json::to_value(&self.secret_keys).map_err(internal)?,
        );
        variables.extend(self.extra);
        let variables = Value::Object(variables).to_string();

        let mut sources: BTreeMap<String, String> = BTreeMap::new();
        let own = rendering::templates("dependencies/").into_iter();
        for template in own.chain(self.shared.iter().map(|path| format!("shared/{path}"))) {
            let file = template.rsplit('/').next().unwrap_or(&template);
            let path = format!("dependencies/{file}");
            if let Some(other) = sources.insert(path.clone(), template.clone()) {
                return Err(PlanError::Internal(format!(
                    "the templates {other} and {template} both make {path}"
                )));
            }
        }
        for (path, template) in &sources {
            let text = rendering::render_text(template, &variables)?;
            if !text.trim().is_empty() {
                git::ensure_file(path, &text)?;
            }
        }
        git::ensure_file(
            "values.yaml",
            &rendering::render_text("values.yaml", &variables)?,
        )?;

        for role in [Role::Base, Role::Workload] {
            let chosen = self.options.get(&role).cloned().unwrap_or_default();
            argocd::ensure_application(role, &chosen)?;
        }
        Ok(())
    }
}
