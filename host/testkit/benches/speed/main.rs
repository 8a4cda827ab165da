//! Measures, and judges nothing: `cargo xtask bench` builds this, runs it beside its
//! peers, and holds the figures against the goals.
//!
//! Each measurement is one line of JSON on stdout; what people watch goes to stderr.

mod calls;
mod capture;
mod fleet;
mod http;
mod plan;
mod push;
mod python;
mod recorded;
mod recording;
mod report;
mod target;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// What `cargo xtask bench` says to every measurement.
struct Setting {
    /// A folder for whatever is written.
    dir: PathBuf,
    /// The Python that has Jinja2 and PyYAML.
    python: PathBuf,
    /// Few rounds of small size: to see that it runs.
    quick: bool,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let name = arguments.next().unwrap_or_default();
    match name.as_str() {
        // In a process of its own, whose memory is looked at.
        "plan-once" => plan::once(&arguments.collect::<Vec<_>>()),
        "repo" => target::repo(&arguments.collect::<Vec<_>>()),
        "record" => recording::record(&arguments.collect::<Vec<_>>()),
        "" => {
            eprintln!("this is measured by: cargo xtask bench");
            Ok(())
        }
        name => {
            let setting = Setting {
                dir: variable("DEPLOYCENTER_BENCH_DIR")?.into(),
                python: variable("DEPLOYCENTER_BENCH_PYTHON")?.into(),
                quick: std::env::var_os("DEPLOYCENTER_BENCH_QUICK").is_some(),
            };
            match name {
                "B1" => target::measure(&setting),
                "B3" => plan::measure(&setting),
                "B4" => calls::no_op(&setting),
                "B5" => calls::records(&setting),
                "B6" => push::measure(&setting),
                other => bail!("there is no measurement {other}"),
            }
        }
    }
}

fn variable(name: &str) -> Result<std::ffi::OsString> {
    std::env::var_os(name).with_context(|| format!("{name} isn't set; run cargo xtask bench"))
}
