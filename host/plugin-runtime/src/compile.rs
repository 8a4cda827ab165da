//! Compiling a plugin's code where it can be stopped.
//!
//! Compiling hostile code can take minutes and gigabytes, and a compiler has faults. What
//! this binary brings is compiled here; anything else in a process of its own that limits
//! its memory and processor time before it reads a byte, and that is ended by the clock.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use deploycenter_domain::digest::Digest;
use deploycenter_domain::escape;
use deploycenter_plugin_package::{LoadError, MAX_SIZE, check_shape};
use rustix::process::{Resource, Rlimit, Signal};
use wasmtime::Engine;

use crate::cache::CHECKSUM;
use crate::engine::{Mode, bare_engine};

/// Address space of the compiling process, in bytes; its peak of memory is below.
const MEMORY: u64 = 2 << 30;
/// Its processor time over all threads, in seconds. A JavaScript engine takes some ten.
const PROCESSOR_SECONDS: u64 = 60;
/// How long it may take by the clock, on a machine that does other things too.
const TIME: Duration = Duration::from_secs(300);
/// The largest compiled code, in bytes.
const CODE: u64 = 128 << 20;
/// How many threads compile: each takes of the same memory.
const THREADS: usize = 4;
/// How much of what it says is read, in bytes.
const SAID: u64 = 4 << 10;
/// How it ends when the plugin is at fault.
const UNFIT: u8 = 3;

/// The program that compiles plugins which this binary doesn't bring: it calls
/// [`compile_child`] and does nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// The program's file.
    pub program: PathBuf,
    /// What it is called with.
    pub arguments: Vec<OsString>,
}

/// A component's code for an engine, in the engine's own form. `here`: in this process.
///
/// # Errors
/// When it doesn't compile, or passes a limit.
pub(crate) fn compile_here(engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    engine
        .precompile_component(bytes)
        .map_err(|error| LoadError::Code(escape::shown(&format!("{error:#}"))))
}

/// The same, in a process of its own.
///
/// # Errors
/// When it doesn't compile or passes a limit; a fault of this machine as
/// [`LoadError::Host`].
pub(crate) fn compile_apart(compiler: &Compiler, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    let host = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| LoadError::Host(format!("{what}: {error}"))
    };
    // Without a name, so nobody else can write to it.
    let mut code = tempfile::tempfile().map_err(host("no file for compiled code"))?;
    let out = code
        .try_clone()
        .map_err(host("no file for compiled code"))?;
    let mut command = Command::new(&compiler.program);
    command
        .args(&compiler.arguments)
        .env_clear()
        .envs(
            LIBRARIES
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .env(
            "RAYON_NUM_THREADS",
            crate::gate::processors().min(THREADS).to_string(),
        )
        // Each arena of the allocator reserves address space.
        .env("MALLOC_ARENA_MAX", "2")
        .stdin(Stdio::piped())
        .stdout(out)
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(host("the compiling process can't be started"))?;
    let said = attend(&mut child, bytes);
    let status = child
        .wait()
        .map_err(host("the compiling process is lost"))?;
    let said = said.ok_or_else(|| {
        LoadError::Host(format!(
            "compiling it took more than {} seconds by the clock; try again when this machine does less",
            TIME.as_secs()
        ))
    })?;
    judge(status, &said)?;
    code.rewind().map_err(host("compiled code can't be read"))?;
    take(&mut code).map_err(host("compiled code can't be read"))
}

/// Where a program finds the libraries that it is linked with, if not in the usual places.
const LIBRARIES: [&str; 2] = ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

/// Gives the process its input, and waits for what it says until it ends; `None` when its
/// time was up, and it was ended.
fn attend(child: &mut Child, bytes: &[u8]) -> Option<String> {
    let (mut stdin, stderr) = (child.stdin.take()?, child.stderr.take()?);
    std::thread::scope(|scope| {
        // It may end before it has read everything: what it says then tells why.
        scope.spawn(move || drop(stdin.write_all(bytes)));
        let (tell, told) = channel();
        scope.spawn(move || {
            let mut said = Vec::new();
            let mut stderr = stderr;
            let _ = (&mut stderr).take(SAID).read_to_end(&mut said);
            let _ = io::copy(&mut stderr, &mut io::sink());
            let _ = tell.send(String::from_utf8_lossy(&said).into_owned());
        });
        let said = told.recv_timeout(TIME).ok();
        if said.is_none() {
            // It may have ended just now.
            let _ = child.kill();
        }
        said
    })
}

