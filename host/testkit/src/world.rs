//! A world: a deployment repo with its remote, the stand-ins, and a journal, all in a
//! folder of its own; and the lives of a process that works in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Result;
use deploycenter_argocd::{ArgoCd, ArgoCdConfig};
use deploycenter_aws::{Aws, Fixed, Places};
use deploycenter_domain::desired::{self, PluginsLock};
use deploycenter_engine::{Engine, Limits, Providers};
use deploycenter_git::{Credentials, DeploymentRepo, Git, GitConfig};
use deploycenter_plugin_runtime::{Library, PluginFile, Runtime, RuntimeConfig, bundled};
use deploycenter_ports::{Calls, Clock, HEARTBEAT, Provider, Repository as _, Silent, Store};
use deploycenter_sandbox::argocd::GitAccess;
use deploycenter_sandbox::sample::{REGIONS, STAGING, SampleRepo};
use deploycenter_sandbox::{
    ACCESS_KEY_ID, SECRET_ACCESS_KEY, Sandbox, SandboxClock, SandboxConfig, SandboxState,
};
use deploycenter_store::{SqliteStore, StoreOptions};
use tempfile::TempDir;

use crate::canary;
use crate::clock::{CountingIds, RealClock, SleeplessClock};
use crate::faulty::{FaultyGit, GitFault, Switch};
use crate::gate::Gate;
use crate::inventory::Inventory;
use crate::store::GatedStore;
use crate::twice::Twice;

/// The generated repository as manifests name it: the same in every world, so that the
/// same desired state gives the same bytes.
const REPOSITORY: &str = "https://git.example.com/fleet.git";

/// How far the stand-ins' time moves at each request.
const STEP: u64 = 100;

/// How long a deployment waits for what is away.
const OUTAGE: Duration = Duration::from_secs(600);

/// A world. Dropping it removes everything.
pub struct World {
    dir: TempDir,
    repo: SampleRepo,
    sandbox: Option<Sandbox>,
    runtime: tokio::runtime::Runtime,
    ids: Arc<AtomicU64>,
    git_faults: Arc<Switch>,
    twice: Arc<AtomicBool>,
    time: SandboxClock,
}

/// How a process's life went.
#[derive(Debug)]
pub enum Life<T> {
    /// It did what it came for.
    Lived(T),
    /// It died at the gate.
    Died,
}

impl World {
    /// A world with that `customers.yaml`, and the fleet's regions.
    ///
    /// # Errors
    /// When files, git or sockets fail.
    pub fn new(customers: &str) -> Result<Self> {
        Self::in_time(
            customers,
            SandboxClock::Stepped {
                millis_per_request: STEP,
            },
        )
    }

