//! The HTTP layer and sessions.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::support::{Sandbox, text};

#[test]
fn content_types_are_strict() {
    let mut sandbox = Sandbox::new();
    let auth = ("authorization", "Bearer token-of-the-test");
    for (method, kind, status) in [
        ("DELETE", None, 415),
        ("DELETE", Some("application/json; charset=utf-8"), 415),
        ("HEAD", None, 415),
        ("GET", None, 403),
        ("DELETE", Some("Application/JSON"), 403),
        ("DELETE", Some("application/json"), 403),
    ] {
        let headers: Vec<_> = kind
            .map(|kind| ("content-type", kind))
            .into_iter()
            .chain([auth])
            .collect();
        let answer = sandbox.raw(method, "/api/v1/applications/x", &headers, "");
        assert_eq!(answer.status.as_u16(), status, "{method} {kind:?}");
        if status == 415 {
            assert_eq!(answer.body, "Invalid content type");
        }
    }
}

#[test]
fn the_http_layer_answers_in_plain_text() {
    let mut sandbox = Sandbox::new();
    assert_eq!(
        sandbox.call("GET", "/healthz?full=true", &Value::Null),
        (200, json!("ok"))
    );
    assert_eq!(
        sandbox.call("GET", "/api/v1/nothing", &Value::Null),
        (404, json!("Not Found"))
    );
    let patched = sandbox.call("PATCH", "/api/v1/projects/x", &json!({}));
    assert_eq!(patched, (405, json!("Method Not Allowed")));
    let stream = sandbox.call("GET", "/api/v1/stream/applications", &Value::Null);
    assert_eq!(
        (stream.0, stream.1["error"]["grpc_code"].as_u64()),
        (501, Some(12))
    );
}

#[test]
fn sessions() {
    let mut sandbox = Sandbox::new();
    let json_type = ("content-type", "application/json");
    let mut login = |body: Value| {
        let answer = sandbox.raw("POST", "/api/v1/session", &[json_type], &body.to_string());
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        (answer.status.as_u16(), body)
    };
    let (status, answer) = login(json!({"username": "admin", "password": "sandbox"}));
    assert_eq!(status, 200);
    let token = text(&answer, "/token");
    let (status, answer) = login(json!({"username": "admin", "password": "no"}));
    assert_eq!(
        (status, text(&answer, "/message").as_str()),
        (401, "Invalid username or password")
    );
    let (status, answer) = login(json!({}));
    assert_eq!(
        (status, text(&answer, "/error").as_str()),
        (401, "no credentials supplied")
    );

    let none = "no session information";
    let forged = format!("{}x", token);
    for (header, value, wanted) in [
        ("authorization", format!("Bearer {token}"), ""),
        ("cookie", format!("a=b; argocd.token={token}"), ""),
        ("authorization", "Bearer garbage".to_owned(), none),
        ("authorization", format!("bearer {token}"), none),
        ("authorization", token.clone(), none),
        ("authorization", "Basic YTpi".to_owned(), none),
        (
            "authorization",
            format!("Bearer {forged}"),
            "invalid session: token signature is invalid: signature is invalid",
        ),
    ] {
        let answer = sandbox.raw("GET", "/api/v1/projects", &[(header, &value)], "");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(text(&body, "/message"), wanted, "{value}");
        assert_eq!(
            answer.status.as_u16(),
            if wanted.is_empty() { 200 } else { 401 }
        );
        if !wanted.is_empty() {
            assert_eq!(body["code"], 16);
        }
    }
    let bearer = format!("Bearer {token}");
    let info = |sandbox: &mut Sandbox, headers: &[(&'static str, &str)], path: &str| -> Value {
        let answer = sandbox.raw("GET", path, headers, "");
        assert_eq!(answer.status.as_u16(), 200);
        serde_json::from_slice(&answer.body).unwrap()
    };
    let me = "/api/v1/session/userinfo";
    assert_eq!(info(&mut sandbox, &[], me), json!({}));
    let known = json!({"loggedIn": true, "username": "admin", "iss": "argocd"});
    assert_eq!(info(&mut sandbox, &[("authorization", &bearer)], me), known);
    assert_eq!(
        info(&mut sandbox, &[], "/api/version")
            .as_object()
            .unwrap()
            .len(),
        1
    );

    sandbox.pass(25 * 3600 * 1000);
    let expired = sandbox.raw("GET", "/api/v1/projects", &[("authorization", &bearer)], "");
    let body: Value = serde_json::from_slice(&expired.body).unwrap();
    assert_eq!(
        text(&body, "/message"),
        "invalid session: token has invalid claims: token is expired"
    );
}

#[test]
fn rights_are_asked_for_and_missed() {
    let mut sandbox = Sandbox::new();
    let can = |sandbox: &mut Sandbox, what: &str| {
        let path = format!("/api/v1/account/can-i/{what}");
        sandbox.call("GET", &path, &Value::Null)
    };
    assert_eq!(
        can(&mut sandbox, "applications/sync/*/*"),
        (200, json!({"value": "yes"}))
    );
    let (status, answer) = can(&mut sandbox, "applications/obey/*");
    assert_eq!(status, 400);
    assert_eq!(
        text(&answer, "/message"),
        "[get create update delete sync override] does not contain obey"
    );
    for (resource, action) in [("projects", "create"), ("clusters", "get")] {
        sandbox.argocd.deny(resource, action);
        assert_eq!(
            can(&mut sandbox, &format!("{resource}/{action}/*")).1,
            json!({"value": "no"})
        );
    }
    let clusters = sandbox.call("GET", "/api/v1/clusters", &Value::Null);
    assert_eq!((clusters.0, &clusters.1["items"]), (200, &Value::Null));
    let project = json!({"project": {"metadata": {"name": "acme"}, "spec": {}}});
    let (status, answer) = sandbox.call("POST", "/api/v1/projects", &project);
    assert_eq!((status, answer["code"].as_u64()), (403, Some(7)));
    let said = text(&answer, "/message");
    assert!(
        said.starts_with("permission denied: projects, create, acme, sub: admin, iat: "),
        "{said}"
    );
}