/// What the end of the process says of the plugin.
fn judge(status: ExitStatus, said: &str) -> Result<(), LoadError> {
    use std::os::unix::process::ExitStatusExt as _;
    if status.success() {
        return Ok(());
    }
    if status.code() == Some(i32::from(UNFIT)) {
        return Err(LoadError::Code(escape::shown(said.trim())));
    }
    let is = |signal: Signal| status.signal() == Some(signal.as_raw());
    if is(Signal::XCPU) {
        return Err(LoadError::Code(format!(
            "compiling it takes more than {PROCESSOR_SECONDS} seconds"
        )));
    }
    if is(Signal::XFSZ) {
        return Err(LoadError::Code(format!(
            "compiled, it has more than {} MiB",
            CODE >> 20
        )));
    }
    // Out of memory, out of stack, or a fault of the compiler that this code finds.
    if is(Signal::ABORT)
        || is(Signal::SEGV)
        || is(Signal::BUS)
        || is(Signal::ILL)
        || status.code() == Some(101)
    {
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        let last = last.map(|line| format!(" ({})", escape::shown(line)));
        return Err(LoadError::Code(format!(
            "compiling it needs more than the {} MiB of memory that it may have, or more than the compiler can do{}",
            MEMORY >> 20,
            last.unwrap_or_default()
        )));
    }
    Err(LoadError::Host(format!(
        "the compiling process ended with {status}: {}",
        escape::shown(said.trim())
    )))
}

/// Compiled code as the process wrote it: its checksum, then the code.
fn take(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(CODE + CHECKSUM as u64).read_to_end(&mut bytes)?;
    let (checksum, code) = bytes
        .split_at_checked(CHECKSUM)
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    if checksum != Digest::of(code).as_str().as_bytes() {
        return Err(io::Error::other("it isn't what was compiled"));
    }
    Ok(bytes.split_off(CHECKSUM))
}

/// What the compiling process does, from its start to its end: it limits itself, reads a
/// component from its standard input, and writes checksum and code to its standard output.
/// On a person's command line it does nothing useful.
#[must_use]
pub fn compile_child() -> ExitCode {
    let compiled = limit().and_then(|()| {
        let mut bytes = Vec::new();
        let most = MAX_SIZE as u64 + 1;
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let bytes = match compiled {
        Ok(bytes) => bytes,
        Err(error) => return ends(&error.to_string(), 1),
    };
    let code = check_shape(&bytes)
        .and_then(|()| bare_engine(Mode::OneShot))
        .and_then(|engine| compile_here(&engine, &bytes));
    let code = match code {
        Ok(code) => code,
        Err(LoadError::Code(why)) => return ends(&why, UNFIT),
        Err(error) => return ends(&error.to_string(), 1),
    };
    let mut out = io::stdout().lock();
    let written = out
        .write_all(Digest::of(&code).as_str().as_bytes())
        .and_then(|()| out.write_all(&code))
        .and_then(|()| out.flush());
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ends(&error.to_string(), 1),
    }
}

fn ends(why: &str, code: u8) -> ExitCode {
    // Whoever doesn't read it is told by the code.
    let _ = io::stderr().write_all(why.as_bytes());
    ExitCode::from(code)
}

/// Takes from this process what compiling doesn't need. A limit that is tighter already
/// stays.
fn limit() -> io::Result<()> {
    // Nobody else would end it before its time.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::As, MEMORY),
        (Resource::Cpu, PROCESSOR_SECONDS),
        (Resource::Fsize, CODE + CHECKSUM as u64),
    ] {
        let before = rustix::process::getrlimit(resource).maximum;
        let at_most = |most: u64| Some(before.map_or(most, |before| before.min(most)));
        // At the end of the processor time it is told so; a little later it would be killed.
        let later = u64::from(matches!(resource, Resource::Cpu)) * 5;
        let limit = Rlimit {
            current: at_most(most),
            maximum: at_most(most + later),
        };
        rustix::process::setrlimit(resource, limit)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
