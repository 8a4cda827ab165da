//! What only the stand-ins can show: lost answers, busy services, refused credentials.

use deploycenter_domain::resource::Resource;
use deploycenter_ports::{Provider, ProviderErrorKind, Snapshot, Step};
use deploycenter_sandbox::{DropWhen, Effect, Fault, InjectedError};
use futures::future::join_all;

use crate::backend::{self, Backend};
use crate::steps::*;

const CREATES: [(&str, &str); 6] = [
    ("efs", "CreateFileSystem"),
    ("efs", "CreateMountTarget"),
    ("efs", "CreateAccessPoint"),
    ("route53", "ChangeResourceRecordSets"),
    ("secretsmanager", "CreateSecret"),
    ("sts", "AssumeRole"),
];

async fn sandbox() -> Backend {
    backend::sandbox().await.unwrap()
}

fn fault(service: &str, operation: &str, times: Option<u64>, effect: Effect) -> Fault {
    Fault {
        service: Some(service.into()),
        operation: Some(operation.into()),
        subject: None,
        write: None,
        after: 0,
        times,
        effect,
    }
}

fn busy() -> Effect {
    Effect::Error(InjectedError {
        status: 503,
        code: "ServiceUnavailable".into(),
        message: "later".into(),
        retry_after: None,
    })
}

/// One thing of each kind, each ensured, in a deployment's order.
async fn ensure_all(backend: &Backend) -> Vec<(Box<dyn Provider>, Step, bool)> {
    let aws = backend.aws();
    let mut done: Vec<(Box<dyn Provider>, Step, bool)> = Vec::new();
    let step = create("efs.file-system/data", &file_system(backend, "all"));
    let made = ensured(&aws.efs(), &step).await;
    let fs = id(&made);
    done.push((Box::new(aws.efs()), step, made.changed));
    let steps: [(Box<dyn Provider>, Step); 4] = [
        (
            Box::new(aws.efs()),
            create("efs.mount-target/data-a", &mount_target(backend, &fs, 0)),
        ),
        (
            Box::new(aws.efs()),
            create("efs.access-point/data", &access_point(backend, &fs, "all")),
        ),
        (
            Box::new(aws.route53()),
            create("dns.record/web", &record(backend, "all", 10)),
        ),
        (
            Box::new(aws.secrets()),
            create("secrets.entry/db", &secret(backend, "all")),
        ),
    ];
    for (adapter, step) in steps {
        let made = ensured(adapter.as_ref(), &step).await;
        done.push((adapter, step, made.changed));
    }
    done
}

/// What the stand-ins hold, without the ids and times that the number of calls moves.
fn counts(backend: &Backend) -> Vec<(&'static str, usize)> {
    let snapshot = backend.sandbox.as_ref().unwrap().snapshot().to_string();
    [
        "deploycenter:effect",
        "fsmt-",
        "deploycenter/inst-1/acme/eu-west-3/all",
    ]
    .into_iter()
    .map(|needle| (needle, snapshot.matches(needle).count()))
    .collect()
}

#[tokio::test]
async fn a_lost_answer_makes_no_double() {
    let undisturbed = sandbox().await;
    ensure_all(&undisturbed).await;
    for (service, operation) in CREATES {
        for when in [DropWhen::After, DropWhen::Before] {
            let backend = sandbox().await;
            let faults = vec![fault(service, operation, Some(1), Effect::Drop(when))];
            backend.sandbox.as_ref().unwrap().set_faults(faults);
            let done = ensure_all(&backend).await;
            for (_, step, changed) in &done {
                assert!(changed, "{} after a lost {operation}", step.owner.effect);
            }
            assert_eq!(
                counts(&backend),
                counts(&undisturbed),
                "{operation} {when:?}"
            );
            for (adapter, step, _) in done.iter().rev() {
                adapter.undo(step).await.unwrap();
                let wanted = step.after.as_ref().unwrap();
                assert_eq!(fresh(adapter.as_ref(), wanted).await, None);
            }
        }
    }
}

