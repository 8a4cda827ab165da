//! What an app keeps to whose values are in the shapes of `deploycenter_sdk::values` under
//! their usual keys: `replicas`, `resources`, `autoscaling`, `verticalPodAutoscaler`,
//! `serviceMonitor`, `storage`, `database`, `smtp`, `imagePullSecret`, `timezone`, `note`;
//! and whose volume is `data`. [`usual_suite!`](crate::usual_suite!) makes a test of each
//! function here.

use std::iter::once;

use serde_json::{Value, json};

use crate::suite::{Cases, differs, each, planned, refused_each, unfit_each};

/// What the tests have to know of such an app.
pub trait Usual: Cases {
    /// The key of the largest upload.
    const UPLOAD: &'static str;
    /// The add-on that runs the database, as a region's `addons` has it.
    const DATABASE_ADDON: &'static str;
    /// The files that are declared with the base values, in the order of their paths.
    const FILES: &'static [&'static str];
    /// The variable of `templates/values.yaml` that has the image of each version: see
    /// [`Kit::images`](crate::Kit::images).
    const IMAGES: &'static str;

    /// Whether an image, as that variable has it, is one of the version.
    fn is_image_of(version: &str, image: &str) -> bool;

    /// Values that name an image of the operator's own, and what `image` of the chart's
    /// values has to hold then, as JSON.
    fn own_image() -> (Value, &'static str);

    /// What an autoscaler takes beside being switched on.
    fn scalable() -> Value {
        json!({})
    }

    /// Values that work, and not as their author may think: how often the plan warns, in
    /// comments of the chart's values too. That the base values don't is tried besides.
    fn warned() -> Vec<(Value, usize)> {
        Vec::new()
    }
}

/// Makes the tests of [`usual`](mod@crate::usual) for an app that is
/// [`Usual`](crate::usual::Usual), beside those of [`suite!`](crate::suite!).
#[macro_export]
macro_rules! usual_suite {
    ($app:ty) => {
        $crate::tests_of! {
            $app, usual:
            usual_values_are_refused_at_their_key
            the_schema_refuses_what_no_usual_value_is
            an_instance_without_a_domain_is_refused
            a_missing_addon_is_said_before_a_pod_hangs
            a_switched_off_autoscaler_is_not_looked_at
            an_autoscaler_takes_over_where_it_stands
            an_autoscaler_that_nobody_feeds_is_warned_of
            a_user_of_the_mail_server_takes_a_password
            versions_agree
            it_declares_what_an_instance_needs
            an_image_of_ones_own_is_pulled_with_a_login
            pods_name_the_version_of_a_secret_that_they_use
            warnings_stand_in_the_plan_and_in_the_file
        }
    };
}

/// What the checks of the SDK refuse, the app refuses: it makes them all.
///
/// # Panics
/// With the values that something else is found in, and what.
pub fn usual_values_are_refused_at_their_key<A: Usual>() {
    let resources = |cpu: &str, memory: &str| json!({ "requests": { "cpu": cpu, "memory": memory }, "limits": { "cpu": "1", "memory": "2Gi" } });
    let class = |class: &str| json!({ "database": { "instances": 1, "size": "1Gi", "storageClass": class, "resources": resources("1", "1Gi") } });
    let memory = |memory: &str| json!({ "database": { "instances": 1, "size": "1Gi", "resources": resources("1", memory) } });
    let upload = format!("/{}", A::UPLOAD);
    refused_each::<A>(vec![
        (
            json!({ "autoscaling": { "enabled": true, "minReplicas": 5, "maxReplicas": 2 } }),
            "autoscaling-min-above-max",
            "/autoscaling/minReplicas",
        ),
        // The default of what isn't said counts: maxReplicas is 4.
        (
            json!({ "autoscaling": { "enabled": true, "minReplicas": 5 } }),
            "autoscaling-min-above-max",
            "/autoscaling/minReplicas",
        ),
        (
            json!({ "autoscaling": { "enabled": true }, "verticalPodAutoscaler": { "enabled": true, "mode": "Recreate" } }),
            "two-autoscalers",
            "/verticalPodAutoscaler/mode",
        ),
        (
            json!({ "resources": resources("1100m", "1Gi") }),
            "requests-above-limits",
            "/resources/requests/cpu",
        ),
        (
            json!({ "storage": { "class": "efs-fast", "size": "1Gi" } }),
            "unknown-storage-class",
            "/storage/class",
        ),
        (class("efs"), "database-on-efs", "/database/storageClass"),
        (class("efs-sc"), "database-on-efs", "/database/storageClass"),
        (
            memory("64Mi"),
            "database-memory",
            "/database/resources/requests/memory",
        ),
        (
            memory("100Mi"),
            "database-memory",
            "/database/resources/requests/memory",
        ),
        (
            json!({ (A::UPLOAD): "3Gi" }),
            "upload-above-ingress",
            upload.as_str(),
        ),
    ]);
}

