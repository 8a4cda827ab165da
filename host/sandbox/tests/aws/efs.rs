use serde_json::{Value, json};

use crate::support::{Answer, Client, OTHER_ROLE, ROLE, sandbox};

async fn create(client: &Client, token: &str) -> String {
    let answer = client
        .efs("POST", "file-systems", json!({ "CreationToken": token, "Encrypted": true, "Tags": [{ "Key": "Name", "Value": token }] }))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["FileSystemId"].as_str().unwrap().to_owned()
}

/// A file system that is `available`.
async fn available(client: &Client, token: &str) -> String {
    let id = create(client, token).await;
    for _ in 0..5 {
        if state(client, &id).await == "available" {
            return id;
        }
    }
    panic!("{id} isn't available");
}

async fn state(client: &Client, id: &str) -> String {
    let found = client
        .efs_get(&format!("file-systems?FileSystemId={id}"))
        .await;
    found["FileSystems"][0]["LifeCycleState"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn assert_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, &*answer.error_type),
        (status, code),
        "{answer:?}"
    );
    assert_eq!(answer.json()["ErrorCode"], code);
}

async fn mount(client: &Client, id: &str, subnet: &str) -> Answer {
    client
        .efs("POST", "mount-targets", json!({ "FileSystemId": id, "SubnetId": subnet, "SecurityGroups": ["sg-0a10000000000e"] }))
        .await
}

const SUBNET: &str = "subnet-0a10000000000a";

#[tokio::test]
async fn a_file_system_lives_and_dies() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    let id = create(&client, "one").await;
    assert_eq!(state(&client, &id).await, "creating");
    assert_error(
        &mount(&client, &id, SUBNET).await,
        409,
        "IncorrectFileSystemLifeCycleState",
    );
    assert_eq!(state(&client, &id).await, "available");

    let again = client
        .efs("POST", "file-systems", json!({ "CreationToken": "one" }))
        .await;
    assert_error(&again, 409, "FileSystemAlreadyExists");
    assert_eq!(again.json()["FileSystemId"], json!(id));

    let target = mount(&client, &id, SUBNET).await;
    assert_eq!(target.status, 200, "{target:?}");
    let target_id = target.json()["MountTargetId"].as_str().unwrap().to_owned();
    assert_error(
        &mount(&client, &id, SUBNET).await,
        409,
        "MountTargetConflict",
    );
    assert_eq!(
        mount(&client, &id, "subnet-0a10000000000b").await.status,
        200
    );
    let listed = client.efs_get("file-systems?CreationToken=one").await;
    assert_eq!(listed["FileSystems"][0]["NumberOfMountTargets"], 2);
    assert_error(
        &client
            .efs("DELETE", &format!("file-systems/{id}"), json!(null))
            .await,
        409,
        "FileSystemInUse",
    );

    let targets = client
        .efs_get(&format!("mount-targets?FileSystemId={id}"))
        .await;
    for target in targets["MountTargets"].as_array().unwrap() {
        let path = format!(
            "mount-targets/{}",
            target["MountTargetId"].as_str().unwrap()
        );
        assert_eq!(client.efs("DELETE", &path, json!(null)).await.status, 204);
    }
    // It takes a while: until then the mount target is seen, and the file system in use.
    let going = client
        .efs_get(&format!("mount-targets?MountTargetId={target_id}"))
        .await;
    assert_eq!(going["MountTargets"][0]["LifeCycleState"], "deleting");
    assert_error(
        &client
            .efs("DELETE", &format!("file-systems/{id}"), json!(null))
            .await,
        409,
        "FileSystemInUse",
    );
    sandbox.advance(400);
    let gone = client
        .efs(
            "GET",
            &format!("mount-targets?MountTargetId={target_id}"),
            json!(null),
        )
        .await;
    assert_error(&gone, 404, "MountTargetNotFound");

    assert_eq!(
        client
            .efs("DELETE", &format!("file-systems/{id}"), json!(null))
            .await
            .status,
        204
    );
    assert_eq!(state(&client, &id).await, "deleting");
    sandbox.advance(300);
    assert_error(
        &client
            .efs(
                "GET",
                &format!("file-systems?FileSystemId={id}"),
                json!(null),
            )
            .await,
        404,
        "FileSystemNotFound",
    );
    assert_ne!(
        create(&client, "one").await,
        id,
        "a second life has another id"
    );
}

