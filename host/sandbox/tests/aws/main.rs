//! The AWS stand-ins, spoken to over HTTP: raw, so that the wire formats are seen, and by boto3,
//! so that somebody else's client judges them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod boto3;
mod calls;
mod efs;
mod route53;
mod secretsmanager;
mod sts;
mod support;
