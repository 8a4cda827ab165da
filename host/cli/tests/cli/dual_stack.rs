//! A balancer that has IPv6 gets an AAAA record beside each A; and one name in two regions.

use deploycenter_sandbox::sample::REGIONS;
use serde_json::{Value, json};

use crate::outside;
use crate::place::{ACME, Place, holds};

const NAME: &str = "chat.acme.apps.example.com";

/// One name, two regions; of the sample's, eu-south-2 alone says that it works by DNS-01.
const SHARED: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, weight: 90 }
      - { app: mattermost, name: south, region: eu-south-2, domain: chat.acme.apps.example.com, weight: 10 }
";

/// The sample's regions with one thing put otherwise.
fn regions(old: &str, new: &str) -> String {
    assert!(REGIONS.contains(old), "{old}");
    REGIONS.replacen(old, new, 1)
}

fn dual_stack() -> String {
    let whole = "evaluateTargetHealth: true";
    regions(whole, &format!("{whole}, dualStack: true"))
}

#[test]
fn a_cluster_gets_ipv6_and_loses_it() {
    let place = Place::new(ACME);
    place.deploy();
    assert_eq!(outside::sets(&place, NAME), ["A=100"]);
    place.change("regions.yaml", dual_stack());
    let run = place.run(&["plan"]).succeeded();
    holds(
        &run.stdout,
        &[
            "  ~ dns.record/domain\n      + aaaa.routing.alias.dnsName: ",
            "0 to create, 1 to update, 0 to delete",
        ],
    );
    place.run(&["apply", "--yes"]).succeeded();
    assert_eq!(outside::sets(&place, NAME), ["A=100", "AAAA=100"]);
    place.run(&["plan", "--detailed-exitcode"]).succeeded();

    // Its weight is the A's.
    let half = ACME.replace(".com, values", ".com, weight: 50, values");
    place.change("customers.yaml", half);
    place.run(&["apply", "--yes"]).succeeded();
    assert_eq!(outside::sets(&place, NAME), ["A=50", "AAAA=50"]);

    // Half of it taken away is a change behind our back.
    for kind in ["A", "AAAA"] {
        outside::remove_sets(&place, NAME, kind);
        let run = place.run(&["apply", "--yes", "--output", "json"]);
        holds(&run.refused("drifted"), &["dns.record/domain"]);
        place.run(&["apply", "--yes", "--reclaim"]).succeeded();
        assert_eq!(outside::sets(&place, NAME), ["A=50", "AAAA=50"]);
    }

    place.change("regions.yaml", REGIONS);
    place.run(&["apply", "--yes"]).succeeded();
    assert_eq!(outside::sets(&place, NAME), ["A=50"]);
    // Someone's own is in the way of ours, and so it is said before.
    outside::make_set(&place, NAME, "AAAA", "2001:db8::7");
    place.change("regions.yaml", dual_stack());
    let run = place.run(&["apply", "--yes", "--output", "json"]);
    holds(
        &run.refused("answered-elsewhere"),
        &["Route 53 has no AAAA of ours beside it"],
    );
    outside::remove_sets(&place, NAME, "AAAA");
    place.run(&["apply", "--yes"]).succeeded();
    place.change("customers.yaml", "version: 1\ncustomers: []\n");
    let target = "acme/mattermost";
    place
        .run(&["destroy", target, "--confirm", target])
        .succeeded();
    assert!(outside::sets(&place, NAME).is_empty());
}

/// What `validate` warns of.
fn warned(place: &Place) -> Vec<Value> {
    let run = place.run(&["validate", "--output", "json"]).succeeded();
    run.json()["warnings"].as_array().unwrap().clone()
}

#[test]
fn one_name_in_two_regions_needs_dns_01() {
    let place = Place::new(SHARED);
    let issuer = "clusterIssuer: letsencrypt\n";
    let said = |challenge: &str| format!("{issuer}      challenge: {challenge}\n");
    let unsaid = "if the issuer letsencrypt of us-west-2 works by HTTP-01";
    let known = "and the issuer letsencrypt of us-west-2 works by HTTP-01";
    for (text, part) in [
        (REGIONS.to_owned(), unsaid),
        (regions(issuer, &said("http-01")), known),
    ] {
        place.change("regions.yaml", text);
        let warnings = warned(&place);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!(warnings[0]["target"], "acme/mattermost");
        let message = warnings[0]["message"].as_str().unwrap();
        holds(
            message,
            &[NAME, "answered in eu-south-2, too", part, "dns-01"],
        );
        let plan = place.plan(&[]);
        let remarks: Vec<&Value> = plan["targets"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|target| target["remarks"].as_array().into_iter().flatten())
            .collect();
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert_eq!(remarks[0]["code"], "certificate-challenge");
    }
    // The other one is never answered.
    place.put("customers.yaml", SHARED.replace("weight: 10", "weight: 0"));
    assert_eq!(warned(&place), Vec::<Value>::new());
    // This one is never answered.
    place.put("customers.yaml", SHARED.replace("weight: 90", "weight: 0"));
    assert_eq!(warned(&place).len(), 1);
    place.put("customers.yaml", SHARED);
    place.put("regions.yaml", regions(issuer, &said("dns-01")));
    assert_eq!(warned(&place), Vec::<Value>::new());

    // With AAAA records of one region alone, the other never sees who has IPv6.
    let south = "ipv4: [198.51.100.20]";
    let six = regions(south, &format!("{south}, ipv6: [2001:DB8::20]"));
    place.put("regions.yaml", six.replace(issuer, &said("dns-01")));
    let warnings = warned(&place);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0]["target"], json!("acme/mattermost"));
    holds(
        warnings[0]["message"].as_str().unwrap(),
        &["AAAA records of eu-south-2 alone", "never to us-west-2"],
    );
}
