//! Quota and openings: what is declared, and each refusal.

use deploycenter_domain::declaration::{Declaration, Http, Openings, Port, Protocol, Quota};
use wasmtime::Error;

use super::{planning, refused, state};
use crate::bindings::app::deploycenter::tenancy::network::{self, Host as _};
use crate::bindings::app::deploycenter::tenancy::quota::{Figures, Host as _};
use crate::state::{Phase, State};

pub(super) const FIGURES: Figures = Figures {
    cpu_millicores: 1500,
    memory: 1 << 30,
    memory_limit: 2 << 30,
    storage: 5 << 30,
    pods: 4,
    claims: 1,
};

fn udp(number: u16) -> network::Port {
    network::Port {
        number,
        protocol: network::Protocol::Udp,
    }
}

#[test]
fn each_opening_is_declared_by_its_purpose() {
    let mut state = planning();
    for answer in [
        state.open_http(8080, vec![8072]),
        state.open_peers(vec![udp(8074)]),
        state.open_metrics(9100),
        state.open_public(vec![udp(8443)]),
        state.open_smtp(587),
        state.open_web(),
        state.open_postgres(),
        state.open_mariadb(3),
        state.open_redis(),
        // Said again, it is the same.
        state.open_http(8080, vec![8072]),
        state.open_web(),
    ] {
        assert_eq!(answer.unwrap(), Ok(()));
    }
    let port = |number| Port {
        number,
        protocol: Protocol::Udp,
    };
    assert_eq!(
        state.declaration.openings,
        Openings {
            http: Some(Http {
                port: 8080,
                more: vec![8072]
            }),
            peers: vec![port(8074)],
            metrics: Some(9100),
            public: vec![port(8443)],
            smtp: Some(587),
            web: true,
            postgres: true,
            mariadb: Some(3),
            redis: true,
        }
    );
}

#[test]
fn an_opening_that_is_none_is_refused() {
    type Call = fn(&mut State) -> Result<Result<(), String>, Error>;
    let calls: [(&str, Call); 10] = [
        ("port 0", |s| s.open_http(0, vec![])),
        ("port 0", |s| s.open_http(80, vec![0])),
        ("80 twice", |s| s.open_http(80, vec![80])),
        ("17 ports", |s| s.open_http(80, (1..17).collect())),
        ("0 ports", |s| s.open_public(vec![])),
        ("9 twice", |s| s.open_peers(vec![udp(9), udp(9)])),
        ("port 0", |s| s.open_metrics(0)),
        ("port 0", |s| s.open_smtp(0)),
        ("0 instances", |s| s.open_mariadb(0)),
        ("17 instances", |s| s.open_mariadb(17)),
    ];
    for (what, call) in calls {
        let mut state = planning();
        let message = refused(call(&mut state));
        assert!(message.contains(what), "{what}: {message}");
        assert_eq!(state.declaration, Declaration::default(), "{what}");
    }
    let mut state = planning();
    state.open_smtp(587).unwrap().unwrap();
    assert!(refused(state.open_smtp(25)).contains("SMTP is declared twice"));
    assert_eq!(state.declaration.openings.smtp, Some(587));
}

#[test]
fn a_quota_is_declared_once_and_is_one_that_a_cluster_can_have() {
    let mut state = planning();
    assert_eq!(state.ensure_quota(FIGURES).unwrap(), Ok(()));
    assert_eq!(state.ensure_quota(FIGURES).unwrap(), Ok(()));
    let declared = Quota {
        cpu_millicores: 1500,
        memory: 1 << 30,
        memory_limit: 2 << 30,
        storage: 5 << 30,
        pods: 4,
        claims: 1,
    };
    assert_eq!(state.declaration.quota, Some(declared));
    let other = Figures { pods: 5, ..FIGURES };
    assert!(refused(state.ensure_quota(other)).contains("declared twice"));

    for (what, figures) in [
        (
            "cpu-millicores",
            Figures {
                cpu_millicores: u64::MAX,
                ..FIGURES
            },
        ),
        (
            "memory ",
            Figures {
                memory: u64::MAX,
                ..FIGURES
            },
        ),
        (
            "memory-limit",
            Figures {
                memory_limit: u64::MAX,
                ..FIGURES
            },
        ),
        (
            "storage",
            Figures {
                storage: u64::MAX,
                ..FIGURES
            },
        ),
        (
            "pods",
            Figures {
                pods: u32::MAX,
                ..FIGURES
            },
        ),
        (
            "claims",
            Figures {
                claims: u32::MAX,
                ..FIGURES
            },
        ),
    ] {
        let mut state = planning();
        let message = refused(state.ensure_quota(figures));
        assert!(
            message.contains(what) && message.contains("any cluster"),
            "{message}"
        );
        assert_eq!(state.declaration.quota, None);
    }
}

#[test]
fn neither_is_declared_while_values_are_validated() {
    let mut state = state(&deploycenter_plugin_package::GRANTS, Phase::Validate);
    assert!(state.open_web().is_err() && state.ensure_quota(FIGURES).is_err());
}
