//! Batches: which targets change together, when many change one after the other.

use std::borrow::Borrow;

use crate::plan::TargetPlan;

/// Divides plans into batches of at most `size` instances (at least one), in the order of
/// their targets. What a customer's instances share goes out with the first of them, and
/// isn't counted.
#[must_use]
pub fn batches<P: Borrow<TargetPlan>>(mut plans: Vec<P>, size: usize) -> Vec<Vec<P>> {
    plans.sort_by(|a, b| a.borrow().target.cmp(&b.borrow().target));
    let size = size.max(1);
    let mut batches: Vec<Vec<P>> = Vec::new();
    let mut room = 0;
    for plan in plans {
        // A full batch takes nothing more: a shared target waits for its instances.
        if room == 0 {
            batches.push(Vec::new());
            room = size;
        }
        if !plan.borrow().target.is_shared() {
            room -= 1;
        }
        if let Some(batch) = batches.last_mut() {
            batch.push(plan);
        }
    }
    batches
}