#[tokio::test]
async fn the_operators_file_system_is_there_from_the_start() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    let all = client.efs_get("file-systems").await;
    let only = &all["FileSystems"][0];
    assert_eq!(only["FileSystemId"], "fs-0a1000000000005e2");
    assert_eq!(only["LifeCycleState"], "available");
    assert_eq!(only["Tags"], json!([]));
    assert_eq!(only["NumberOfMountTargets"], 2);
    assert_eq!(only["OwnerId"], "111122223333");
    let elsewhere = client.in_region("eu-west-3").efs_get("file-systems").await;
    assert_eq!(elsewhere["FileSystems"], json!([]));
    let other = Client::of(&sandbox, OTHER_ROLE).await;
    let hidden = other
        .efs(
            "GET",
            "file-systems?FileSystemId=fs-0a1000000000005e2",
            json!(null),
        )
        .await;
    assert_error(&hidden, 404, "FileSystemNotFound");
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    let id = available(&client, "one").await;
    let fs = |extra: Value| {
        let mut body = json!({ "CreationToken": "two" });
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        ("file-systems", body)
    };
    let point = |extra: Value| {
        let mut body = json!({ "ClientToken": "p", "FileSystemId": id });
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        ("access-points", body)
    };
    let target = |extra: Value| {
        let mut body = json!({ "FileSystemId": id, "SubnetId": SUBNET });
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        ("mount-targets", body)
    };
    let six: Vec<String> = (0..6).map(|n| format!("sg-{n:08}")).collect();
    let table = [
        (("file-systems", json!({})), 400, "BadRequest"),
        (
            fs(json!({ "CreationToken": "x".repeat(65) })),
            400,
            "BadRequest",
        ),
        (fs(json!({ "PerformanceMode": "fast" })), 400, "BadRequest"),
        (
            fs(json!({ "ThroughputMode": "provisioned" })),
            400,
            "BadRequest",
        ),
        (
            fs(json!({ "PerformanceMode": "maxIO", "ThroughputMode": "elastic" })),
            400,
            "BadRequest",
        ),
        (fs(json!({ "KmsKeyId": "alias/key" })), 400, "BadRequest"),
        (
            fs(json!({ "Tags": [{ "Key": "aws:x", "Value": "" }] })),
            400,
            "BadRequest",
        ),
        (
            fs(json!({ "Tags": [{ "Key": "a;b", "Value": "" }] })),
            400,
            "BadRequest",
        ),
        (
            target(json!({ "SubnetId": "subnet-ffffffff" })),
            400,
            "SubnetNotFound",
        ),
        (
            target(json!({ "SecurityGroups": ["sg-ffffffff"] })),
            400,
            "SecurityGroupNotFound",
        ),
        (
            target(json!({ "SecurityGroups": six })),
            400,
            "SecurityGroupLimitExceeded",
        ),
        (
            target(json!({ "FileSystemId": "fs-ffffffff" })),
            404,
            "FileSystemNotFound",
        ),
        (
            point(json!({ "FileSystemId": "fs-ffffffff" })),
            404,
            "FileSystemNotFound",
        ),
        (
            point(json!({ "RootDirectory": { "Path": "relative" } })),
            400,
            "BadRequest",
        ),
        (
            point(json!({ "RootDirectory": { "Path": "/a/b/c/d/e" } })),
            400,
            "BadRequest",
        ),
        (
            point(
                json!({ "RootDirectory": { "Path": "/a", "CreationInfo": { "OwnerUid": 1, "OwnerGid": 1, "Permissions": "rwx" } } }),
            ),
            400,
            "BadRequest",
        ),
        (
            point(json!({ "PosixUser": { "Uid": -1, "Gid": 1 } })),
            400,
            "BadRequest",
        ),
    ];
    for ((path, body), status, code) in table {
        let answer = client.efs("POST", path, body.clone()).await;
        assert_eq!(
            (answer.status, &*answer.error_type),
            (status, code),
            "{path} {body}: {answer:?}"
        );
    }
    for path in [
        "mount-targets",
        "file-systems?MaxItems=0",
        "access-points?MaxResults=none",
    ] {
        assert_error(
            &client.efs("GET", path, json!(null)).await,
            400,
            "BadRequest",
        );
    }
    for (path, code) in [
        ("file-systems/fs-ffffffff", "FileSystemNotFound"),
        ("mount-targets/fsmt-ffffffff", "MountTargetNotFound"),
        ("access-points/fsap-ffffffff", "AccessPointNotFound"),
    ] {
        assert_error(&client.efs("DELETE", path, json!(null)).await, 404, code);
    }
}

