//! `deploycenter:aws/route53`: records.

use deploycenter_domain::desired::domain_name;
use deploycenter_domain::effect::EffectKind;
use wasmtime::Error;

use crate::bindings::app::deploycenter::aws::route53;
use crate::state::{State, check_name, effect, insert, shown};

impl route53::Host for State {
    fn ensure_record(
        &mut self,
        name: String,
        domain: String,
    ) -> Result<Result<String, String>, Error> {
        self.declare("route53")?;
        Ok(self.record(&name, domain))
    }
}

impl State {
    fn record(&mut self, name: &str, domain: String) -> Result<String, String> {
        check_name("record", name)?;
        // A domain belongs to one instance: a plugin may name that one or what lies below
        // it, and so never a neighbour's.
        let own = self
            .request
            .context
            .pointer("/domain")
            .and_then(serde_json::Value::as_str);
        let Some(own) = own else {
            return Err(format!(
                "the record {name} is for \"{}\", but the instance has no domain",
                shown(&domain)
            ));
        };
        if domain != own
            && !domain
                .strip_suffix(own)
                .is_some_and(|below| below.ends_with('.'))
        {
            return Err(format!(
                "the record {name} is for \"{}\", which isn't the instance's domain {own} or below it",
                shown(&domain)
            ));
        }
        // What lies below is the plugin's to name; it is a name all the same.
        match domain_name(&domain) {
            Ok(read) if read == domain => {}
            Ok(_) => {
                return Err(format!(
                    "the record {name} is for \"{}\"; write the domain in lower case",
                    shown(&domain)
                ));
            }
            Err(_) => {
                return Err(format!(
                    "the record {name} is for \"{}\", which is no domain: labels of 1 to 63 of a-z, 0-9 and hyphens inside, and at most 253 characters in all",
                    shown(&domain)
                ));
            }
        }
        insert(
            &mut self.declaration,
            |all| &mut all.records,
            "record",
            name.to_owned(),
            domain,
        )?;
        effect(EffectKind::Record, name).map(String::from)
    }
}
