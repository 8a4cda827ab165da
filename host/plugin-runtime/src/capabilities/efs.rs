//! `deploycenter:aws/efs`: volumes.

use deploycenter_domain::declaration::Volume;
use deploycenter_domain::effect::{EffectKind, OutputName};
use deploycenter_domain::token::Reference;
use wasmtime::Error;

use crate::bindings::app::deploycenter::aws::efs::{self, Owner};
use crate::state::{State, check_name, effect, insert, shown};

impl efs::Host for State {
    fn ensure_volume(
        &mut self,
        name: String,
        storage_class: String,
        owner: Owner,
    ) -> Result<Result<efs::Volume, String>, Error> {
        self.declare("efs")?;
        Ok(self.volume(&name, &storage_class, owner))
    }
}

impl State {
    fn volume(&mut self, name: &str, class: &str, owner: Owner) -> Result<efs::Volume, String> {
        check_name("volume", name)?;
        let Some(existing) = self.request.storage.get(class) else {
            let known: Vec<_> = self.request.storage.keys().map(String::as_str).collect();
            return Err(match known.as_slice() {
                [] => format!(
                    "the volume {name} wants the storage class \"{}\", but the region has none; add one under `storage` in regions.yaml",
                    shown(class)
                ),
                _ => format!(
                    "the volume {name} wants the storage class \"{}\", which the region doesn't have; it has {}",
                    shown(class),
                    known.join(", ")
                ),
            });
        };
        let octal = matches!(owner.permissions.len(), 3 | 4)
            && owner
                .permissions
                .bytes()
                .all(|b| (b'0'..=b'7').contains(&b));
        if !octal {
            return Err(format!(
                "the volume {name} has the permissions \"{}\"; 3 or 4 octal digits are wanted, such as 0750",
                shown(&owner.permissions)
            ));
        }
        let token = |kind| {
            Ok::<_, String>(
                Reference {
                    effect: effect(kind, name)?,
                    output: OutputName::Id,
                }
                .token(),
            )
        };
        let file_system_id = match existing {
            Some(id) => id.clone(),
            None => token(EffectKind::FileSystem)?,
        };
        let access_point_id = token(EffectKind::AccessPoint)?;
        let volume = Volume {
            class: class.to_owned(),
            uid: owner.uid,
            gid: owner.gid,
            permissions: owner.permissions,
        };
        insert(
            &mut self.declaration,
            |all| &mut all.volumes,
            "volume",
            name.to_owned(),
            volume,
        )?;
        Ok(efs::Volume {
            handle: format!("{file_system_id}::{access_point_id}"),
            file_system_id,
            access_point_id,
        })
    }
}
