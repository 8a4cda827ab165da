//! What listing an installation's things has in common for all systems of AWS.

use std::collections::BTreeMap;

use aws_smithy_types::DateTime;
use deploycenter_domain::name::InstallationId;
use deploycenter_domain::resource::{Owner, tag};
use deploycenter_ports::Marker;
use jiff::Timestamp;

/// Whose a thing is by its tags; `None`: not this installation's.
pub(crate) fn holder(
    tags: &BTreeMap<String, String>,
    installation: &InstallationId,
) -> Option<Marker> {
    if tags.get(tag::INSTALLATION)? != installation.as_str() {
        return None;
    }
    Some(Owner::from_tags(tags).map_or_else(
        || Marker::Unknown("its tags don't say which effect's it is".to_owned()),
        Marker::Effect,
    ))
}

/// A time as AWS says it.
pub(crate) fn time(time: &DateTime) -> Option<Timestamp> {
    let nanos = i32::try_from(time.subsec_nanos()).ok()?;
    Timestamp::new(time.secs(), nanos).ok()
}
