//! Steps as the engine makes them.

use deploycenter_domain::declaration::GeneratedKey;
use deploycenter_domain::effect::OutputName;
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::resource::{
    Aaaa, AccessPoint, FileSystem, MountTarget, Observed, Owner, Record, Resource, Routing, Secret,
};
use deploycenter_ports::{CommitContext, Provider, ProviderErrorKind, Step, StepOutcome};

use crate::backend::Backend;

pub(crate) fn owner(effect: &str, deployment: &str) -> Owner {
    Owner {
        installation: "inst-1".parse().unwrap(),
        target: "acme/odoo".parse().unwrap(),
        effect: effect.parse().unwrap(),
        incarnation: Incarnation::FIRST,
        deployment: deployment.parse().unwrap(),
    }
}

pub(crate) fn create(effect: &str, after: &Resource) -> Step {
    Step {
        owner: owner(effect, "d1"),
        before: None,
        after: Some(after.clone()),
        uncertain: false,
        undo: false,
        commit: CommitContext::default(),
        adopt: None,
    }
}

pub(crate) fn update(effect: &str, before: &Resource, after: &Resource) -> Step {
    Step {
        before: Some(before.clone()),
        ..create(effect, after)
    }
}

pub(crate) fn removal(effect: &str, before: &Resource) -> Step {
    Step {
        before: Some(before.clone()),
        after: None,
        ..create(effect, before)
    }
}

pub(crate) fn by(deployment: &str, step: &Step) -> Step {
    Step {
        owner: owner(&step.owner.effect.to_string(), deployment),
        ..step.clone()
    }
}

pub(crate) fn uncertain(step: &Step) -> Step {
    Step {
        uncertain: true,
        ..step.clone()
    }
}

pub(crate) async fn fresh(adapter: &dyn Provider, wanted: &Resource) -> Option<Observed> {
    adapter.observe(wanted).await.unwrap()
}

pub(crate) async fn ensured(adapter: &dyn Provider, step: &Step) -> StepOutcome {
    adapter.ensure(step).await.unwrap()
}

pub(crate) async fn refusal(adapter: &dyn Provider, step: &Step) -> ProviderErrorKind {
    let failure = adapter.ensure(step).await.unwrap_err();
    assert!(!failure.message.is_empty());
    failure.kind
}

pub(crate) fn id(ensured: &StepOutcome) -> String {
    ensured.outputs[&OutputName::Id].clone()
}

pub(crate) fn file_system(backend: &Backend, token: &str) -> Resource {
    Resource::FileSystem(FileSystem {
        region: backend.region.parse().unwrap(),
        creation_token: token.into(),
        name: format!("acme--odoo.{token}"),
        performance_mode: "generalPurpose".into(),
        throughput_mode: "elastic".into(),
        kms_key_id: None,
    })
}

pub(crate) fn mount_target(backend: &Backend, file_system: &str, n: usize) -> Resource {
    Resource::MountTarget(MountTarget {
        region: backend.region.parse().unwrap(),
        file_system: file_system.into(),
        subnet: backend.subnets[n].clone(),
        security_groups: backend.groups[..1].to_vec(),
    })
}

pub(crate) fn access_point(backend: &Backend, file_system: &str, token: &str) -> Resource {
    Resource::AccessPoint(AccessPoint {
        region: backend.region.parse().unwrap(),
        file_system: file_system.into(),
        client_token: token.into(),
        name: "acme--odoo data".into(),
        path: "/inst-1/acme/odoo/1".into(),
        uid: 101,
        gid: 102,
        permissions: "0750".into(),
    })
}

pub(crate) fn record(backend: &Backend, name: &str, weight: u8) -> Resource {
    Resource::Record(Record {
        zone: backend.zone.clone(),
        name: format!("{name}.apps.example.com"),
        // moto deletes by set-identifier alone, so each name has its own.
        set_identifier: format!("deploycenter/inst-1/acme/eu-west-3/{name}"),
        weight,
        routing: Routing::Addresses {
            ipv4: vec!["192.0.2.1".into(), "192.0.2.2".into()],
            ttl: 60,
        },
        aaaa: None,
    })
}

pub(crate) fn alias(backend: &Backend, name: &str) -> Resource {
    let Resource::Record(plain) = record(backend, name, 10) else {
        unreachable!()
    };
    Resource::Record(Record {
        routing: Routing::Alias {
            dns_name: "lb.eu-west-3.elb.amazonaws.com".into(),
            hosted_zone_id: "Z3Q77PNBQS71R4".into(),
            evaluate_target_health: true,
        },
        ..plain
    })
}

/// A record with the AAAA of a balancer that has IPv6.
pub(crate) fn dual(record: &Resource) -> Resource {
    let Resource::Record(record) = record else {
        unreachable!()
    };
    let routing = match &record.routing {
        Routing::Alias { .. } => record.routing.clone(),
        _ => Routing::Addresses6 {
            ipv6: vec!["2001:db8::1".into(), "2001:db8::2".into()],
            ttl: 60,
        },
    };
    Resource::Record(Record {
        aaaa: Some(Aaaa {
            weight: record.weight,
            routing,
        }),
        ..record.clone()
    })
}

pub(crate) fn secret(backend: &Backend, name: &str) -> Resource {
    Resource::Secret(Secret {
        region: backend.region.parse().unwrap(),
        name: format!("deploycenter/inst-1/acme/odoo/{name}"),
        keys: vec![
            GeneratedKey {
                key: "password".into(),
                length: 32,
            },
            GeneratedKey {
                key: "salt".into(),
                length: 64,
            },
        ],
    })
}
