use std::fmt::Write as _;

use crate::support::{Answer, Client, DNS_ROLE, ROLE, sandbox};

const ZONE: &str = "Z04444444APPSEXAMPLE";

/// A change of an A record: action, name, (identifier and weight), TTL, address.
fn change(
    action: &str,
    name: &str,
    weighted: Option<(&str, i64)>,
    ttl: u32,
    address: &str,
) -> String {
    let routing = weighted.map_or_else(String::new, |(identifier, weight)| {
        format!("<SetIdentifier>{identifier}</SetIdentifier><Weight>{weight}</Weight>")
    });
    format!(
        "<Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name><Type>A</Type>{routing}<TTL>{ttl}</TTL>\
         <ResourceRecords><ResourceRecord><Value>{address}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>"
    )
}

fn batch(changes: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\n  <ChangeBatch>\n    <Comment>a &amp; b</Comment>\n    <Changes>{}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
        changes.concat()
    )
}

async fn send(client: &Client, changes: &[String]) -> Answer {
    client
        .route53(
            "POST",
            &format!("hostedzone/{ZONE}/rrset/"),
            &batch(changes),
        )
        .await
}

async fn names(client: &Client) -> Vec<String> {
    let answer = client
        .route53("GET", &format!("hostedzone/{ZONE}/rrset"), "")
        .await;
    answer
        .elements("Name")
        .iter()
        .map(|name| (*name).to_owned())
        .collect()
}

const A: &str = "a.apps.example.com";

#[tokio::test]
async fn a_record_is_created_listed_and_comes_into_sync() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, DNS_ROLE).await;
    let made = send(
        &client,
        &[change("CREATE", A, Some(("blue", 10)), 60, "192.0.2.1")],
    )
    .await;
    assert_eq!(
        (made.status, made.element("Status")),
        (200, "PENDING"),
        "{made:?}"
    );
    assert_eq!(made.element("Comment"), "a &amp; b");
    let id = made.element("Id").to_owned();
    assert!(id.starts_with("/change/C"), "{id}");
    let path = id.trim_start_matches('/');
    assert_eq!(
        client.route53("GET", path, "").await.element("Status"),
        "PENDING"
    );
    sandbox.advance(500);
    assert_eq!(
        client.route53("GET", path, "").await.element("Status"),
        "INSYNC"
    );

    let list = client
        .route53("GET", &format!("hostedzone/{ZONE}/rrset"), "")
        .await;
    assert_eq!(list.elements("Type"), ["NS", "SOA", "A"]);
    assert_eq!(list.element("SetIdentifier"), "blue");
    assert_eq!(
        (list.element("Weight"), list.element("IsTruncated")),
        ("10", "false")
    );
    let subject = &sandbox.ledger()[1].subject;
    assert_eq!(subject, &format!("{ZONE}/CREATE {A} A blue"));
    let unknown = client.route53("GET", "change/CNONE", "").await;
    assert_eq!(
        (unknown.status, unknown.element("Code")),
        (404, "NoSuchChange")
    );
}

#[tokio::test]
async fn a_batch_is_all_or_nothing() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, DNS_ROLE).await;
    send(&client, &[change("CREATE", A, None, 60, "192.0.2.1")]).await;
    let failed = send(
        &client,
        &[
            change("CREATE", "b.apps.example.com", None, 60, "192.0.2.2"),
            change("CREATE", A, None, 60, "192.0.2.3"),
            change("DELETE", "c.apps.example.com", None, 60, "192.0.2.4"),
        ],
    )
    .await;
    assert_eq!(
        (failed.status, failed.element("Code")),
        (400, "InvalidChangeBatch")
    );
    assert_eq!(
        failed.element("Message").replace("&apos;", "'"),
        "[Tried to create resource record set [name='a.apps.example.com.', type='A'] but it already exists, \
         Tried to delete resource record set [name='c.apps.example.com.', type='A'] but it was not found]"
    );
    assert_eq!(
        names(&client).await,
        [
            "apps.example.com.",
            "apps.example.com.",
            "a.apps.example.com."
        ]
    );
    // DELETE of the exact record and CREATE of the new one, together.
    let update = send(
        &client,
        &[
            change("DELETE", A, None, 60, "192.0.2.1"),
            change("CREATE", A, None, 30, "192.0.2.9"),
        ],
    )
    .await;
    assert_eq!(update.status, 200, "{update:?}");
}

