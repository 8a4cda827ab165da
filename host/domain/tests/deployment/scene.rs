//! What an instance in us-west-2 is made from: a whole declaration, to be changed by tests.

use std::collections::BTreeMap;

use deploycenter_domain::application::ApplicationOptions;
use deploycenter_domain::declaration::{
    ApplicationRole, Declaration, GeneratedKey, Openings, Volume,
};
use deploycenter_domain::desired::{Desired, Instance, Region, read};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::lock::{Lock, PinnedPlugin};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::naming::Names;
use deploycenter_domain::sync_options::PROTECTION;
use deploycenter_domain::wanted::{self, Site, WantedEffect};

use crate::support::token;

const REGIONS: &str = include_str!("../../../sandbox/fleet/regions.yaml");
pub(crate) const REPOSITORY: &str = "https://git.example.com/fleet.git";

/// What an instance in us-west-2 is made from.
pub(crate) struct Scene {
    desired: Desired,
    names: Names,
    pub(crate) lock: Lock,
    chart: BTreeMap<String, String>,
    pub(crate) declaration: Declaration,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let plugins = format!(
            "version = 1\n[[plugin]]\napp = \"mattermost\"\nversion = \"0.1.0\"\ndigest = \"{}\"\nsource = \"plugins/x.wasm\"\ngrants = []\ndefault = true\n",
            Digest::of(b"x")
        );
        let customers = "version: 1\ncustomers:\n  - name: acme\n    region: us-west-2\n    apps:\n      - { app: mattermost, name: chat, domain: chat.acme.apps.example.com }\n";
        let settings =
            "version = 1\ninstallation = \"testing\"\n[argocd]\nserver = \"argocd.example.com\"\n";
        let files = [
            ("customers.yaml", customers),
            ("regions.yaml", REGIONS),
            ("plugins.lock", &plugins),
            ("deploycenter.toml", settings),
        ];
        let desired = read(
            &files
                .into_iter()
                .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
                .collect(),
        )
        .unwrap();
        let instance: &Instance = desired.instances().next().unwrap();
        let names = Names::new(&"testing".parse().unwrap(), instance, Incarnation::FIRST);
        let lock = Lock {
            format: 1,
            app: "mattermost".parse().unwrap(),
            incarnation: Incarnation::FIRST,
            plugin: PinnedPlugin {
                version: "0.1.0".to_owned(),
                digest: Digest::of(b"x"),
            },
            overrides: None,
            data_version: None,
            secret_versions: BTreeMap::new(),
            bindings: BTreeMap::new(),
        };
        let chart = BTreeMap::from([("Chart.yaml".to_owned(), "name: mattermost\n".to_owned())]);
        Self {
            desired,
            names,
            lock,
            chart,
            declaration: declaration(),
        }
    }

    pub(crate) fn wanted(&self) -> Result<Vec<WantedEffect>, Vec<String>> {
        let region = &self.desired.regions.regions[&"us-west-2".parse().unwrap()];
        let site = Site {
            names: &self.names,
            region,
            regions: &self.desired.regions,
            weight: 100,
            repository: REPOSITORY,
            chart: &self.chart,
            lock: &self.lock,
        };
        wanted::instance(site, &self.declaration)
    }

    pub(crate) fn region(&mut self) -> &mut Region {
        let name = "us-west-2".parse().unwrap();
        self.desired.regions.regions.get_mut(&name).unwrap()
    }

    pub(crate) fn refused(edit: impl FnOnce(&mut Declaration), what: &str) {
        let mut scene = Self::new();
        edit(&mut scene.declaration);
        let found = scene.wanted().unwrap_err();
        assert!(
            found.len() == 1 && found[0].contains(what),
            "{what}: {found:#?}"
        );
    }
}

pub(crate) fn volume_manifest(file_system: &str, access_point: &str) -> String {
    format!(
        "apiVersion: v1\nkind: PersistentVolume\nmetadata:\n  name: acme--chat--data\n  annotations:\n    {PROTECTION}\nspec:\n  capacity:\n    storage: 1Gi\n  accessModes:\n    - ReadWriteMany\n  persistentVolumeReclaimPolicy: Retain\n  storageClassName: \"\"\n  mountOptions:\n    - tls\n  csi:\n    driver: efs.csi.aws.com\n    volumeHandle: \"{file_system}::{access_point}\"\n  claimRef:\n    name: data\n    namespace: acme--chat\n"
    )
}

pub(crate) fn declaration() -> Declaration {
    let volumes = volume_manifest(
        &token("efs.file-system/data"),
        &token("efs.access-point/data"),
    );
    Declaration {
        files: BTreeMap::from([
            ("values.yaml".to_owned(), "replicas: 1\n".to_owned()),
            ("dependencies/volumes.yaml".to_owned(), volumes),
        ]),
        volumes: BTreeMap::from([("data".to_owned(), volume("efs"))]),
        records: BTreeMap::from([("domain".to_owned(), "Chat.acme.apps.example.com".to_owned())]),
        generated: BTreeMap::from([(
            "app".to_owned(),
            ["salt", "password"]
                .map(|key| GeneratedKey {
                    key: key.to_owned(),
                    length: 32,
                })
                .into(),
        )]),
        given: BTreeMap::new(),
        applications: [ApplicationRole::Base, ApplicationRole::Workload]
            .map(|role| (role, ApplicationOptions::default()))
            .into(),
        quota: None,
        openings: Openings::default(),
        depends_on: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(crate) fn volume(class: &str) -> Volume {
    Volume {
        class: class.to_owned(),
        uid: 2000,
        gid: 2000,
        permissions: "0750".to_owned(),
    }
}