    /// A world that goes by that time: stepped, or the machine's own, in which waiting
    /// takes as long as it takes.
    ///
    /// # Errors
    /// As [`World::new`].
    pub fn in_time(customers: &str, time: SandboxClock) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let repo = SampleRepo::below(dir.path());
        repo.create(&files(customers)?)?;
        canary::plant(&repo.checkout)?;
        Self::born(dir, repo, time, None, 0)
    }

    /// Another world that is as this one is now. Nobody may be at work here meanwhile.
    ///
    /// # Errors
    /// When files, git or sockets fail.
    pub fn copy(&self) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        copy_folder(self.dir.path(), dir.path())?;
        let repo = SampleRepo::below(dir.path());
        git2::Repository::open(&repo.checkout)?
            .remote_set_url("origin", &repo.remote.to_string_lossy())?;
        let state = self.sandbox().state();
        let ids = self.ids.load(Ordering::SeqCst);
        let copy = Self::born(dir, repo, self.time, Some(state), ids)?;
        // A cache is called by its remote: a process finds the copy's as warm as the original.
        let called = copy.git();
        let cache_dir = called.cache_dir.clone();
        let copied = GitConfig {
            cache_dir,
            ..self.git()
        };
        let copied = copied.cache()?;
        if copied.exists() {
            std::fs::rename(copied, called.cache()?)?;
        }
        Ok(copy)
    }

    fn born(
        dir: TempDir,
        repo: SampleRepo,
        time: SandboxClock,
        state: Option<SandboxState>,
        ids: u64,
    ) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let sandbox = runtime.block_on(Sandbox::start_from(config(&repo, time)?, state))?;
        Ok(Self {
            dir,
            repo,
            sandbox: Some(sandbox),
            runtime,
            ids: Arc::new(AtomicU64::new(ids)),
            git_faults: Arc::default(),
            twice: Arc::default(),
            time,
        })
    }

    /// Where its processes find the generated branches.
    fn git(&self) -> GitConfig {
        GitConfig {
            cache_dir: self.state("git"),
            remote_url: self.repo.remote.to_string_lossy().into_owned(),
            credentials: Credentials::default(),
            signer: None,
        }
    }

    /// The stand-ins.
    ///
    /// # Panics
    /// Never: they are there until the world is dropped.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        self.sandbox
            .as_ref()
            .expect("the sandbox is there until the world is dropped")
    }

    /// The operator's checkout.
    #[must_use]
    pub fn checkout(&self) -> &Path {
        &self.repo.checkout
    }

    /// The bare remote.
    #[must_use]
    pub fn remote(&self) -> &Path {
        &self.repo.remote
    }

    /// Writes a file of the desired state, commits and pushes it.
    ///
    /// # Errors
    /// When files or git fail.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.repo.checkout.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
        Ok(self.repo.publish("A change")?)
    }

    /// Loses the journal, as a machine does that is made anew.
    ///
    /// # Errors
    /// When it can't be removed.
    pub fn lose_journal(&self) -> Result<()> {
        for suffix in ["", "-wal", "-shm"] {
            let path = self.state(&format!("journal.db{suffix}"));
            if path.exists() {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Makes git fail from now on, or never again.
    pub fn set_git_fault(&self, fault: Option<GitFault>) {
        self.git_faults.set(fault);
    }

    /// Takes every step twice from now on.
    pub fn do_everything_twice(&self) {
        self.twice.store(true, Ordering::SeqCst);
    }

    /// Wants none of the logins that this world knows in anything that was written.
    ///
    /// # Panics
    /// When one is there.
    pub fn wants_no_login(&self) {
        let known = [self.sandbox().argocd_token(), SECRET_ACCESS_KEY];
        let found = canary::search(self.dir.path(), &known);
        assert_eq!(found, [""; 0], "a login was written");
        let outside = self.sandbox().snapshot().to_string();
        canary::absent("a stand-in", &outside);
    }

    /// Everything that exists outside.
    ///
    /// # Errors
    /// When the remote can't be read.
    pub fn inventory(&self) -> Result<Inventory> {
        let mut inventory = Inventory::of_git(&self.repo.remote)?;
        inventory.add_sandbox(&self.sandbox().snapshot());
        Ok(inventory)
    }

    /// One life of a process: a new engine, with nothing in memory of the lives before,
    /// doing `work` until it is done or dies at the gate.
    ///
    /// # Errors
    /// When the engine can't be made.
    pub fn live<T: Send>(
        &self,
        gate: &Arc<Gate>,
        work: impl AsyncFnOnce(Engine) -> T,
    ) -> Result<Life<T>> {
        // On one thread, so that what happens at the same time happens in the same order.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let life = runtime.block_on(async {
            let (mut engine, store) = self.engine(gate.clone()).await?;
            engine.store = Arc::new(GatedStore {
                inner: engine.store,
                gate: Arc::clone(gate),
            });
            let life = tokio::select! {
                biased;
                () = gate.dead() => Life::Died,
                done = work(engine) => Life::Lived(done),
            };
            store.close().await;
            anyhow::Ok(life)
        });
        // Blocking work that was under way has ended: the gate waited for it.
        runtime.shutdown_timeout(Duration::from_secs(10));
        life
    }

    /// An engine at work on all cores, whose calls `calls` watches: for what is counted
    /// or timed, where no process dies.
    ///
    /// # Errors
    /// When the engine can't be made.
    pub fn work<T>(
        &self,
        calls: Arc<dyn Calls>,
        limits: Limits,
        work: impl AsyncFnOnce(Engine) -> T,
    ) -> Result<T> {
        tokio::runtime::Runtime::new()?.block_on(async {
            let (mut engine, store) = self.engine(calls).await?;
            engine.limits = limits;
            let done = work(engine).await;
            store.close().await;
            Ok(done)
        })
    }

    async fn engine(&self, calls: Arc<dyn Calls>) -> Result<(Engine, Arc<SqliteStore>)> {
        let clock: Arc<dyn Clock> = if self.time.is_real() {
            Arc::new(RealClock)
        } else {
            Arc::new(SleeplessClock::new())
        };
        let repo = Arc::new(DeploymentRepo::open(&self.repo.checkout)?);
        let desired = desired::read(&repo.desired_files().await?)?;
        let installation = desired.settings.installation.clone();
        let git = Git::open(&self.git(), Arc::clone(&clock), calls.clone())?;
        let aws = Aws::fixed(
            Places::of(&desired.regions),
            Arc::clone(&clock),
            calls.clone(),
            Fixed {
                endpoint: self
                    .sandbox()
                    .aws_url()
                    .as_str()
                    .trim_end_matches('/')
                    .to_owned(),
                access_key_id: ACCESS_KEY_ID.to_owned(),
                secret_access_key: SECRET_ACCESS_KEY.to_owned(),
            },
        );
        let argocd = ArgoCdConfig::new(
            self.sandbox().argocd_url(),
            self.sandbox().argocd_token().to_owned(),
            installation.clone(),
        );
        let argocd = Arc::new(ArgoCd::new(
            &argocd,
            git.clone(),
            Arc::clone(&clock),
            calls.clone(),
        )?);
        let options = StoreOptions {
            durable: false,
            owner: "a test".to_owned(),
            machine: "a test's".to_owned(),
            heartbeat: HEARTBEAT,
        };
        let store = Arc::new(
            SqliteStore::open(&self.state("journal.db"), options, Arc::clone(&clock)).await?,
        );
        let twice = |inner: Arc<dyn Provider>| -> Arc<dyn Provider> {
            Arc::new(Twice {
                inner,
                switch: Arc::clone(&self.twice),
            })
        };
        let engine = Engine {
            installation,
            generated_url: REPOSITORY.to_owned(),
            providers: Providers {
                efs: twice(Arc::new(aws.efs())),
                dns: twice(Arc::new(aws.route53())),
                secrets: twice(Arc::new(aws.secrets())),
                provided: Arc::new(aws.provided_secrets()),
                git: twice(Arc::new(FaultyGit {
                    inner: git.clone(),
                    switch: Arc::clone(&self.git_faults),
                })),
                generated: git,
                argocd: twice(argocd.clone()),
                applications: argocd.clone(),
                syncing: argocd.clone(),
                inventory: vec![
                    Arc::new(aws.efs()),
                    Arc::new(aws.route53()),
                    Arc::new(aws.secrets()),
                    argocd,
                ],
            },
            store: Arc::clone(&store) as Arc<dyn Store>,
            plugins: library()?,
            repository: repo,
            clock,
            ids: Arc::new(CountingIds(Arc::clone(&self.ids))),
            progress: Arc::new(Silent),
            words: ToString::to_string,
            // One step at a time: a run passes the same points in the same order.
            limits: Limits {
                targets: 1,
                effects: 1,
                plans: 1,
                outage: OUTAGE,
            },
        };
        Ok((engine, store))
    }

    fn state(&self, name: &str) -> PathBuf {
        self.dir.path().join("state").join(name)
    }
}

