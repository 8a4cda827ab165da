//! A fleet of any size: customers with an instance of each app.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;

/// Where they run, in turn.
const REGIONS: [&str; 3] = ["us-west-2", "eu-south-2", "eu-west-3"];

/// The `customers.yaml` of the customers with these numbers.
pub(crate) fn customers(numbers: std::ops::Range<usize>) -> String {
    let mut text = "version: 1\ncustomers:\n".to_owned();
    for number in numbers {
        let region = REGIONS[number % REGIONS.len()];
        let domain = format!("c{number:05}.apps.example.com");
        let _ = write!(
            text,
            r#"  - name: c{number:05}
    region: {region}
    apps:
      - app: odoo
        domain: erp.{domain}
        aliases: [erp.c{number:05}.example]
        values:
          version: "18.0"
          replicas: {replicas}
          workers: 6
          storage: {{ class: efs, size: 100Gi }}
          smtp: {{ host: smtp.c{number:05}.example, port: 587, from: erp@c{number:05}.example, tls: true }}
          features: {{ website: true, pointOfSale: false }}
      - app: moodle
        domain: learn.{domain}
        values: {{ version: "4.5", maxUploadSize: 512Mi, features: {{ analytics: true }} }}
      - app: mattermost
        domain: chat.{domain}
        values: {{ maxUsers: {users} }}
"#,
            replicas = 2 + number % 3,
            users = 100 + number % 400,
        );
    }
    text
}

/// The files of a deployment repo with that many customers.
pub(crate) fn files(numbers: std::ops::Range<usize>) -> Result<BTreeMap<String, Vec<u8>>> {
    deploycenter_testkit::files(&customers(numbers))
}