#[tokio::test]
async fn an_access_points_token_is_idempotent_with_equal_parameters_only() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    let id = available(&client, "one").await;
    let body = json!({
        "ClientToken": "p", "FileSystemId": id, "PosixUser": { "Uid": 2000, "Gid": 2000 },
        "RootDirectory": { "Path": "/data", "CreationInfo": { "OwnerUid": 2000, "OwnerGid": 2000, "Permissions": "0750" } },
        "Tags": [{ "Key": "b", "Value": "2" }, { "Key": "a", "Value": "1" }],
    });
    let first = client.efs("POST", "access-points", body.clone()).await;
    assert_eq!(first.status, 200, "{first:?}");
    let point = first.json();
    assert_eq!(point["LifeCycleState"], "creating");
    assert_eq!(point["RootDirectory"], body["RootDirectory"]);
    let point_id = point["AccessPointId"].as_str().unwrap();
    let again = client.efs("POST", "access-points", body.clone()).await;
    assert_eq!(
        (again.status, again.json()["AccessPointId"].clone()),
        (200, json!(point_id))
    );
    let mut changed = body.clone();
    changed["PosixUser"]["Uid"] = json!(1);
    let conflict = client.efs("POST", "access-points", changed).await;
    assert_error(&conflict, 409, "AccessPointAlreadyExists");
    assert_eq!(conflict.json()["AccessPointId"], json!(point_id));

    let by_point = client
        .efs_get(&format!("mount-targets?AccessPointId={point_id}"))
        .await;
    assert_eq!(by_point["MountTargets"], json!([]));
    assert_eq!(
        client
            .efs("DELETE", &format!("access-points/{point_id}"), json!(null))
            .await
            .status,
        204
    );
    sandbox.advance(150);
    let gone = client
        .efs(
            "GET",
            &format!("access-points?AccessPointId={point_id}"),
            json!(null),
        )
        .await;
    assert_error(&gone, 404, "AccessPointNotFound");
    assert_eq!(sandbox.snapshot()["efs"]["accessPoints"], json!({}));
}