#[tokio::test]
async fn a_busy_service_is_asked_again_and_given_up_in_the_end() {
    for (service, operation) in CREATES {
        let backend = sandbox().await;
        let sandbox = backend.sandbox.as_ref().unwrap();
        sandbox.set_faults(vec![fault(service, operation, Some(3), busy())]);
        ensure_all(&backend).await;
    }
    let backend = sandbox().await;
    let server = backend.sandbox.as_ref().unwrap();
    let dns = backend.aws().route53();
    let step = create("dns.record/web", &record(&backend, "busy", 1));
    server.set_faults(vec![fault(
        "route53",
        "ChangeResourceRecordSets",
        None,
        busy(),
    )]);
    let failure = dns.ensure(&step).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Unavailable);
    assert!(
        failure
            .message
            .contains("ServiceUnavailable: later (HTTP 503)"),
        "{failure}"
    );
    server.set_faults(vec![fault(
        "route53",
        "ChangeResourceRecordSets",
        None,
        Effect::Drop(DropWhen::Before),
    )]);
    assert_eq!(refusal(&dns, &step).await, ProviderErrorKind::Unavailable);
    server.set_faults(Vec::new());
    assert!(ensured(&dns, &step).await.changed);
}

#[tokio::test]
async fn a_batch_whose_answer_was_lost_is_all_ours() {
    let backend = sandbox().await;
    let dns = backend.aws().route53();
    let lost = fault(
        "route53",
        "ChangeResourceRecordSets",
        Some(1),
        Effect::Drop(DropWhen::After),
    );
    backend.sandbox.as_ref().unwrap().set_faults(vec![lost]);
    let steps: Vec<Step> = (0..5)
        .map(|n| create("dns.record/web", &record(&backend, &format!("lost-{n}"), 1)))
        .collect();
    let outcomes = join_all(steps.iter().map(|step| dns.ensure(step))).await;
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap().changed));
}

#[tokio::test]
async fn refused_credentials_are_named() {
    let backend = sandbox().await;
    let wanted = file_system(&backend, "refused");
    let stranger = backend.aws_as("AKIASOMEONEELSE00000").efs();
    let failure = stranger.observe(&wanted).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.system),
        (ProviderErrorKind::Refused, "sts")
    );
    assert!(
        failure.message.contains("InvalidClientTokenId"),
        "{failure}"
    );
    let role = "arn:aws:iam::222233334444:role/nobody";
    let failure = backend
        .aws_with_role(role)
        .efs()
        .observe(&wanted)
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused);
    assert!(failure.message.contains(role), "{failure}");
    assert!(failure.help.unwrap().to_string().contains("regions.yaml"));

    let Resource::FileSystem(mut elsewhere) = wanted else {
        unreachable!()
    };
    elsewhere.region = "mars-1".parse().unwrap();
    let failure = backend
        .aws()
        .efs()
        .observe(&Resource::FileSystem(elsewhere))
        .await
        .unwrap_err();
    assert_eq!(failure.message, "the region mars-1 isn't known");
}

/// Planning a fleet is a list per kind and place, however many instances there are.
#[tokio::test]
async fn a_fleet_is_read_by_a_few_lists() {
    let backend = sandbox().await;
    ensure_all(&backend).await;
    backend.calls.take();
    let aws = backend.aws();
    let (efs, dns) = (aws.efs().snapshot(), aws.route53().snapshot());
    let secrets = aws.secrets().snapshot();
    let mut readings: Vec<(&dyn Snapshot, Resource)> = Vec::new();
    for n in 0..40 {
        readings.push((&*efs, file_system(&backend, &format!("all-{n}"))));
        readings.push((&*efs, access_point(&backend, "fs-1", &format!("all-{n}"))));
        readings.push((&*dns, record(&backend, &format!("all-{n}"), 1)));
        readings.push((&*secrets, secret(&backend, &format!("all-{n}"))));
    }
    let all = readings.iter().map(|(run, wanted)| run.observe(wanted));
    for reading in join_all(all).await {
        assert_eq!(reading.unwrap(), None);
    }
    let mut calls = backend.calls.take();
    calls.sort();
    let expected = [
        "AssumeRole",
        "AssumeRole",
        "DescribeAccessPoints",
        "DescribeFileSystems",
        "ListResourceRecordSets",
        "ListSecrets",
    ];
    assert_eq!(calls, expected);
}