/// The schema bounds the usual values.
///
/// # Panics
/// With the values that it takes.
pub fn the_schema_refuses_what_no_usual_value_is<A: Usual>() {
    unfit_each::<A>([
        json!({ "replica": 2 }),
        json!({ "replicas": 0 }),
        json!({ "replicas": "2" }),
        json!({ "version": "latest" }),
        json!({ "smtp": { "host": "h", "port": 25, "from": "a@b", "password": "x" } }),
        json!({ "storage": { "class": "efs" } }),
        json!({ (A::UPLOAD): "lots" }),
        json!({ "timezone": "../../etc/passwd" }),
        json!({ "note": "one\u{2028}two" }),
    ]);
}

/// An app that is reached under one address says that it has none.
///
/// # Panics
/// With what is found instead.
pub fn an_instance_without_a_domain_is_refused<A: Usual>() {
    let nameless = A::kit().at(|context| context["domain"] = Value::Null);
    let wanted = [("needs-domain".to_owned(), String::new())];
    assert_eq!(nameless.found::<A>(json!({})), wanted);
}

/// What the app always wants is missed where the region doesn't list it, and what an
/// option wants at the option's key.
///
/// # Panics
/// With what is missed instead.
pub fn a_missing_addon_is_said_before_a_pod_hangs<A: Usual>() {
    let kit = A::kit();
    let lacking = |over: Value, addons: Option<&[&str]>, issuer: Option<&str>| {
        kit.lacking::<A>(over, addons, issuer)
    };
    let three: &[&str] = &[A::DATABASE_ADDON, "external-secrets", "efs-csi"];
    let issuer = Some("letsencrypt");
    assert_eq!(
        lacking(json!({}), None, issuer),
        [""; 0],
        "where nobody said what there is, nothing is checked"
    );
    assert_eq!(lacking(json!({}), Some(three), None), [""; 0]);
    assert_eq!(
        lacking(json!({}), Some(three), issuer),
        [
            " the cluster of the region us-west-2 lacks the add-on cert-manager, which gets the certificates; install it there and list it under `addons` in regions.yaml"
        ]
    );
    for option in ["verticalPodAutoscaler", "serviceMonitor"] {
        let found = lacking(json!({ option: { "enabled": true } }), Some(three), None);
        let start = format!("/{option}/enabled the cluster");
        assert!(
            matches!(&*found, [one] if one.starts_with(&start)),
            "{option}: {found:?}"
        );
    }
    let all = lacking(json!({}), Some(&[]), issuer);
    assert_eq!(all.len(), 4, "{all:?}");
}

/// Bounds that contradict each other are nobody's business while they bound nothing.
///
/// # Panics
/// With what is found.
pub fn a_switched_off_autoscaler_is_not_looked_at<A: Usual>() {
    let off = json!({ "autoscaling": { "enabled": false, "minReplicas": 5, "maxReplicas": 2 } });
    assert_eq!(A::kit().found::<A>(off), []);
}

/// See [`Kit::check_autoscaled`](crate::Kit::check_autoscaled), for a Kubernetes Deployment
/// that is called like the app.
///
/// # Panics
/// With the values that gave something else.
pub fn an_autoscaler_takes_over_where_it_stands<A: Usual>() {
    let kit = A::kit();
    kit.check_autoscaled::<A>(kit.app(), &A::scalable());
}

/// See [`Kit::check_warns_without`](crate::Kit::check_warns_without), for `metrics-server`.
///
/// # Panics
/// With the warnings that there were instead.
pub fn an_autoscaler_that_nobody_feeds_is_warned_of<A: Usual>() {
    let mut scaled = A::scalable();
    scaled["autoscaling"] = json!({ "enabled": true });
    A::kit().check_warns_without::<A>("metrics-server", &scaled);
}

/// The chart is told whom to sign in as at the mail server, and a person is asked for the
/// password of such a user, and of nobody else.
///
/// # Panics
/// With the values of which that isn't so.
pub fn a_user_of_the_mail_server_takes_a_password<A: Usual>() {
    let kit = A::kit();
    let cases = [
        (smtp(Some("mailer")), (Some("password"), "mailer")),
        (smtp(None), (None, "")),
        (json!({}), (None, "")),
    ];
    each(cases, |over, wanted| {
        let declared = planned::<A>(&kit, over);
        let values = declared.yaml("values.yaml");
        let key = declared.given.get("smtp").map(|(key, _)| key.as_str());
        let user = values[0]["smtp"]["user"].as_str().unwrap_or_default();
        differs(&(key, user), &wanted)
    });
}

