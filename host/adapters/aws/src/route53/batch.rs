//! What fits into one batch. Pure.

use std::collections::VecDeque;

use aws_sdk_route53::types::ResourceRecordSet;

use super::convert::characters;

/// Route 53 takes at most 1000 changes in a batch …
const CHANGES: usize = 1_000;
/// … and 32,000 characters of values.
const CHARACTERS: usize = 32_000;

/// A change of one record, both halves of it in one batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// What is there, exactly.
    pub(crate) delete: Vec<ResourceRecordSet>,
    /// What is to be there.
    pub(crate) create: Vec<ResourceRecordSet>,
}

impl Change {
    fn sets(&self) -> impl Iterator<Item = &ResourceRecordSet> {
        self.delete.iter().chain(&self.create)
    }
}

/// Takes the first that fit into one batch; at least one, if any waits.
pub(crate) fn take<T>(waiting: &mut VecDeque<T>, change: impl Fn(&T) -> &Change) -> Vec<T> {
    let (mut changes, mut length) = (0, 0);
    let mut fitting = 0;
    for one in waiting.iter() {
        changes += change(one).sets().count();
        length += change(one).sets().map(characters).sum::<usize>();
        if fitting > 0 && (changes > CHANGES || length > CHARACTERS) {
            break;
        }
        fitting += 1;
    }
    waiting.drain(..fitting).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use aws_sdk_route53::types::{ResourceRecord, RrType};

    fn set(value: &str) -> ResourceRecordSet {
        ResourceRecordSet::builder()
            .name("a.")
            .r#type(RrType::A)
            .resource_records(ResourceRecord::builder().value(value).build().unwrap())
            .build()
            .unwrap()
    }

    fn sizes(mut waiting: VecDeque<Change>) -> Vec<usize> {
        let mut sizes = Vec::new();
        while !waiting.is_empty() {
            sizes.push(take(&mut waiting, |change| change).len());
        }
        sizes
    }

    #[test]
    fn an_update_counts_twice() {
        let create = Change {
            delete: Vec::new(),
            create: vec![set("1")],
        };
        let update = Change {
            delete: vec![set("1")],
            create: vec![set("1")],
        };
        assert_eq!(sizes(vec![create; 1_001].into()), [1_000, 1]);
        assert_eq!(sizes(vec![update; 1_001].into()), [500, 500, 1]);
        let both = Change {
            delete: vec![set("1")],
            create: vec![set("1"), set("2")],
        };
        assert_eq!(sizes(vec![both; 334].into()), [333, 1]);
    }

    #[test]
    fn values_are_counted() {
        let long = Change {
            delete: Vec::new(),
            create: vec![set(&"x".repeat(20_000))],
        };
        let too_long = Change {
            delete: Vec::new(),
            create: vec![set(&"x".repeat(40_000))],
        };
        assert_eq!(sizes(vec![long.clone(), long, too_long].into()), [1, 1, 1]);
    }
}
