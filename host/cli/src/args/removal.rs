//! What the commands take that remove targets, or take up what is there already.

use clap::Args;
use deploycenter_domain::name::TargetId;

/// Of `destroy`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter destroy acme/odoo                        show what goes and what stays\n  deploycenter destroy acme/odoo --confirm acme/odoo\n\nWorkload, DNS and applications go; namespace, databases, volumes, file systems and secrets are\nretained: `orphans` lists them, `purge` deletes them, `adopt` goes on with them. A target that\nis still desired isn't destroyed."
)]
pub(crate) struct DestroyArgs {
    /// <customer>/<instance>
    #[arg(required = true, value_name = "TARGET")]
    pub(crate) targets: Vec<TargetId>,
    /// Confirm by name, once for each target; else it is asked for
    #[arg(long, value_name = "TARGET")]
    pub(crate) confirm: Vec<TargetId>,
    /// Remove more than a tenth of all targets at once
    #[arg(long)]
    pub(crate) many: bool,
    /// Go by a working tree that isn't committed and pushed
    #[arg(long)]
    pub(crate) allow_dirty: bool,
}

/// Of `purge`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter purge acme/odoo --confirm acme/odoo\n  deploycenter purge acme/odoo --incarnation 1 --confirm acme/odoo   an earlier life's\n  deploycenter purge acme/odoo --unused --confirm acme/odoo          what it no longer uses\n  deploycenter purge acme/_customer --confirm acme/_customer         what no instance is left of\n\nDeleted data doesn't come back: there is no recovery window."
)]
pub(crate) struct PurgeArgs {
    /// <customer>/<instance>, or <customer>/_customer
    pub(crate) target: TargetId,
    /// Confirm by name; else it is asked for
    #[arg(long, value_name = "TARGET")]
    pub(crate) confirm: Option<TargetId>,
    /// Which life of the target, when something is left of several
    #[arg(long, value_name = "N", conflicts_with = "unused")]
    pub(crate) incarnation: Option<u32>,
    /// Only data that the running target no longer uses
    #[arg(long)]
    pub(crate) unused: bool,
    /// Go by a working tree that isn't committed and pushed
    #[arg(long)]
    pub(crate) allow_dirty: bool,
}

/// Of `adopt`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter adopt acme/odoo dns.record/domain                 a record that stands there\n  deploycenter adopt acme/odoo efs.file-system/data=fs-0123abcd  a file system by its id\n  deploycenter adopt acme/odoo argocd.application/workload dns.record/domain\n  deploycenter adopt acme/odoo                                   go on with its retained data\n\nIt applies the target's desired state, and makes what it names the target's own. When that\nfails, what was taken over is given back as it was."
)]
pub(crate) struct AdoptArgs {
    /// <customer>/<instance>, or <customer>/_customer for its Argo CD project
    pub(crate) target: TargetId,
    /// What becomes which effect; none: the data that was retained of the target
    #[arg(value_name = "EFFECT[=ID]", value_parser = adopted)]
    pub(crate) effects: Vec<Adopted>,
    /// Without effects: which life's data, when something is left of several
    #[arg(long, value_name = "N", conflicts_with = "effects")]
    pub(crate) incarnation: Option<u32>,
    /// Don't ask
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Apply a working tree that isn't committed and pushed
    #[arg(long)]
    pub(crate) allow_dirty: bool,
    /// Deploy an older commit of main over a newer one
    #[arg(long)]
    pub(crate) allow_older: bool,
}

/// Something to take over: the effect that it becomes, and its own id where its place
/// doesn't tell.
pub(crate) type Adopted = (
    deploycenter_domain::effect::EffectId,
    deploycenter_domain::resource::Adoption,
);

/// `dns.record/domain`, `efs.file-system/data=fs-0123`.
fn adopted(text: &str) -> Result<Adopted, String> {
    let (effect, id) = match text.split_once('=') {
        Some((_, "")) => return Err("there is nothing after the =".to_owned()),
        Some((effect, id)) => (effect, Some(id.to_owned())),
        None => (text, None),
    };
    let effect = effect.parse().map_err(|error| format!("{error}"))?;
    Ok((
        effect,
        deploycenter_domain::resource::Adoption { id, former: None },
    ))
}
