//! Someone else, who works on the outside systems by hand.

use std::sync::Once;
use std::time::{Duration, Instant};

use deploycenter_sandbox::argocd::Sickness;
use deploycenter_sandbox::{ACCESS_KEY_ID, Sandbox};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::place::Place;

const DNS_ROLE: &str = "arn:aws:iam::444455556666:role/deploycenter-dns";
const ZONE: &str = "/2013-04-01/hostedzone/Z04444444APPSEXAMPLE/rrset";

/// The file system in us-west-2 that is the operator's own.
const OPERATORS: &str = "fs-0a1000000000005e2";

/// How long a deletion may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session of a role in a region.
struct Session {
    http: Client,
    base: String,
    region: &'static str,
    key: String,
    token: String,
}

impl Session {
    async fn of(sandbox: &Sandbox, role: &str, region: &'static str) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Fails only if there is one already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let base = sandbox.aws_url().as_str().trim_end_matches('/').to_owned();
        let mut session = Self {
            http: Client::new(),
            base,
            region,
            key: ACCESS_KEY_ID.to_owned(),
            token: String::new(),
        };
        let form =
            format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=someone");
        let request = session.request("sts", Method::POST, "/").header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        let answer = session.answer(request.body(form)).await;
        session.key = element(&answer, "AccessKeyId").to_owned();
        session.token = element(&answer, "SessionToken").to_owned();
        session
    }

    fn request(&self, service: &str, method: Method, path: &str) -> RequestBuilder {
        let Self {
            http,
            base,
            region,
            key,
            token,
        } = self;
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20400101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let request = http
            .request(method, format!("{base}{path}"))
            .header("authorization", signed);
        if token.is_empty() {
            request
        } else {
            request.header("x-amz-security-token", token)
        }
    }

    async fn answer(&self, request: RequestBuilder) -> String {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        text
    }

    async fn efs(&self, method: Method, path: &str) -> Value {
        let request = self.request("elasticfilesystem", method, &format!("/2015-02-01/{path}"));
        let text = self.answer(request).await;
        if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap()
        }
    }
}

/// The text of the first XML element with this name.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml
        .split_once(&format!("<{name}>"))
        .unwrap_or_else(|| panic!("no <{name}> in {xml}"));
    rest.split_once(&format!("</{name}>")).unwrap().0
}

/// Gives the one record of that name another weight.
pub(crate) fn set_weight(place: &Place, name: &str, weight: u8) {
    place.runtime.block_on(async {
        let session = Session::of(place.sandbox(), DNS_ROLE, "us-east-1").await;
        let listed = session.answer(session.request("route53", Method::GET, ZONE)).await;
        let record = listed
            .split("<ResourceRecordSet>")
            .skip(1)
            .map(|rest| rest.split_once("</ResourceRecordSet>").unwrap().0)
            .find(|record| element(record, "Name").trim_end_matches('.') == name)
            .unwrap_or_else(|| panic!("no record {name} in {listed}"));
        let before = format!("<Weight>{}</Weight>", element(record, "Weight"));
        let record = record.replace(&before, &format!("<Weight>{weight}</Weight>"));
        let body = format!(
            "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes><Change>\
             <Action>UPSERT</Action><ResourceRecordSet>{record}</ResourceRecordSet>\
             </Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
        );
        session.answer(session.request("route53", Method::POST, ZONE).body(body)).await;
    });
}