#[tokio::test]
async fn lists_come_in_pages_that_hold_everything_once() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    let mut made = Vec::new();
    for n in 0..7 {
        made.push(create(&client, &format!("t{n}")).await);
    }
    made.push("fs-0a1000000000005e2".to_owned());
    made.sort();
    let mut seen = Vec::new();
    let mut path = "file-systems?MaxItems=3".to_owned();
    loop {
        let page = client.efs_get(&path).await;
        let systems = page["FileSystems"].as_array().unwrap();
        assert!((1..=3).contains(&systems.len()));
        seen.extend(
            systems
                .iter()
                .map(|fs| fs["FileSystemId"].as_str().unwrap().to_owned()),
        );
        let Some(marker) = page["NextMarker"].as_str() else {
            break;
        };
        path = format!("file-systems?MaxItems=3&Marker={marker}");
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn tags_are_added_replaced_and_removed() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    let id = available(&client, "one").await;
    let arn =
        format!("arn%3Aaws%3Aelasticfilesystem%3Aus-west-2%3A111122223333%3Afile-system%2F{id}");
    let tag = json!({ "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }] });
    assert_eq!(
        client
            .efs("POST", &format!("resource-tags/{arn}"), tag)
            .await
            .status,
        200
    );
    let more = json!({ "Tags": [{ "Key": "b", "Value": "3" }] });
    assert_eq!(
        client
            .efs("POST", &format!("resource-tags/{id}"), more)
            .await
            .status,
        200
    );
    let removed = client
        .efs(
            "DELETE",
            &format!("resource-tags/{id}?tagKeys=a&tagKeys=Name"),
            json!(null),
        )
        .await;
    assert_eq!(removed.status, 200);
    let list = client.efs_get(&format!("resource-tags/{id}")).await;
    assert_eq!(list["Tags"], json!([{ "Key": "b", "Value": "3" }]));
    let many: Vec<Value> = (0..50)
        .map(|n| json!({ "Key": format!("k{n}"), "Value": "" }))
        .collect();
    let refused = client
        .efs(
            "POST",
            &format!("resource-tags/{id}"),
            json!({ "Tags": many }),
        )
        .await;
    assert_error(&refused, 400, "BadRequest");
}

#[tokio::test]
async fn throughput_and_security_groups_can_be_changed() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    let id = create(&client, "changing").await;
    let path = &format!("file-systems/{id}");
    let update = async |body: Value| client.efs("PUT", path, body).await;
    let elastic = json!({ "ThroughputMode": "elastic" });
    assert_error(
        &update(elastic.clone()).await,
        409,
        "IncorrectFileSystemLifeCycleState",
    );
    sandbox.advance(300);
    let answer = update(elastic.clone()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json()["ThroughputMode"], "elastic");
    assert_eq!(answer.json()["LifeCycleState"], "updating");
    assert_error(
        &update(elastic).await,
        409,
        "IncorrectFileSystemLifeCycleState",
    );
    sandbox.advance(300);
    assert_eq!(state(&client, &id).await, "available");
    for wrong in [
        json!({ "ThroughputMode": "fast" }),
        json!({ "ThroughputMode": "provisioned" }),
        json!({ "ThroughputMode": "bursting", "ProvisionedThroughputInMibps": 2 }),
    ] {
        assert_error(&update(wrong).await, 400, "BadRequest");
    }
    // What is provisioned stays so for a day.
    let answer =
        update(json!({ "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 2 })).await;
    assert_eq!(answer.json()["ProvisionedThroughputInMibps"], 2.0);
    sandbox.advance(300);
    let bursting = json!({ "ThroughputMode": "bursting" });
    assert_error(&update(bursting.clone()).await, 429, "TooManyRequests");
    sandbox.advance(24 * 60 * 60 * 1_000);
    let answer = update(bursting).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json().get("ProvisionedThroughputInMibps"), None);
    let unknown = client
        .efs(
            "PUT",
            "file-systems/fs-0",
            json!({ "ThroughputMode": "elastic" }),
        )
        .await;
    assert_error(&unknown, 404, "FileSystemNotFound");

    sandbox.advance(300);
    let target = mount(&client, &id, SUBNET).await.json()["MountTargetId"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = &format!("mount-targets/{target}/security-groups");
    let modify = async |groups: Value| {
        let body = json!({ "SecurityGroups": groups });
        client.efs("PUT", path, body).await
    };
    let fine = json!(["sg-0a10000000000e"]);
    assert_error(
        &modify(fine.clone()).await,
        409,
        "IncorrectMountTargetState",
    );
    sandbox.advance(400);
    assert_eq!(modify(fine.clone()).await.status, 204);
    assert_eq!(client.efs_get(path).await["SecurityGroups"], fine);
    assert_error(&modify(json!([])).await, 400, "BadRequest");
    assert_error(&modify(json!(["sg-0"])).await, 400, "SecurityGroupNotFound");
    let many: Vec<String> = (0..6).map(|n| format!("sg-{n}")).collect();
    assert_error(
        &modify(json!(many)).await,
        400,
        "SecurityGroupLimitExceeded",
    );
    let unknown = client
        .efs(
            "PUT",
            "mount-targets/fsmt-0/security-groups",
            json!({ "SecurityGroups": fine }),
        )
        .await;
    assert_error(&unknown, 404, "MountTargetNotFound");
    assert_eq!(client.efs_get(path).await["SecurityGroups"], fine);
}
