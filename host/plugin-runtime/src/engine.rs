//! The one configuration of the WebAssembly engine.

use deploycenter_plugin_package::LoadError;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy,
};

use crate::limits;

/// How instances get their memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Mapped when needed: for commands that make few instances and end.
    #[default]
    OneShot,
    /// From a pool that is reserved at the start: for a server, where an instance then
    /// costs microseconds. Takes plugins of ordinary size only.
    Pooled,
}

/// An engine, and the thread that moves its epoch as long as it lives.
pub(crate) fn engine(mode: Mode) -> Result<Engine, LoadError> {
    let engine = bare_engine(mode)?;
    let weak = engine.weak();
    std::thread::Builder::new()
        .name("plugin-epoch".to_owned())
        .spawn(move || {
            loop {
                std::thread::sleep(limits::TICK);
                match weak.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        })
        .map_err(|error| LoadError::Host(format!("no thread for its clock: {error}")))?;
    Ok(engine)
}

/// An engine whose epoch stands still: for compiling alone. What it compiles in one mode
/// runs in the other.
pub(crate) fn bare_engine(mode: Mode) -> Result<Engine, LoadError> {
    Engine::new(&config(mode)).map_err(|error| LoadError::Host(format!("{error:#}")))
}

fn config(mode: Mode) -> Config {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift);
    config.cranelift_opt_level(OptLevel::Speed);
    // Fuel is the limit that is the same on every machine; the epoch ends what is slow
    // for a reason outside the guest.
    config.consume_fuel(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(limits::STACK);
    // Whatever could differ from machine to machine is off.
    config.cranelift_nan_canonicalization(true);
    config.wasm_relaxed_simd(false);
    config.wasm_memory64(false);
    // Threads, GC and the concurrent component model aren't compiled in.
    config.concurrency_support(false);
    config.wasm_component_model(true);
    if mode == Mode::Pooled {
        let mut pool = PoolingAllocationConfig::new();
        pool.max_memory_size(limits::MEMORY)
            .table_elements(limits::TABLE_ELEMENTS)
            .total_component_instances(128)
            .total_core_instances(512)
            .total_memories(128)
            .total_tables(512)
            .max_unused_warm_slots(16);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}
