//! A sandbox with a small world, and a client that signs just enough.

use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use deploycenter_sandbox::{
    ACCESS_KEY_ID, Fault, Sandbox, SandboxClock, SandboxConfig, World, argocd,
};
use serde_json::{Value, json};

pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/deploycenter";
pub(crate) const OTHER_ROLE: &str = "arn:aws:iam::222233334444:role/deploycenter";
pub(crate) const DNS_ROLE: &str = "arn:aws:iam::444455556666:role/deploycenter-dns";
pub(crate) const REGIONS: &str = r#"
version: 1
hostedZones:
  - { name: apps.example.com, id: Z04444444APPSEXAMPLE, account: "444455556666", roleArn: "arn:aws:iam::444455556666:role/deploycenter-dns" }
regions:
  us-west-2:
    account: "111122223333"
    roleArn: arn:aws:iam::111122223333:role/deploycenter
    efs: { subnets: [subnet-0a10000000000a, subnet-0a10000000000b], securityGroups: [sg-0a10000000000e] }
    storage: { efs-shared: { kind: existing, fileSystemId: fs-0a1000000000005e2 } }
  us-west-2-other:
    awsRegion: us-west-2
    account: "222233334444"
    roleArn: arn:aws:iam::222233334444:role/deploycenter
    efs: { subnets: [subnet-0b10000000000a], securityGroups: [sg-0b10000000000e] }
"#;

/// Requests move time by this much.
pub(crate) const STEP: u64 = 100;

pub(crate) fn config(dir: Option<&Path>) -> SandboxConfig {
    SandboxConfig {
        dir: dir.map(Path::to_owned),
        clock: SandboxClock::Stepped {
            millis_per_request: STEP,
        },
        latency: Duration::ZERO,
        faults: Vec::new(),
        world: World::from_regions_yaml(REGIONS).unwrap(),
        aws_port: 0,
        argocd_port: 0,
        argocd: argocd_config(),
    }
}

pub(crate) fn argocd_config() -> argocd::Config {
    argocd::Config::default()
}

pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::start(config(None)).await.unwrap()
}

pub(crate) fn faults(value: Value) -> Vec<Fault> {
    serde_json::from_value(value).unwrap()
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) error_type: String,
    pub(crate) retry_after: String,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The text of the first XML element with this name.
    pub(crate) fn element(&self, name: &str) -> &str {
        let (_, rest) = self
            .text
            .split_once(&format!("<{name}>"))
            .unwrap_or_else(|| panic!("no <{name}> in {self:?}"));
        rest.split_once(&format!("</{name}>")).unwrap().0
    }

    /// The texts of all XML elements with this name.
    pub(crate) fn elements(&self, name: &str) -> Vec<&str> {
        self.text
            .split(&format!("<{name}>"))
            .skip(1)
            .map(|rest| rest.split_once(&format!("</{name}>")).unwrap().0)
            .collect()
    }
}

/// One set of credentials.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    access_key: String,
    token: Option<String>,
    region: String,
}

impl Client {
    pub(crate) fn administrator(sandbox: &Sandbox) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Fails only if there is one already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Self {
            http: reqwest::Client::new(),
            base: sandbox.aws_url().as_str().trim_end_matches('/').to_owned(),
            access_key: ACCESS_KEY_ID.to_owned(),
            token: None,
            region: "us-west-2".to_owned(),
        }
    }

    /// A client with a session of a role.
    pub(crate) async fn of(sandbox: &Sandbox, role: &str) -> Self {
        let mut client = Self::administrator(sandbox);
        let answer = client
            .sts(&format!(
                "Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=test"
            ))
            .await;
        client.access_key = answer.element("AccessKeyId").to_owned();
        client.token = Some(answer.element("SessionToken").to_owned());
        client
    }

    pub(crate) fn with_key(&self, access_key: &str, token: Option<&str>) -> Self {
        Self {
            access_key: access_key.to_owned(),
            token: token.map(str::to_owned),
            ..self.clone()
        }
    }

    pub(crate) fn access_key(&self) -> &str {
        &self.access_key
    }

    pub(crate) fn in_region(&self, region: &str) -> Self {
        Self {
            region: region.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) fn request(
        &self,
        service: &str,
        method: &str,
        path: &str,
    ) -> reqwest::RequestBuilder {
        let mut request = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={}/20400101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
                    self.access_key, self.region
                ),
            );
        if let Some(token) = &self.token {
            request = request.header("x-amz-security-token", token);
        }
        request
    }

    pub(crate) async fn send(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .map_or("", |value| value.to_str().unwrap())
                .to_owned()
        };
        Answer {
            status: response.status().as_u16(),
            error_type: header("x-amzn-errortype"),
            retry_after: header("retry-after"),
            text: response.text().await.unwrap(),
        }
    }

    pub(crate) async fn efs(&self, method: &str, path: &str, body: Value) -> Answer {
        let mut request = self.request("elasticfilesystem", method, &format!("/2015-02-01/{path}"));
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        Self::send(request).await
    }

    pub(crate) async fn efs_get(&self, path: &str) -> Value {
        let answer = self.efs("GET", path, json!(null)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    pub(crate) async fn route53(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = self.request("route53", method, &format!("/2013-04-01/{path}"));
        Self::send(request.body(body.to_owned())).await
    }

    pub(crate) async fn secrets(&self, operation: &str, body: Value) -> Answer {
        let request = self
            .request("secretsmanager", "POST", "/")
            .header("x-amz-target", format!("secretsmanager.{operation}"))
            .header("content-type", "application/x-amz-json-1.1");
        Self::send(request.body(body.to_string())).await
    }

    pub(crate) async fn sts(&self, form: &str) -> Answer {
        let request = self.request("sts", "POST", "/").header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        Self::send(request.body(form.to_owned())).await
    }
}
