//! What a guest may use, in one place.

use std::time::Duration;

use wasmtime::{Error, ResourceLimiter, Store};

/// How often the epoch moves on; deadlines are counted in these.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// Linear memory of one instance, in bytes.
pub(crate) const MEMORY: usize = 64 << 20;
/// Memory up to which an instance of the template engine is kept for the next call:
/// linear memory never shrinks, so one large template would hold on to it.
pub(crate) const IDLE_MEMORY: usize = 16 << 20;
/// Entries of one table.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;
/// Stack of WebAssembly frames, in bytes.
pub(crate) const STACK: usize = 512 << 10;
/// Steps of the machine for one `plan` or `validate`: about a second.
pub(crate) const PLAN_FUEL: u64 = 1_000_000_000;
/// Steps of the machine for parsing all templates, or for rendering one.
pub(crate) const RENDER_FUEL: u64 = 2_000_000_000;
/// Steps of the machine for all that one `plan` or `validate` has rendered: several
/// seconds, so that what renders without an end is the plugin's fault and not the clock's.
pub(crate) const RENDERS_FUEL: u64 = 10_000_000_000;
/// Steps of the template language for rendering one template.
pub(crate) const RENDER_STEPS: u64 = 1_000_000;
/// The longest text that a template may render to, in bytes.
pub(crate) const RENDER_OUTPUT: u32 = 4 << 20;
/// How long one `plan` or `validate` may take by the clock, which only ends what fuel
/// doesn't: a machine that is out of breath.
pub(crate) const PLAN_TIME: Duration = Duration::from_secs(60);
/// How long one template may take by the clock.
pub(crate) const RENDER_TIME: Duration = Duration::from_secs(20);
/// Files, volumes, records, secrets and edges that one plan may declare, each.
pub(crate) const DECLARED: usize = 200;
/// Of all those together.
pub(crate) const DECLARED_IN_ALL: usize = 400;
/// The longest file or manifest, in bytes.
pub(crate) const TEXT: usize = 4 << 20;
/// All files and manifests of one plan, in bytes.
pub(crate) const TEXT_IN_ALL: usize = 8 << 20;
/// Keys of all generated secrets of one plan.
pub(crate) const SECRET_KEYS: usize = 200;
/// Calls of the host in one call of the guest, and the bytes given with them. The host's
/// own work costs the guest no steps.
pub(crate) const HOST_CALLS: usize = 5_000;
pub(crate) const HOST_BYTES: usize = 256 << 20;
/// What a guest may give the host with one call, in bytes: texts and lists that all lead to
/// the same place in its memory count each time.
pub(crate) const GIVEN_AT_ONCE: usize = 8 << 20;
/// Violations that one `validate` may find, and the longest text of one in bytes.
pub(crate) const VIOLATIONS: usize = 1_000;
pub(crate) const VIOLATION_TEXT: usize = 4 << 10;
/// Lines that one call may log, the longest of them and all of them in bytes.
pub(crate) const LOG_LINES: usize = 1_000;
pub(crate) const LOG_LINE: usize = 4 << 10;
pub(crate) const LOG_IN_ALL: usize = 256 << 10;

/// Warnings of one plan that are shown with it.
pub(crate) const WARNINGS: usize = 20;

/// Counts what an instance takes, and remembers that it was refused something.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Bytes, over all memories of the instance.
    pub(crate) memory: usize,
    /// Whether the guest asked for more memory than it may have.
    pub(crate) out_of_memory: bool,
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, Error> {
        // Over all memories of the instance; they only grow.
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if total > MEMORY {
            self.out_of_memory = true;
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, Error> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        32
    }

    fn tables(&self) -> usize {
        32
    }

    fn memories(&self) -> usize {
        8
    }
}

/// Gives a store what one call may use.
pub(crate) fn refill<T>(store: &mut Store<T>, fuel: u64, time: Duration) -> Result<(), Error> {
    store
        .set_epoch_deadline(u64::try_from(time.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX));
    store.set_hostcall_fuel(GIVEN_AT_ONCE);
    store.set_fuel(fuel)
}
