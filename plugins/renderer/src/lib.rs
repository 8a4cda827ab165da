//! The host's template engine, as a guest of its own.
//!
//! A template may ask for any amount of memory (`"%200000000s"|format`), and a failed
//! allocation ends a process. In here it ends one instance, which the host replaces.

pub mod engine;

mod bindings {
    wit_bindgen::generate!({
        world: "renderer",
        path: "../../wit/renderer",
        generate_all,
    });
}

use std::cell::RefCell;

use bindings::exports::deploycenter::renderer::engine::{Failure, Guest};
use engine::Engine;

thread_local! {
    static ENGINE: RefCell<Engine> = RefCell::new(Engine::new(bindings::deploycenter::renderer::tokens::is_whole));
}

struct Component;

impl Guest for Component {
    fn load(templates: Vec<(String, String)>) -> Result<(), Vec<Failure>> {
        ENGINE
            .with_borrow_mut(|engine| engine.load(templates))
            .map_err(|all| all.into_iter().map(Failure::from).collect())
    }

    fn see(variables: String) -> Result<(), Failure> {
        ENGINE
            .with_borrow_mut(|engine| engine.see(&variables))
            .map_err(Failure::from)
    }

    fn render(name: String, steps: u64, max_output: u32) -> Result<String, Failure> {
        ENGINE
            .with_borrow_mut(|engine| engine.render(&name, steps, max_output))
            .map_err(Failure::from)
    }
}

impl From<engine::Failure> for Failure {
    fn from(failure: engine::Failure) -> Self {
        Self {
            template: failure.template,
            line: failure.line,
            message: failure.message,
        }
    }
}

// The exported names mean something to a component only; some linkers refuse them.
#[cfg(target_arch = "wasm32")]
#[expect(
    unsafe_code,
    reason = "the ABI by which a component's exports are called"
)]
const _: () = {
    bindings::export!(Component with_types_in bindings);
};
