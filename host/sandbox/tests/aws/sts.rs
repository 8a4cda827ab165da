use crate::support::{Client, OTHER_ROLE, ROLE, sandbox};

#[tokio::test]
async fn a_known_role_gives_a_session_of_its_account() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    let answer = client
        .sts("Action=GetCallerIdentity&Version=2011-06-15")
        .await;
    assert_eq!(answer.element("Account"), "111122223333");
    assert_eq!(
        answer.element("Arn"),
        "arn:aws:sts::111122223333:assumed-role/deploycenter/test"
    );
    let administrator = Client::administrator(&sandbox);
    let answer = administrator
        .sts("Action=GetCallerIdentity&Version=2011-06-15")
        .await;
    assert_eq!(answer.element("Account"), "000000000000");
}

#[tokio::test]
async fn what_cannot_be_assumed_is_refused() {
    let sandbox = sandbox().await;
    let client = Client::administrator(&sandbox);
    let long = "x".repeat(65);
    let table = [
        (
            "RoleArn=arn:aws:iam::999999999999:role/other&RoleSessionName=me".to_owned(),
            403,
            "AccessDenied",
        ),
        (
            format!("RoleArn={ROLE}&RoleSessionName={long}"),
            400,
            "ValidationError",
        ),
        (
            format!("RoleArn={ROLE}&RoleSessionName=me&DurationSeconds=60"),
            400,
            "ValidationError",
        ),
        (
            format!("RoleArn={ROLE}&RoleSessionName=me&DurationSeconds=7200"),
            400,
            "ValidationError",
        ),
    ];
    for (form, status, code) in table {
        let answer = client.sts(&format!("Action=AssumeRole&{form}")).await;
        assert_eq!(
            (answer.status, answer.element("Code")),
            (status, code),
            "{form}"
        );
    }
}

#[tokio::test]
async fn two_sessions_differ_and_a_repeated_history_gives_the_same_ones() {
    let mut histories = Vec::new();
    for _ in 0..2 {
        let sandbox = sandbox().await;
        let keys = [
            Client::of(&sandbox, ROLE).await.access_key().to_owned(),
            Client::of(&sandbox, ROLE).await.access_key().to_owned(),
            Client::of(&sandbox, OTHER_ROLE)
                .await
                .access_key()
                .to_owned(),
        ];
        assert!(keys[0] != keys[1] && keys[1] != keys[2]);
        histories.push(keys);
    }
    assert_eq!(histories[0], histories[1]);
}