/// The stand-ins' configuration for a world with these repos.
fn config(repo: &SampleRepo, time: SandboxClock) -> Result<SandboxConfig> {
    Ok(SandboxConfig {
        dir: None,
        clock: time,
        latency: Duration::ZERO,
        faults: Vec::new(),
        world: deploycenter_sandbox::World::from_regions_yaml(REGIONS)?,
        aws_port: 0,
        argocd_port: 0,
        argocd: deploycenter_sandbox::argocd::Config {
            git: GitAccess {
                overrides: BTreeMap::from([(REPOSITORY.to_owned(), repo.remote.clone())]),
            },
            ..Default::default()
        },
    })
}

/// Copies a folder. What never changes, git's objects and plugins, is linked.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            copy_folder(&path, &target)?;
        } else if path
            .components()
            .any(|part| part.as_os_str() == "objects" || part.as_os_str() == "plugins")
        {
            std::fs::hard_link(&path, &target)?;
        } else {
            std::fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.wants_no_login();
        }
        if let Some(sandbox) = self.sandbox.take() {
            self.runtime.block_on(sandbox.stop());
        }
    }
}

/// The files of a deployment repo with the bundled plugins, and that `customers.yaml`.
///
/// # Errors
/// When the plugins weren't built into this binary.
pub fn files(customers: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = plugins()?.clone();
    anyhow::ensure!(
        files.len() > 1,
        "the guests weren't built: cargo xtask build"
    );
    let settings = "version = 1\ninstallation = \"testing\"\n\n[argocd]\nserver = \"https://argocd.example.com\"\n";
    files.insert("deploycenter.toml".to_owned(), settings.as_bytes().to_vec());
    files.insert("customers.yaml".to_owned(), customers.as_bytes().to_vec());
    files.insert("regions.yaml".to_owned(), REGIONS.as_bytes().to_vec());
    files.insert(
        "environments/staging.yaml".to_owned(),
        STAGING.as_bytes().to_vec(),
    );
    files.insert(".gitignore".to_owned(), b"/.deploycenter/\n".to_vec());
    Ok(files)
}

/// The bundled plugins and the lock that approves of them, read once for all worlds of a
/// process.
fn plugins() -> Result<&'static BTreeMap<String, Vec<u8>>> {
    static FILES: OnceLock<std::result::Result<BTreeMap<String, Vec<u8>>, String>> =
        OnceLock::new();
    let read = FILES.get_or_init(|| {
        let mut files = BTreeMap::new();
        let mut plugins = Vec::new();
        for (app, bytes) in bundled() {
            let file = PluginFile::read(bytes).map_err(|error| error.to_string())?;
            let source = format!("plugins/{app}.wasm");
            files.insert(source.clone(), bytes.to_vec());
            plugins.push(file.locked(source));
        }
        let lock = PluginsLock { plugins }.render();
        files.insert("plugins.lock".to_owned(), lock.into_bytes());
        Ok(files)
    });
    read.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
}

/// The plugins, compiled once for all worlds of a process.
fn library() -> Result<Arc<Library>> {
    static LIBRARY: OnceLock<std::result::Result<Arc<Library>, String>> = OnceLock::new();
    let made = LIBRARY.get_or_init(|| {
        let mut library = Library::new(
            Runtime::new(RuntimeConfig::default()).map_err(|error| error.to_string())?,
        );
        library
            .add_bundled()
            .map_err(|error| format!("a bundled plugin: {error}"))?;
        Ok(Arc::new(library))
    });
    made.clone().map_err(anyhow::Error::msg)
}
