//! Desired states that several suites start from.

/// One customer with one instance that has everything that an instance can have: a file
/// system of its own, three mount targets, a record, a generated secret.
pub const ACME: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, values: { maxUsers: 100 } }
";

/// Two customers in two accounts.
pub const ACME_AND_RIVOLI: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, values: { maxUsers: 100 } }
  - name: rivoli
    region: eu-west-3
    apps:
      - { app: mattermost, domain: chat.rivoli.apps.example.com }
";

/// Two instances of one customer.
pub const NEIGHBOURS: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, values: { maxUsers: 100 } }
      - { app: mattermost, name: chat2, domain: chat2.acme.apps.example.com }
";
