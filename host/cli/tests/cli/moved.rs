//! A region that is changed: refused where there is data, with the way; else followed.

use crate::outside;
use crate::place::{ACME, Place, holds};

const APPLY: [&str; 4] = ["apply", "--yes", "--output", "json"];

fn elsewhere() -> String {
    ACME.replace("us-west-2", "eu-west-3")
}

#[test]
fn what_holds_data_stays() {
    let place = Place::new(ACME);
    place.deploy();
    let mark = place.mark();
    place.change("customers.yaml", elsewhere());
    for command in [&APPLY[..], &["plan", "--output", "json"]] {
        let said = place.run(command).refused("invalid");
        holds(
            &said,
            &[
                "\"file\":\"customers.yaml\"",
                "runs in us-west-2 and holds data",
                "set its region back to us-west-2",
                "an instance of another name",
                "deploycenter destroy acme/mattermost",
            ],
        );
    }
    place.untouched_since(&mark);
}

#[test]
fn what_never_ran_goes_where_it_is_wanted() {
    let place = Place::new(ACME);
    let fresh = place.inventory();
    outside::sicken(&place, "acme--mattermost", None);
    place.run(&APPLY).refused("unwound");
    assert!(place.inventory() == fresh);
    place
        .sandbox()
        .with_argocd(|argocd, _| argocd.heal("acme--mattermost"));
    place.change("customers.yaml", elsewhere());
    place.deploy();
    let there = place.run(&["status", "--output", "json"]).json();
    assert_eq!(there["targets"][0]["region"], "eu-west-3");
    assert_eq!(there["targets"][0]["health"], "Healthy");
    place.committed("acme", "eu-west-3/mattermost/values.yaml");
    let left = place.inventory().mentions("us-west-2/mattermost");
    assert_eq!(left, Vec::<String>::new());
}
