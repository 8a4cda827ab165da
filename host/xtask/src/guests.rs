//! Builds what runs in the sandbox: the renderer and every app plugin.
//!
//! They go to `target/guests`, from where the host's build script takes them: a build
//! script that called cargo would wait for the lock that its own cargo holds.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use deploycenter_plugin_package::{Source, componentize, package};
use serde::Deserialize;

const TARGET: &str = "wasm32-unknown-unknown";

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Builds the renderer and every plugin of `apps/` into `target/guests`. A file whose
/// bytes are the same as before isn't touched, so that the host isn't built again.
pub(crate) fn build_guests() -> Result<()> {
    let root = workspace();
    let guests = root.join("target/guests");
    ensure_target()?;

    let core = compile(&root, &root.join("plugins/renderer"))?;
    write_if_changed(&guests.join("renderer.wasm"), &componentize(&core)?)?;

    let mut made = BTreeSet::new();
    for app in folders(&root.join("apps"))? {
        let core = compile(&root, &app)?;
        let source = Source::read(&app, &root.join("templates"))?;
        let bytes =
            package(&core, &source).with_context(|| format!("the plugin in {}", app.display()))?;
        let file = format!("{}.wasm", source.manifest.app);
        write_if_changed(&guests.join("plugins").join(&file), &bytes)?;
        made.insert(OsString::from(file));
    }
    // A plugin whose app is gone would otherwise stay bundled.
    for entry in fs::read_dir(guests.join("plugins")).into_iter().flatten() {
        let entry = entry?;
        if !made.contains(&entry.file_name()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in
        fs::read_dir(parent).with_context(|| format!("cannot read {}", parent.display()))?
    {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The name of a package, from its manifest.
fn package_name(folder: &Path) -> Result<String> {
    #[derive(Deserialize)]
    struct Manifest {
        package: Package,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
    }
    let path = folder.join("Cargo.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest: Manifest = toml::from_str(&text)
        .with_context(|| format!("{} is no package manifest", path.display()))?;
    Ok(manifest.package.name)
}

/// Compiles one guest and gives its core module. Each by itself, so that the features
/// which one asks of a common dependency don't change another's bytes.
fn compile(root: &Path, folder: &Path) -> Result<Vec<u8>> {
    let name = package_name(folder)?;
    let out = root.join("target/guests/build");
    let status = cargo(root)
        .args([
            "build",
            "--quiet",
            "--profile",
            "guest",
            "--target",
            TARGET,
            "--package",
            &name,
            "--target-dir",
        ])
        .arg(&out)
        .env("CARGO_ENCODED_RUSTFLAGS", remap(root).join("\u{1f}"))
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the guest {name} doesn't compile");
    }
    let path = out
        .join(TARGET)
        .join("guest")
        .join(format!("{}.wasm", name.replace('-', "_")));
    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The cargo that runs this program.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Flags that keep this machine's folders out of the bytes: panic messages hold paths.
fn remap(root: &Path) -> Vec<String> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let mut flags = vec![format!(
        "--remap-path-prefix={}=/deploycenter",
        root.display()
    )];
    if let Some(home) = home {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
        // Below it, sources lie in a folder that is named after the registry they came
        // from, which may be a mirror.
        let mut registries: Vec<_> = fs::read_dir(home.join("registry/src"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        registries.sort();
        flags.extend(
            registries
                .iter()
                .map(|path| format!("--remap-path-prefix={}=/crates", path.display())),
        );
    }
    flags
}

/// Adds the compiler's target for guests where it is missing.
fn ensure_target() -> Result<()> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start rustc; rustup installs it, see https://rustup.rs")?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && Path::new(&folder).is_dir() {
        return Ok(());
    }
    eprintln!("installing the compiler target {TARGET} with rustup");
    let status = Command::new("rustup")
        .args(["target", "add", TARGET])
        .status()
        .context("cannot start rustup, which installs the target that guests are built for")?;
    if !status.success() {
        bail!("rustup could not install {TARGET}; is there a network?");
    }
    Ok(())
}

fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let folder = path.parent().context("a file in a folder")?;
    fs::create_dir_all(folder)?;
    // Whole or not at all: another build may be reading it.
    let fresh = path.with_extension(format!("wasm.{}", std::process::id()));
    fs::write(&fresh, bytes)
        .and_then(|()| fs::rename(&fresh, path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    let shown = path.strip_prefix(workspace()).unwrap_or(path);
    eprintln!("built {} ({} KiB)", shown.display(), bytes.len() / 1024);
    Ok(())
}
