//! `deploycenter:tenancy/quota`: how much an instance may take of its cluster.

use deploycenter_domain::declaration::Quota;
use wasmtime::Error;

use crate::bindings::app::deploycenter::tenancy::quota::{self, Figures};
use crate::state::State;

/// More than any cluster has; Kubernetes takes all up to here.
const MILLICORES: u64 = 1_000_000_000;
const BYTES: u64 = 1 << 60;
const COUNT: u32 = 1_000_000;

impl quota::Host for State {
    fn ensure_quota(&mut self, figures: Figures) -> Result<Result<(), String>, Error> {
        let declaration = self.declare("quota")?;
        let Figures {
            cpu_millicores,
            memory,
            memory_limit,
            storage,
            pods,
            claims,
        } = figures;
        for (what, figure, most) in [
            ("cpu-millicores", cpu_millicores, MILLICORES),
            ("memory", memory, BYTES),
            ("memory-limit", memory_limit, BYTES),
            ("storage", storage, BYTES),
            ("pods", pods.into(), COUNT.into()),
            ("claims", claims.into(), COUNT.into()),
        ] {
            if figure > most {
                return Ok(Err(format!(
                    "the quota's {what} is {figure}, more than any cluster has; {most} is the most"
                )));
            }
        }
        let wanted = Quota {
            cpu_millicores,
            memory,
            memory_limit,
            storage,
            pods,
            claims,
        };
        if declaration.quota.is_some_and(|declared| declared != wanted) {
            return Ok(Err(
                "the quota is declared twice, with different figures".to_owned()
            ));
        }
        declaration.quota = Some(wanted);
        Ok(Ok(()))
    }
}