/// Deletes every file system of a region but the operator's own, with what hangs on it.
pub(crate) fn delete_file_systems(place: &Place, role: &str, region: &'static str) {
    place.runtime.block_on(async {
        let session = Session::of(place.sandbox(), role, region).await;
        let systems = session.efs(Method::GET, "file-systems").await;
        for system in systems["FileSystems"].as_array().unwrap() {
            let id = system["FileSystemId"].as_str().unwrap();
            if id == OPERATORS {
                continue;
            }
            let points = session
                .efs(Method::GET, &format!("access-points?FileSystemId={id}"))
                .await;
            for point in points["AccessPoints"].as_array().unwrap() {
                let point = point["AccessPointId"].as_str().unwrap();
                session
                    .efs(Method::DELETE, &format!("access-points/{point}"))
                    .await;
            }
            let list = format!("mount-targets?FileSystemId={id}");
            let targets = session.efs(Method::GET, &list).await;
            for target in targets["MountTargets"].as_array().unwrap() {
                let target = target["MountTargetId"].as_str().unwrap();
                session
                    .efs(Method::DELETE, &format!("mount-targets/{target}"))
                    .await;
            }
            let began = Instant::now();
            while !session.efs(Method::GET, &list).await["MountTargets"]
                .as_array()
                .unwrap()
                .is_empty()
            {
                assert!(began.elapsed() < PATIENCE, "the mount targets of {id} stay");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            session
                .efs(Method::DELETE, &format!("file-systems/{id}"))
                .await;
        }
    });
}

/// The key that regions.yaml names for us-west-2.
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/8d3c7a52-0000-4000-8000-000000000001";

/// A file system that someone else made in us-west-2.
pub(crate) const THEIRS: &str = "fs-0a1000000000ad0b7";

/// Puts it there.
pub(crate) fn make_file_system(place: &Place) {
    let taken = place.sandbox().edit_aws(|state| {
        let systems = state["efs"]["fileSystems"].as_object_mut().unwrap();
        let mut theirs = systems[OPERATORS].clone();
        theirs["id"] = json!(THEIRS);
        theirs["name"] = json!("theirs");
        theirs["creationToken"] = json!("theirs");
        theirs["kmsKeyId"] = json!(KEY);
        theirs["tags"] = json!({ "Name": "theirs", "team": "x" });
        systems.insert(THEIRS.to_owned(), theirs);
    });
    assert!(taken);
}

/// Someone's simple record of that name.
pub(crate) fn make_record(place: &Place, name: &str) {
    make_set(place, name, "A", "198.51.100.7");
}

/// Someone's simple record set of that name and type in apps.example.com.
pub(crate) fn make_set(place: &Place, name: &str, kind: &str, value: &str) {
    let taken = place.sandbox().edit_aws(|state| {
        for (_, zone) in state["route53"]["zones"].as_object_mut().unwrap() {
            if zone["name"].to_string().contains("apps.example.com") {
                zone["records"].as_array_mut().unwrap().push(json!({
                    "Name": format!("{name}."),
                    "Type": kind,
                    "TTL": 60,
                    "ResourceRecords": { "ResourceRecord": [{ "Value": value }] },
                }));
            }
        }
    });
    assert!(taken);
}

/// The types of the record sets of that name in apps.example.com; with a weight, `type=weight`.
pub(crate) fn sets(place: &Place, name: &str) -> Vec<String> {
    let snapshot = place.sandbox().snapshot();
    let zones = snapshot["route53"]["zones"].as_object().unwrap();
    let records = zones
        .values()
        .flat_map(|zone| zone["records"].as_array().into_iter().flatten());
    records
        .filter(|record| record["Name"] == format!("{name}."))
        .map(|record| {
            let kind = record["Type"].as_str().unwrap();
            match record["Weight"].as_u64() {
                Some(weight) => format!("{kind}={weight}"),
                None => kind.to_owned(),
            }
        })
        .collect()
}

/// Removes the sets of a name and a type.
pub(crate) fn remove_sets(place: &Place, name: &str, kind: &str) {
    let taken = place.sandbox().edit_aws(|state| {
        for (_, zone) in state["route53"]["zones"].as_object_mut().unwrap() {
            let records = zone["records"].as_array_mut().unwrap();
            records.retain(|record| record["Name"] != format!("{name}.") || record["Type"] != kind);
        }
    });
    assert!(taken);
}

/// Someone's application of that name, with something of theirs in it.
pub(crate) fn make_application(place: &Place, name: &str) {
    let body = json!({
        "metadata": { "name": name, "labels": { "team": "x" } },
        "spec": {
            "project": "default",
            "source": { "repoURL": "https://git.example.com/theirs.git", "targetRevision": "main", "path": "chat" },
            "destination": { "server": "https://usw2.k8s.example.com", "namespace": "chat" },
        },
    });
    let url = "api/v1/applications?validate=false";
    argocd(place, Method::POST, url, Some(&body));
}

/// Someone's project of that name, open to everything.
pub(crate) fn make_project(place: &Place, name: &str) {
    let project = json!({ "project": {
        "metadata": { "name": name },
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{ "server": "*", "namespace": "*" }],
        },
    }});
    argocd(place, Method::POST, "api/v1/projects", Some(&project));
}

/// Deletes an application of acme's; what it deployed stays.
pub(crate) fn delete_application(place: &Place, name: &str) {
    let url = format!("api/v1/applications/{name}?project=acme&cascade=false");
    argocd(place, Method::DELETE, &url, None);
}

/// Lets an application of acme's heal nothing any more.
pub(crate) fn edit_application(place: &Place, name: &str) {
    let url = format!("api/v1/applications/{name}");
    let got = argocd(place, Method::GET, &format!("{url}?project=acme"), None);
    let mut spec = got["spec"].clone();
    *spec.pointer_mut("/syncPolicy/automated/selfHeal").unwrap() = json!(false);
    let url = format!("{url}/spec?project=acme");
    argocd(place, Method::PUT, &url, Some(&spec));
}

/// Lets a project deploy to one more namespace.
pub(crate) fn change_project(place: &Place, name: &str) {
    let url = format!("api/v1/projects/{name}");
    let mut project = argocd(place, Method::GET, &url, None);
    let destinations = project.pointer_mut("/spec/destinations").unwrap();
    let mut more = destinations[0].clone();
    more["namespace"] = json!("elsewhere");
    destinations.as_array_mut().unwrap().push(more);
    argocd(
        place,
        Method::PUT,
        &url,
        Some(&json!({ "project": project })),
    );
}

/// Asks Argo CD as another client of it would.
fn argocd(place: &Place, method: Method, url: &str, body: Option<&Value>) -> Value {
    let sandbox = place.sandbox();
    place.runtime.block_on(async {
        // Fails only if there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut request = Client::new()
            .request(method, sandbox.argocd_url().join(url).unwrap())
            .bearer_auth(sandbox.argocd_token())
            .header("content-type", "application/json");
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    })
}

/// Makes an application's pods sick, while its files hold a text if one is said.
pub(crate) fn sicken(place: &Place, application: &str, only_while: Option<&str>) {
    let sickness = Sickness {
        reason: "CrashLoopBackOff".to_owned(),
        message: "back-off 5m0s restarting failed container".to_owned(),
        only_revision_containing: only_while.map(str::to_owned),
    };
    place
        .sandbox()
        .with_argocd(|argocd, _| argocd.sicken(application, sickness));
}
