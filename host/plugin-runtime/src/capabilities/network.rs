//! `deploycenter:tenancy/network`: what the network lets through, by its purpose.

use std::collections::BTreeSet;

use deploycenter_domain::declaration::{Http, Openings, Port, Protocol};
use wasmtime::Error;

use crate::bindings::app::deploycenter::tenancy::network;
use crate::state::State;

/// More ports than any app has for one purpose.
const PORTS: usize = 16;
/// More instances than any database has.
const INSTANCES: u32 = 16;

type Answer = Result<Result<(), String>, Error>;

impl network::Host for State {
    fn open_http(&mut self, port: u16, more: Vec<u16>) -> Answer {
        let all: Vec<u16> = [port].iter().chain(&more).copied().collect();
        let checked = distinct("HTTP", &all, |port| *port);
        self.open(|openings| {
            checked?;
            once("HTTP", &mut openings.http, Some(Http { port, more }))
        })
    }

    fn open_peers(&mut self, ports: Vec<network::Port>) -> Answer {
        let ports = read("the app's pods among themselves", ports);
        self.open(|openings| once("peers", &mut openings.peers, ports?))
    }

    fn open_metrics(&mut self, port: u16) -> Answer {
        self.open(|openings| {
            once(
                "metrics",
                &mut openings.metrics,
                Some(sound("metrics", port)?),
            )
        })
    }

    fn open_public(&mut self, ports: Vec<network::Port>) -> Answer {
        let ports = read("any address", ports);
        self.open(|openings| once("any address", &mut openings.public, ports?))
    }

    fn open_smtp(&mut self, port: u16) -> Answer {
        self.open(|openings| once("SMTP", &mut openings.smtp, Some(sound("SMTP", port)?)))
    }

    fn open_web(&mut self) -> Answer {
        self.open(|openings| once("the web", &mut openings.web, true))
    }

    fn open_postgres(&mut self) -> Answer {
        self.open(|openings| once("PostgreSQL", &mut openings.postgres, true))
    }

    fn open_mariadb(&mut self, instances: u32) -> Answer {
        self.open(|openings| {
            if !(1..=INSTANCES).contains(&instances) {
                return Err(format!(
                    "the opening for MariaDB is for {instances} instances; 1 to {INSTANCES} are taken"
                ));
            }
            once("MariaDB", &mut openings.mariadb, Some(instances))
        })
    }

    fn open_redis(&mut self) -> Answer {
        self.open(|openings| once("Redis", &mut openings.redis, true))
    }
}

impl State {
    fn open(&mut self, change: impl FnOnce(&mut Openings) -> Result<(), String>) -> Answer {
        let declaration = self.declare("network")?;
        Ok(change(&mut declaration.openings))
    }
}

/// Declares a purpose, which what was declared before may only repeat.
fn once<T: Default + PartialEq>(purpose: &str, slot: &mut T, value: T) -> Result<(), String> {
    if *slot != T::default() && *slot != value {
        return Err(format!(
            "the opening for {purpose} is declared twice, with different contents"
        ));
    }
    *slot = value;
    Ok(())
}

fn sound(purpose: &str, port: u16) -> Result<u16, String> {
    match port {
        0 => Err(format!(
            "the opening for {purpose} has the port 0, which is none"
        )),
        port => Ok(port),
    }
}

fn read(purpose: &str, ports: Vec<network::Port>) -> Result<Vec<Port>, String> {
    let ports: Vec<Port> = ports
        .into_iter()
        .map(|network::Port { number, protocol }| Port {
            number,
            protocol: match protocol {
                network::Protocol::Tcp => Protocol::Tcp,
                network::Protocol::Udp => Protocol::Udp,
            },
        })
        .collect();
    distinct(purpose, &ports, |port| port.number)?;
    Ok(ports)
}

fn distinct<T: Ord>(purpose: &str, ports: &[T], number: fn(&T) -> u16) -> Result<(), String> {
    if ports.is_empty() || ports.len() > PORTS {
        return Err(format!(
            "the opening for {purpose} has {} ports; 1 to {PORTS} are taken",
            ports.len()
        ));
    }
    let mut seen = BTreeSet::new();
    for port in ports {
        sound(purpose, number(port))?;
        if !seen.insert(port) {
            return Err(format!(
                "the opening for {purpose} has the port {} twice",
                number(port)
            ));
        }
    }
    Ok(())
}
