//! One name that several regions answer: what that does to certificates and to people who
//! have IPv6.

use super::{Challenge, Desired, Instance, Region};
use crate::plan::Remark;

impl Desired {
    /// What to know of an instance whose domain other regions answer, too.
    #[must_use]
    pub fn of_shared_name(&self, instance: &Instance) -> Vec<Remark> {
        let Some(region) = self.region_of(instance) else {
            return Vec::new();
        };
        let siblings: Vec<(&Instance, &Region)> = self
            .customer(instance.target.customer())
            .into_iter()
            .flat_map(|customer| &customer.instances)
            .filter(|other| other.target != instance.target && other.domain == instance.domain)
            .filter_map(|other| Some((other, self.region_of(other)?)))
            .filter(|(_, there)| there.cluster.server != region.cluster.server)
            .collect();
        let certificate = certificate(instance, region, &siblings);
        certificate
            .into_iter()
            .chain(ipv6(instance, region, &siblings))
            .collect()
    }
}

/// An issuer that works by HTTP-01 asks whichever cluster the name leads it to, and only
/// one of them has the answer.
fn certificate(
    instance: &Instance,
    region: &Region,
    siblings: &[(&Instance, &Region)],
) -> Option<Remark> {
    let ingress = &region.ingress;
    if ingress.challenge == Some(Challenge::Dns01) {
        return None;
    }
    // A weight of 0 is never answered, unless all are.
    let answered = |instance: &Instance| instance.weight != Some(0);
    let rivals = siblings
        .iter()
        .filter(|(other, _)| answered(other) || !answered(instance));
    let rivals = names(rivals.map(|(_, there)| *there))?;
    let (domain, issuer, here) = (&instance.domain, &ingress.cluster_issuer, &region.name);
    let (message, help) = if ingress.challenge.is_some() {
        (
            format!(
                "{domain} is answered in {rivals}, too, and the issuer {issuer} of {here} works by HTTP-01: its question may reach another cluster, and then this one gets no certificate"
            ),
            format!(
                "let {issuer} work by DNS-01 in each of these clusters, and say ingress.challenge: dns-01 in regions.yaml"
            ),
        )
    } else {
        (
            format!(
                "{domain} is answered in {rivals}, too: if the issuer {issuer} of {here} works by HTTP-01, its question may reach another cluster, and then this one gets no certificate"
            ),
            "only DNS-01 gets each of them one; say which it is in regions.yaml: ingress.challenge: dns-01 or http-01".to_owned(),
        )
    };
    Some(Remark::new("certificate-challenge", message).help(help))
}

/// Who has IPv6 takes an AAAA record where there is one, whatever the A records' weights.
fn ipv6(instance: &Instance, region: &Region, siblings: &[(&Instance, &Region)]) -> Option<Remark> {
    if region.ingress.aaaa.is_some() {
        return None;
    }
    let dual = siblings
        .iter()
        .map(|(_, there)| *there)
        .filter(|there| there.ingress.aaaa.is_some());
    let dual = names(dual)?;
    let (domain, here) = (&instance.domain, &region.name);
    let message = format!(
        "{domain} has AAAA records of {dual} alone: who has IPv6 goes there, whatever the weights, and never to {here}"
    );
    Some(
        Remark::new("ipv6-elsewhere", message)
            .help("give all of these regions IPv6 in regions.yaml (ingress.ipv6, ingress.alias.dualStack), or none"),
    )
}

/// The regions' names, sorted; `None` for none.
fn names<'a>(regions: impl Iterator<Item = &'a Region>) -> Option<String> {
    let mut names: Vec<&str> = regions.map(|region| region.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| names.join(" and "))
}