/// A version is offered, has an image of its own and a data-version, or it is none of the
/// three.
///
/// # Panics
/// With the versions whose image is of another.
pub fn versions_agree<A: Usual>() {
    let wrong: Vec<String> = A::kit()
        .images(A::IMAGES)
        .iter()
        .filter(|(version, image)| !A::is_image_of(version, image))
        .map(|(version, image)| format!("{image} is none of {version}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// With the base values: the files, a volume of the region's default class that is named
/// by what is known only after apply, the record, both applications, and nothing that a
/// person has to give.
///
/// # Panics
/// With what is declared instead.
pub fn it_declares_what_an_instance_needs<A: Usual>() {
    let kit = A::kit();
    let declared = planned::<A>(&kit, &json!({}));
    let files: Vec<&str> = declared.files.keys().map(String::as_str).collect();
    assert_eq!(files, A::FILES);
    assert_eq!(declared.volumes["data"].0, "efs", "the region's default");
    let domain = format!("{}.acme.apps.example.com", kit.app());
    assert_eq!(declared.records["domain"], domain);
    assert_eq!(declared.applications.len(), 2);
    assert_eq!(declared.given.len(), 0, "{:?}", declared.given);
    let volume = &declared.yaml("dependencies/volumes.yaml")[0];
    assert_eq!(
        volume["spec"]["csi"]["volumeHandle"],
        "<efs.file-system/data>::<efs.access-point/data>"
    );
}

/// An image from another registry stands in the chart's values, and a person is asked for
/// the login at that registry.
///
/// # Panics
/// With the image that stands there instead, or the key.
pub fn an_image_of_ones_own_is_pulled_with_a_login<A: Usual>() {
    let (mut over, wanted) = A::own_image();
    over["imagePullSecret"] = json!("registry");
    let declared = planned::<A>(&A::kit(), &over);
    let image = declared.yaml("values.yaml")[0]["image"].to_string();
    assert!(image.contains(wanted), "{over}: {image}, not {wanted}");
    assert_eq!(declared.given["registry"].0, ".dockerconfigjson");
}

/// A pod that uses a given secret names the key of its version, where one is known. A
/// login at a registry is looked at when an image is pulled, and nothing starts anew for it.
///
/// # Panics
/// With the values that name other keys, and which.
pub fn pods_name_the_version_of_a_secret_that_they_use<A: Usual>() {
    let known = json!({ "smtp": "0123456789abcdef", "registry": "fedcba9876543210" });
    let mailing = smtp(Some("mailer"));
    let mut pulling = mailing.clone();
    pulling["imagePullSecret"] = json!("registry");
    let wanted = json!({ "smtp": "password.0123456789abcdef" });
    let cases = [
        (mailing.clone(), (known.clone(), wanted.clone())),
        (pulling, (known.clone(), wanted)),
        (smtp(None), (known, Value::Null)),
        (mailing, (json!({}), Value::Null)),
    ];
    each(cases, |over, (versions, wanted)| {
        let kit = A::kit().at(|context| context["secretVersions"] = versions);
        let values = planned::<A>(&kit, over).yaml("values.yaml");
        differs(&values[0]["secretKeys"], &wanted)
    });
}

/// What is warned of stands in the plan, and as a comment of one line in the chart's values.
///
/// # Panics
/// With the values that are warned of otherwise, and how.
pub fn warnings_stand_in_the_plan_and_in_the_file<A: Usual>() {
    let kit = A::kit();
    each(once((json!({}), 0)).chain(A::warned()), |over, count| {
        let declared = planned::<A>(&kit, over);
        let (warnings, file) = (&declared.warnings, &declared.files["values.yaml"]);
        if warnings.len() != count {
            return Some(format!("{count} warnings are wanted: {warnings:?}"));
        }
        warnings
            .iter()
            .find(|line| line.contains('\n') || !file.contains(&format!("# {line}\n")))
            .map(|line| format!("values.yaml has no comment of the line {line:?}"))
    });
}

fn smtp(user: Option<&str>) -> Value {
    let mut smtp = json!({ "host": "smtp.acme.example", "port": 587, "from": "app@acme.example" });
    if let Some(user) = user {
        smtp["user"] = json!(user);
    }
    json!({ "smtp": smtp })
}
