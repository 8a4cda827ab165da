//! Errors in the four shapes that AWS protocols give them.

use bytes::Bytes;
use http::{HeaderName, StatusCode, header};
use quick_xml::escape::escape;
use serde_json::{Map, Value};

use crate::aws::id;
use crate::fault::InjectedError;
use crate::service::Response;

/// How a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// EFS: paths, JSON bodies, the error's code in `x-amzn-errortype`.
    RestJson,
    /// Route 53: paths, XML bodies.
    RestXml,
    /// Secrets Manager: one path, `X-Amz-Target`, JSON bodies, the error's code in `__type`.
    Json,
    /// STS: forms, XML answers.
    Query,
}

impl Protocol {
    /// The protocol of a service by its ledger name.
    pub(crate) fn of(service: &str) -> Self {
        match service {
            "efs" => Self::RestJson,
            "route53" => Self::RestXml,
            "secretsmanager" => Self::Json,
            _ => Self::Query,
        }
    }
}

/// XML namespace of Route 53's documents.
pub(crate) const ROUTE53_NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
/// XML namespace of STS's documents.
pub(crate) const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// An error as a service means it, before it has a shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Further members of a JSON body, such as the `FileSystemId` of `FileSystemAlreadyExists`.
    pub(crate) members: Map<String, Value>,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            members: Map::new(),
            retry_after: None,
        }
    }

    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// The answer in a protocol's shape.
    pub(crate) fn respond(&self, protocol: Protocol) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = match protocol {
            Protocol::RestJson => {
                let mut body = self.members.clone();
                body.insert("ErrorCode".to_owned(), self.code.clone().into());
                body.insert("Message".to_owned(), self.message.clone().into());
                let mut response = json(status, &Value::Object(body));
                response.headers.push((
                    HeaderName::from_static("x-amzn-errortype"),
                    self.code.clone(),
                ));
                response
            }
            Protocol::Json => {
                let mut body = self.members.clone();
                body.insert("__type".to_owned(), self.code.clone().into());
                body.insert("Message".to_owned(), self.message.clone().into());
                let mut response = json(status, &Value::Object(body));
                response.headers[0].1 = "application/x-amz-json-1.1".to_owned();
                response
            }
            Protocol::RestXml => xml(status, &self.document(ROUTE53_NAMESPACE)),
            Protocol::Query => xml(status, &self.document(STS_NAMESPACE)),
        };
        if let Some(seconds) = self.retry_after {
            response
                .headers
                .push((header::RETRY_AFTER, seconds.to_string()));
        }
        response
    }

    fn document(&self, namespace: &str) -> String {
        let fault = if self.status < 500 {
            "Sender"
        } else {
            "Receiver"
        };
        format!(
            "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{fault}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
            escape(&*self.code),
            escape(&*self.message),
            id::hex_of(&["request", &self.code, &self.message], 32),
        )
    }
}

impl From<InjectedError> for ApiError {
    fn from(injected: InjectedError) -> Self {
        let status = if (400..600).contains(&injected.status) {
            injected.status
        } else {
            500
        };
        Self {
            retry_after: injected.retry_after,
            ..Self::new(status, &injected.code, injected.message)
        }
    }
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    Response {
        status,
        headers: vec![(header::CONTENT_TYPE, "application/json".to_owned())],
        body: Bytes::from(body.to_string()),
    }
}

/// An XML answer; the declaration is added.
pub(crate) fn xml(status: StatusCode, body: &str) -> Response {
    Response {
        status,
        headers: vec![(header::CONTENT_TYPE, "text/xml".to_owned())],
        body: Bytes::from(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"
        )),
    }
}
