//! Which targets change together.

use deploycenter_domain::batch::batches;
use deploycenter_domain::plan::TargetPlan;

use crate::support::plan;

fn plan_of(target: &str) -> TargetPlan {
    TargetPlan {
        target: target.parse().unwrap(),
        ..plan(Vec::new())
    }
}

fn divided(targets: &[&str], size: usize) -> Vec<Vec<String>> {
    let plans = targets.iter().map(|target| plan_of(target)).collect();
    batches(plans, size)
        .into_iter()
        .map(|batch| batch.iter().map(|plan| plan.target.to_string()).collect())
        .collect()
}

#[test]
fn in_the_order_of_targets() {
    let expected: [&[&str]; 3] = [&["a/x", "b/x"], &["c/x", "d/x"], &["e/x"]];
    assert_eq!(divided(&["e/x", "a/x", "d/x", "b/x", "c/x"], 2), expected);
}

#[test]
fn what_is_shared_goes_with_the_first_instance_and_isnt_counted() {
    let expected: [&[&str]; 2] = [&["a/_customer", "a/x", "a/y"], &["b/_customer", "b/x"]];
    assert_eq!(
        divided(&["a/_customer", "a/x", "a/y", "b/_customer", "b/x"], 2),
        expected
    );
}

#[test]
fn a_customer_may_be_in_several() {
    let expected: [&[&str]; 2] = [&["a/_customer", "a/x"], &["a/y"]];
    assert_eq!(divided(&["a/y", "a/_customer", "a/x"], 1), expected);
}

#[test]
fn no_size_is_one_at_a_time() {
    let expected: [&[&str]; 2] = [&["a/x"], &["b/x"]];
    assert_eq!(divided(&["a/x", "b/x"], 0), expected);
    assert!(divided(&[], 3).is_empty());
}
