//! How Argo CD's API server words its answers, the good and the bad ones.

use bytes::Bytes;
use http::{HeaderName, StatusCode, header};
use serde_json::{Value, json};

use crate::service::Response;

/// What a handler gives: the body of a 200, or why not.
pub(crate) type Answer = Result<Value, Failure>;

/// The gRPC codes that Argo CD's API server was seen to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Unknown = 2,
    InvalidArgument = 3,
    NotFound = 5,
    PermissionDenied = 7,
    FailedPrecondition = 9,
    Aborted = 10,
    Unimplemented = 12,
    Internal = 13,
    Unauthenticated = 16,
}

impl Code {
    /// The HTTP status that grpc-gateway makes of it. A failed precondition is a 400 here.
    fn status(self) -> StatusCode {
        match self {
            Code::Unknown | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Code::InvalidArgument | Code::FailedPrecondition => StatusCode::BAD_REQUEST,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::PermissionDenied => StatusCode::FORBIDDEN,
            Code::Aborted => StatusCode::CONFLICT,
            Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        }
    }
}

/// An answer that isn't a 200.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// gRPC's code and text, as JSON.
    Grpc(Code, String),
    /// Plain text from the HTTP layer in front, which isn't JSON.
    Plain(StatusCode, &'static str),
    /// The stream's errors have a shape of their own.
    Stream(Code, String),
}

impl Failure {
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        Failure::Grpc(code, text.into())
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Failure::new(Code::InvalidArgument, text)
    }

    pub(crate) fn precondition(text: impl Into<String>) -> Self {
        Failure::new(Code::FailedPrecondition, text)
    }

    pub(crate) fn denied() -> Self {
        Failure::new(Code::PermissionDenied, "permission denied")
    }

    /// What the gateway says when a field that the protocol requires isn't there.
    pub(crate) fn field_missing(field: &str) -> Self {
        Failure::new(
            Code::Internal,
            format!("grpc: error while marshaling: proto: required field \"{field}\" not set"),
        )
    }

    pub(crate) fn response(&self) -> Response {
        match self {
            Failure::Grpc(code, text) => json_response(
                code.status(),
                &json!({"error": text, "code": *code as u8, "message": text}),
            ),
            Failure::Plain(status, text) => plain(*status, text),
            Failure::Stream(code, text) => json_response(
                code.status(),
                &json!({"error": {
                    "grpc_code": *code as u8,
                    "http_code": code.status().as_u16(),
                    "message": text,
                    "http_status": code.status().canonical_reason().unwrap_or_default(),
                }}),
            ),
        }
    }
}

/// A JSON answer with the headers that the gateway sets.
pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    Response {
        status,
        headers: vec![
            (header::CONTENT_TYPE, "application/json".to_owned()),
            (
                HeaderName::from_static("grpc-metadata-content-type"),
                "application/grpc".to_owned(),
            ),
            (header::VARY, "Accept-Encoding".to_owned()),
        ],
        body: Bytes::from(body.to_string()),
    }
}

/// A text answer from the HTTP layer.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response {
    Response {
        status,
        headers: vec![(header::CONTENT_TYPE, "text/plain".to_owned())],
        body: Bytes::from_static(text.as_bytes()),
    }
}
