//! What stands in other places of a zone and leads people elsewhere.

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use deploycenter_domain::resource::{Record, Routing};
use deploycenter_ports::{Beside, BesideCode};

use super::adopt::{beyond, shown};
use super::read::{ZoneList, hindrance, is_weighted};

/// How many values of a set a message shows.
const SHOWN: usize = 4;

/// Everything in the whole zone that does so to a record.
pub(super) fn around(wanted: &Record, all: &ZoneList) -> Vec<Beside> {
    let sets = all.get(&wanted.name).map(Vec::as_slice).unwrap_or_default();
    let ours = sets.iter().any(|set| is_ours(wanted, set));
    let elsewhere = sets.iter().filter_map(|set| match set.r#type {
        RrType::Aaaa => six(wanted, set, ours),
        RrType::Https => service(wanted, set),
        _ => None,
    });
    delegation(wanted, all)
        .into_iter()
        .chain(elsewhere)
        .collect()
}

fn is_ours(wanted: &Record, set: &ResourceRecordSet) -> bool {
    is_weighted(set) && set.set_identifier.as_deref() == Some(&wanted.set_identifier)
}

/// An NS record set at the name or between it and the zone's own: whoever asks is sent to
/// other name servers, and what this zone says below isn't heard.
fn delegation(wanted: &Record, all: &ZoneList) -> Option<Beside> {
    let names = std::iter::successors(Some(wanted.name.as_str()), |name| {
        name.split_once('.').map(|(_, rest)| rest)
    });
    let mut cut: Option<(&str, &ResourceRecordSet)> = None;
    for name in names {
        let sets = all.get(name).map(Vec::as_slice).unwrap_or_default();
        // The zone's own name servers stand beside its SOA.
        if sets.iter().any(|set| set.r#type == RrType::Soa) {
            break;
        }
        // The uppermost counts: resolvers come from above.
        let ns = sets.iter().find(|set| set.r#type == RrType::Ns);
        cut = ns.map(|ns| (name, ns)).or(cut);
    }
    let (at, ns) = cut?;
    let Record { name, zone, .. } = wanted;
    Some(Beside {
        code: BesideCode::Delegated,
        message: format!(
            "{name} isn't answered from the zone {zone}: {at} is delegated to {}",
            values(ns)
        ),
        help: format!(
            "name the zone that answers for {at} under hostedZones in regions.yaml; or remove the NS record set of {at}, or choose another domain"
        ),
        adoptable: false,
        refuses: false,
    })
}

/// An AAAA of someone else's: who has IPv6 takes it, and our A only if it fails.
fn six(wanted: &Record, set: &ResourceRecordSet, ours: bool) -> Option<Beside> {
    let name = &wanted.name;
    if is_ours(wanted, set) || is_sibling(wanted, set) {
        return None;
    }
    let refuses = hindrance(wanted, set).is_some();
    // Where nothing of ours stands, it is found in our place; and with an AAAA of ours,
    // weighted ones are neighbours.
    if refuses && !ours || wanted.aaaa.is_some() && !refuses {
        return None;
    }
    let theirs = format!("{} to {} that isn't ours", shown(set), values(set));
    let (message, help) = if refuses {
        (
            format!("{name} has {theirs}, and Route 53 has no AAAA of ours beside it"),
            "remove it, or take IPv6 out of the region in regions.yaml",
        )
    } else {
        (
            format!("{name} has {theirs}: who has IPv6 goes there"),
            "remove it; where the region's balancer has IPv6, say so in regions.yaml (ingress.ipv6, ingress.alias.dualStack), and ours takes its place",
        )
    };
    Some(Beside {
        code: BesideCode::AnsweredElsewhere,
        message,
        help: help.to_owned(),
        adoptable: set.set_identifier.is_none() && beyond(set).is_none(),
        refuses,
    })
}

/// Whether it is the same customer's in another region: its share of the name, of which the
/// desired state tells.
fn is_sibling(wanted: &Record, set: &ResourceRecordSet) -> bool {
    let Some((customer, _)) = wanted.set_identifier.rsplit_once('/') else {
        return false;
    };
    let theirs = set.set_identifier.as_deref().unwrap_or_default();
    let rest = theirs.strip_prefix(customer);
    is_weighted(set) && rest.is_some_and(|rest| rest.starts_with('/'))
}

/// An HTTPS record that leads to another name or to other addresses: browsers follow it
/// before they ask for an A.
fn service(wanted: &Record, set: &ResourceRecordSet) -> Option<Beside> {
    let leads_away = set.alias_target.is_some()
        || set
            .resource_records
            .iter()
            .flatten()
            .any(|record| leads_away(wanted, &record.value));
    leads_away.then(|| Beside {
        code: BesideCode::AnsweredElsewhere,
        message: format!(
            "{} has an HTTPS record that isn't ours ({}): browsers follow it",
            wanted.name,
            values(set)
        ),
        help: "remove it, or let it lead to its own name without addresses".to_owned(),
        adoptable: false,
        refuses: false,
    })
}

/// Whether an HTTPS record's value (`1 . alpn="h2" ipv4hint="192.0.2.1"`) names another
/// host than its own, or addresses that aren't ours.
fn leads_away(wanted: &Record, value: &str) -> bool {
    let mut words = value.split_whitespace().skip(1);
    let target = words.next().unwrap_or(".").trim_end_matches('.');
    if !(target.is_empty() || target.eq_ignore_ascii_case(&wanted.name)) {
        return true;
    }
    let aaaa = wanted.aaaa.as_ref().map(|aaaa| &aaaa.routing);
    let own: Vec<&str> = std::iter::once(&wanted.routing)
        .chain(aaaa)
        .flat_map(|routing| match routing {
            Routing::Addresses { ipv4: own, .. } | Routing::Addresses6 { ipv6: own, .. } => {
                own.as_slice()
            }
            Routing::Alias { .. } => &[],
        })
        .map(String::as_str)
        .collect();
    let hints = words.filter_map(|word| {
        word.strip_prefix("ipv4hint=")
            .or_else(|| word.strip_prefix("ipv6hint="))
    });
    hints
        .flat_map(|hint| hint.trim_matches('"').split(','))
        .any(|hint| !own.contains(&hint))
}

/// Where a set leads, in words.
fn values(set: &ResourceRecordSet) -> String {
    if let Some(alias) = &set.alias_target {
        return alias.dns_name.trim_end_matches('.').to_owned();
    }
    let all = set.resource_records.as_deref().unwrap_or_default();
    let mut texts: Vec<&str> = all
        .iter()
        .take(SHOWN)
        .map(|record| record.value.trim_end_matches('.'))
        .collect();
    if all.len() > SHOWN {
        texts.push("…");
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use aws_sdk_route53::types::ResourceRecord;
    use deploycenter_domain::resource::Aaaa;

    fn set(name: &str, kind: RrType, identifier: Option<&str>, value: &str) -> ResourceRecordSet {
        ResourceRecordSet::builder()
            .name(format!("{name}."))
            .r#type(kind)
            .set_set_identifier(identifier.map(str::to_owned))
            .set_weight(identifier.map(|_| 1))
            .ttl(60)
            .resource_records(ResourceRecord::builder().value(value).build().unwrap())
            .build()
            .unwrap()
    }

    fn zone(sets: &[ResourceRecordSet]) -> ZoneList {
        let apex = "apps.example.com";
        let mut all = ZoneList::new();
        let own = [
            set(apex, RrType::Ns, None, "ns-1.awsdns-01.com."),
            set(apex, RrType::Soa, None, "ns-1.awsdns-01.com. …"),
        ];
        for set in own.iter().chain(sets) {
            let name = set.name.trim_end_matches('.').to_owned();
            all.entry(name).or_default().push(set.clone());
        }
        all
    }

    fn wanted(dual: bool) -> Record {
        let routing = Routing::Addresses {
            ipv4: vec!["192.0.2.1".into()],
            ttl: 60,
        };
        Record {
            zone: "Z1".into(),
            name: NAME.into(),
            set_identifier: OURS.into(),
            weight: 100,
            aaaa: dual.then(|| Aaaa {
                weight: 100,
                routing: routing.clone(),
            }),
            routing,
        }
    }

    const NAME: &str = "chat.acme.apps.example.com";
    const OURS: &str = "deploycenter/inst-1/acme/eu";

    /// Code, message, and whether it can be adopted and is refused.
    fn found(dual: bool, sets: &[ResourceRecordSet]) -> Vec<(BesideCode, String, bool, bool)> {
        let all = around(&wanted(dual), &zone(sets));
        let fields = |one: Beside| (one.code, one.message, one.adoptable, one.refuses);
        all.into_iter().map(fields).collect()
    }

    #[test]
    fn a_delegation_counts_at_the_name_and_above_and_not_beside() {
        let ns = |name: &str, to: &str| set(name, RrType::Ns, None, to);
        let harmless = [
            ns("acme2.apps.example.com", "ns.example.net."),
            ns("deep.chat.acme.apps.example.com", "ns.example.net."),
            ns("at.acme.apps.example.com", "ns.example.net."),
            set("acme.apps.example.com", RrType::Cname, None, "x.example."),
            set("*.acme.apps.example.com", RrType::Aaaa, None, "2001:db8::1"),
            set(NAME, RrType::Ds, None, "1 8 2 00"),
            set(NAME, RrType::Txt, None, "\"x\""),
        ];
        assert_eq!(found(false, &harmless), []);
        for at in [NAME, "acme.apps.example.com"] {
            let all = found(false, &[ns(at, "ns.example.net.")]);
            let said = format!(
                "{NAME} isn't answered from the zone Z1: {at} is delegated to ns.example.net"
            );
            assert_eq!(all, [(BesideCode::Delegated, said, false, false)]);
        }
        let both = [ns(NAME, "low."), ns("acme.apps.example.com", "high.")];
        let said = &found(false, &both)[0].1;
        assert!(
            said.ends_with("acme.apps.example.com is delegated to high"),
            "{said}"
        );
        // A name that is the zone's own has the zone's name servers.
        let apex = Record {
            name: "apps.example.com".into(),
            ..wanted(false)
        };
        assert_eq!(around(&apex, &zone(&[])), []);
    }

    #[test]
    fn an_aaaa_of_someone_else_is_told_unless_weights_share_it() {
        let six = |identifier| set(NAME, RrType::Aaaa, identifier, "2001:db8::1");
        let ours = set(NAME, RrType::A, Some(OURS), "192.0.2.1");
        let simple = format!(
            "{NAME} has a simple AAAA record to 2001:db8::1 that isn't ours: who has IPv6 goes there"
        );
        let told = [(BesideCode::AnsweredElsewhere, simple, true, false)];
        assert_eq!(found(false, &[six(None)]), told);
        assert_eq!(found(false, &[ours.clone(), six(None)]), told);
        let all = found(false, &[six(Some("legacy"))]);
        assert_eq!((all[0].0, all[0].2), (BesideCode::AnsweredElsewhere, false));
        let cousin = Some("deploycenter/inst-1/acme2/eu");
        assert_eq!(found(false, &[six(cousin)]).len(), 1);
        for own in [OURS, "deploycenter/inst-1/acme/us"] {
            assert_eq!(found(false, &[six(Some(own))]), []);
        }

        // Where ours is to have one, theirs is in its place, or a neighbour.
        assert_eq!(found(true, &[six(None)]), []);
        assert_eq!(found(true, &[six(Some("legacy"))]), []);
        let all = found(true, &[ours, six(None)]);
        assert!(
            all[0].3 && all[0].1.contains("no AAAA of ours beside it"),
            "{all:?}"
        );
    }

    #[test]
    fn an_https_record_is_told_where_it_leads_away() {
        for (value, away) in [
            ("1 . alpn=\"h3,h2\"", false),
            ("1 chat.acme.apps.example.com. alpn=h2", false),
            ("1 . ipv4hint=192.0.2.1", false),
            ("1 . ipv4hint=\"192.0.2.1,198.51.100.9\"", true),
            ("1 . ipv6hint=2001:db8::1", true),
            ("0 cdn.example.net.", true),
        ] {
            let all = found(false, &[set(NAME, RrType::Https, None, value)]);
            assert_eq!(!all.is_empty(), away, "{value}");
        }
    }
}