#[tokio::test]
async fn a_delete_must_match_every_field() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, DNS_ROLE).await;
    send(
        &client,
        &[change("CREATE", A, Some(("blue", 10)), 60, "192.0.2.1")],
    )
    .await;
    for (weighted, ttl, address) in [
        (("blue", 11), 60, "192.0.2.1"),
        (("blue", 10), 61, "192.0.2.1"),
        (("blue", 10), 60, "192.0.2.2"),
    ] {
        let answer = send(
            &client,
            &[change("DELETE", A, Some(weighted), ttl, address)],
        )
        .await;
        assert!(
            answer.text.contains("values provided do not match"),
            "{answer:?}"
        );
    }
    let other = send(
        &client,
        &[change("DELETE", A, Some(("green", 10)), 60, "192.0.2.1")],
    )
    .await;
    assert!(other.text.contains("but it was not found"), "{other:?}");
    let exact = send(
        &client,
        &[change(
            "DELETE",
            "A.apps.example.COM.",
            Some(("blue", 10)),
            60,
            "192.0.2.1",
        )],
    )
    .await;
    assert_eq!(exact.status, 200, "{exact:?}");
    assert_eq!(names(&client).await.len(), 2);
}

#[tokio::test]
async fn what_the_service_refuses_is_refused() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, DNS_ROLE).await;
    let simple = "simple.apps.example.com";
    let weighted = "weighted.apps.example.com";
    send(
        &client,
        &[
            change("CREATE", simple, None, 60, "192.0.2.1"),
            change("CREATE", weighted, Some(("blue", 1)), 60, "192.0.2.1"),
        ],
    )
    .await;
    let alias_and_ttl = format!(
        "<Change><Action>CREATE</Action><ResourceRecordSet><Name>{A}</Name><Type>A</Type><TTL>60</TTL><AliasTarget>\
         <HostedZoneId>Z1</HostedZoneId><DNSName>lb.example.com</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget></ResourceRecordSet></Change>"
    );
    let no_weight =
        change("CREATE", A, Some(("x", 1)), 60, "192.0.2.1").replace("<Weight>1</Weight>", "");
    let no_identifier = change("CREATE", A, Some(("x", 1)), 60, "192.0.2.1")
        .replace("<SetIdentifier>x</SetIdentifier>", "");
    let cname = change("CREATE", simple, None, 60, "other.example.com")
        .replace("<Type>A</Type>", "<Type>CNAME</Type>");
    let long = "i".repeat(129);
    let table = [
        (
            change("CREATE", simple, Some(("blue", 1)), 60, "192.0.2.1"),
            "InvalidChangeBatch",
            "as other RRSets exist",
        ),
        (
            change("CREATE", weighted, None, 60, "192.0.2.1"),
            "InvalidChangeBatch",
            "as other RRSets exist",
        ),
        (
            change("UPSERT", weighted, None, 60, "192.0.2.1"),
            "InvalidChangeBatch",
            "as other RRSets exist",
        ),
        (cname, "InvalidChangeBatch", "conflicts with other records"),
        (
            change("CREATE", "a.example.org", None, 60, "192.0.2.1"),
            "InvalidChangeBatch",
            "is not permitted in zone",
        ),
        (
            change("CREATE", "badapps.example.com", None, 60, "192.0.2.1"),
            "InvalidChangeBatch",
            "is not permitted in zone",
        ),
        (
            change("CREATE", A, None, 60, "300.0.2.1"),
            "InvalidChangeBatch",
            "ARRDATAIllegalIPv4Address",
        ),
        (
            change("CREATE", A, Some((&long, 1)), 60, "192.0.2.1"),
            "InvalidInput",
            "SetIdentifier",
        ),
        (
            change("CREATE", A, Some(("x", 256)), 60, "192.0.2.1"),
            "InvalidInput",
            "Weight",
        ),
        (alias_and_ttl, "InvalidInput", "exactly one of"),
        (no_weight, "InvalidInput", "Missing field"),
        (no_identifier, "InvalidInput", "SetIdentifier"),
        ("<Change>".to_owned(), "InvalidInput", "Invalid XML"),
        (String::new(), "InvalidInput", "at least one change"),
    ];
    let before = names(&client).await;
    for (changes, code, message) in table {
        let answer = send(&client, std::slice::from_ref(&changes)).await;
        assert_eq!(
            (answer.status, answer.element("Code")),
            (400, code),
            "{changes}: {answer:?}"
        );
        assert!(answer.text.contains(message), "{message}: {answer:?}");
    }
    let many: Vec<String> = (0..1_001)
        .map(|n| {
            change(
                "CREATE",
                &format!("n{n}.apps.example.com"),
                None,
                60,
                "192.0.2.1",
            )
        })
        .collect();
    assert!(send(&client, &many).await.text.contains("limit of 1000"));
    assert_eq!(names(&client).await, before);

    let second = send(
        &client,
        &[change(
            "UPSERT",
            weighted,
            Some(("green", 0)),
            60,
            "192.0.2.1",
        )],
    )
    .await;
    assert_eq!(
        second.status, 200,
        "a weighted record goes beside a weighted one: {second:?}"
    );
    let missing = client
        .route53("POST", "hostedzone/ZNONE/rrset/", &batch(&[]))
        .await;
    assert_eq!(
        (missing.status, missing.element("Code")),
        (404, "NoSuchHostedZone")
    );
    let foreign = Client::of(&sandbox, ROLE).await;
    assert_eq!(
        send(&foreign, &[change("CREATE", A, None, 60, "192.0.2.1")])
            .await
            .element("Code"),
        "AccessDenied"
    );
}

