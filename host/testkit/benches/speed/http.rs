//! `git http-backend` behind HTTP on loopback, as git's own documentation sets it up.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// Serves the repositories below a folder until the runtime ends; gives the URL of
/// `remote.git` there.
pub(crate) async fn serve(root: &Path) -> Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/remote.git", listener.local_addr()?);
    let app = axum::Router::new()
        .fallback(answer)
        .with_state(root.to_owned());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

async fn answer(State(root): State<PathBuf>, request: Request) -> Response {
    respond(root, request).await.unwrap_or_else(|error| {
        eprintln!("git http-backend: {error:#}");
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

async fn respond(root: PathBuf, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await?;
    tokio::task::spawn_blocking(move || run(&root, &parts, &body)).await?
}

/// One request by the Common Gateway Interface (RFC 3875).
fn run(root: &Path, parts: &Parts, body: &[u8]) -> Result<Response> {
    let header = |name: &str| text(&parts.headers, name);
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", root)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("git is needed")?;
    let mut stdin = child.stdin.take().context("a piped stdin")?;
    // Beside reading: the other side may answer before it has read all.
    let bytes = body.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output()?;
    let _ = writer.join();
    let end = output
        .stdout
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .context("it gave no answer")?;
    let head = String::from_utf8_lossy(&output.stdout[..end]);
    let mut response = Response::builder();
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        response = match name {
            "Status" => response.status(value.get(..3).unwrap_or(value)),
            _ => response.header(name, value),
        };
    }
    Ok(response.body(Body::from(output.stdout[end + 4..].to_vec()))?)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
