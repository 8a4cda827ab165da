//! `deploycenter:plugin/graph`: edges that no token shows.

use deploycenter_domain::declaration::{ApplicationRole, Declaration};
use deploycenter_domain::effect::{EffectId, EffectKind};
use wasmtime::Error;

use crate::bindings::app::deploycenter::plugin::graph;
use crate::failure::HostFault;
use crate::limits;
use crate::state::{Phase, State};

impl graph::Host for State {
    fn depends_on(&mut self, effect: String, on: String) -> Result<Result<(), String>, Error> {
        self.called()?;
        if self.phase != Phase::Plan {
            return Err(Error::from(HostFault(
                "calls `graph` while it validates values, where nothing can be declared".to_owned(),
            )));
        }
        Ok(self.edge(&effect, &on))
    }
}

impl State {
    fn edge(&mut self, effect: &str, on: &str) -> Result<(), String> {
        let declared = |text: &str| {
            let id: EffectId = text
                .parse()
                .map_err(|error: deploycenter_domain::effect::EffectIdError| error.to_string())?;
            if is_declared(&self.declaration, &id) {
                Ok(id)
            } else {
                Err(format!("the effect {id} hasn't been declared"))
            }
        };
        let edge = (declared(effect)?, declared(on)?);
        if edge.0 == edge.1 {
            return Err(format!("the effect {} can't wait for itself", edge.0));
        }
        let edges = &mut self.declaration.depends_on;
        if edges.len() >= limits::DECLARED {
            return Err(format!("more than {} edges are declared", limits::DECLARED));
        }
        if !edges.contains(&edge) {
            edges.push(edge);
        }
        Ok(())
    }
}

fn is_declared(declaration: &Declaration, id: &EffectId) -> bool {
    let name = id.name();
    match id.kind() {
        EffectKind::FileSystem | EffectKind::AccessPoint => declaration.volumes.contains_key(name),
        EffectKind::Record => declaration.records.contains_key(name),
        EffectKind::Secret => declaration.generated.contains_key(name),
        EffectKind::File => declaration.files.contains_key(name),
        EffectKind::Application => declaration
            .applications
            .keys()
            .any(|role: &ApplicationRole| role.as_str() == name),
        // The host's own; a plugin can't name them.
        EffectKind::MountTarget | EffectKind::Commit | EffectKind::Project | EffectKind::Sync => {
            false
        }
    }
}