#[tokio::test]
async fn records_come_in_order_and_in_pages() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, DNS_ROLE).await;
    let mut changes: Vec<String> = (0..5)
        .map(|n| {
            change(
                "CREATE",
                &format!("n{n}.apps.example.com"),
                None,
                60,
                "192.0.2.1",
            )
        })
        .collect();
    for identifier in ["green", "blue"] {
        changes.push(change(
            "CREATE",
            "*.w.apps.example.com",
            Some((identifier, 1)),
            60,
            "192.0.2.1",
        ));
    }
    changes.reverse();
    assert_eq!(send(&client, &changes).await.status, 200);
    let mut seen = Vec::new();
    let mut query = "maxitems=2".to_owned();
    loop {
        let page = client
            .route53("GET", &format!("hostedzone/{ZONE}/rrset?{query}"), "")
            .await;
        for record in page.elements("ResourceRecordSet") {
            let name = record
                .split("</Name>")
                .next()
                .unwrap()
                .trim_start_matches("<Name>");
            let identifier = record
                .split_once("<SetIdentifier>")
                .map_or("", |(_, rest)| rest.split('<').next().unwrap());
            seen.push(format!("{name} {identifier}").trim().to_owned());
        }
        if page.element("IsTruncated") == "false" {
            break;
        }
        query = format!(
            "maxitems=2&name={}&type={}",
            page.element("NextRecordName"),
            page.element("NextRecordType")
        );
        if page.text.contains("NextRecordIdentifier") {
            let _ = write!(
                query,
                "&identifier={}",
                page.element("NextRecordIdentifier")
            );
        }
    }
    assert_eq!(
        seen,
        [
            "apps.example.com.",
            "apps.example.com.",
            "n0.apps.example.com.",
            "n1.apps.example.com.",
            "n2.apps.example.com.",
            "n3.apps.example.com.",
            "n4.apps.example.com.",
            "\\052.w.apps.example.com. blue",
            "\\052.w.apps.example.com. green",
        ]
    );
}

#[tokio::test]
async fn an_alias_comes_back_as_the_service_keeps_it() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, DNS_ROLE).await;
    let alias = |action: &str, target: &str| {
        format!(
            "<Change><Action>{action}</Action><ResourceRecordSet><Name>{A}</Name><Type>A</Type><SetIdentifier>x</SetIdentifier><Weight>5</Weight>\
             <AliasTarget><HostedZoneId>Z18D5FSROUN65G</HostedZoneId><DNSName>{target}</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget></ResourceRecordSet></Change>"
        )
    };
    let made = send(&client, &[alias("CREATE", "K8s-ingress.elb.amazonaws.com")]).await;
    assert_eq!(made.status, 200, "{made:?}");
    let list = client
        .route53("GET", &format!("hostedzone/{ZONE}/rrset?name={A}"), "")
        .await;
    assert_eq!(list.element("DNSName"), "k8s-ingress.elb.amazonaws.com.");
    assert_eq!(list.element("EvaluateTargetHealth"), "true");
    let gone = send(
        &client,
        &[alias("DELETE", "k8s-ingress.elb.amazonaws.com.")],
    )
    .await;
    assert_eq!(gone.status, 200, "{gone:?}");
}

#[tokio::test]
async fn zones_are_listed_and_read_with_or_without_a_prefix() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, DNS_ROLE).await;
    let list = client.route53("GET", "hostedzone", "").await;
    assert_eq!(list.element("Id"), format!("/hostedzone/{ZONE}"));
    assert_eq!(list.element("ResourceRecordSetCount"), "2");
    for id in [
        ZONE.to_owned(),
        format!("/hostedzone/{ZONE}"),
        format!("%2Fhostedzone%2F{ZONE}"),
    ] {
        let zone = client.route53("GET", &format!("hostedzone/{id}"), "").await;
        assert_eq!(zone.element("Name"), "apps.example.com.", "{id}");
        assert_eq!(zone.elements("NameServer").len(), 4);
    }
    let foreign = Client::of(&sandbox, ROLE).await;
    assert!(
        foreign
            .route53("GET", "hostedzone", "")
            .await
            .elements("Id")
            .is_empty()
    );
    let everything = Client::administrator(&sandbox)
        .route53("GET", "hostedzone", "")
        .await;
    assert_eq!(everything.elements("Id").len(), 1);
}
