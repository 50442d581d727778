// SPDX-License-Identifier: Apache-2.0
//! What root does for the console: one process for each order, started by
//! systemd with the connection as its standard input.
//!
//! Nothing that the console says is believed but what was asked for: the
//! password is looked at here, and whether it is allowed and safe is seen
//! here, by the same functions as on the command line.

mod act;
mod connection;
mod other;

#[cfg(test)]
mod tests;

use std::time::Duration;

use slurmha_core::console::action::{Order, Word};
use slurmha_core::site::Site;
use slurmha_host::system::read_trimmed;
use slurmha_host::{Local, System};

use crate::apply::lock;
use crate::console::Password;
use crate::failure::Failure;
use crate::look::Source;
use act::Hands;
use connection::Connection;

/// A wrong password keeps everybody waiting for so long: systemd lets nobody
/// else in meanwhile.
const WRONG: Duration = Duration::from_secs(1);

/// Hears an order, does it, and tells how it goes.
///
/// # Errors
/// When the connection breaks before an order has come.
pub fn run(site: &Site, password: &Password) -> Result<(), Failure> {
    let system = Local::new();
    let connection = Connection::from_stdin();
    let order = connection.order().map_err(|error| {
        Failure::remote(format!("the console sent nothing that could be done: {error}"))
    })?;
    if !password.is(&order.password) {
        eprintln!("wrong password for {}", described(&order));
        system.sleep(WRONG);
        connection.send(&Word::Wrong);
        return Ok(());
    }
    eprintln!("{}", described(&order));
    connection.send(&Word::In);
    slurmha_lab::interrupt::watch();
    connection.watch_the_end();
    let outcome = match place(&system, site) {
        Err(failure) => failure.outcome(),
        Ok(source) => {
            let hands = Hands {
                system: &system,
                site,
                own: source.1.clone(),
                look: &|| {
                    let (seen, told) = other::ask(site, &source.1);
                    if let Some(told) = told {
                        eprintln!("{told}");
                        connection.send(&Word::Step(told));
                    }
                    source.0.look_beside(site, seen)
                },
                lock: &|| lock::take_here(&system, &format!("the console's {}", described(&order))),
                tell: &|text| {
                    eprintln!("{text}");
                    connection.send(&Word::Step(text));
                },
                has_left: &|| connection.has_ended() || slurmha_lab::interrupt::interrupted(),
            };
            hands.act(&order.action)
        }
    };
    eprintln!("{}: exit status {}: {}", described(&order), outcome.code, outcome.text);
    connection.send(&Word::Ended(outcome));
    Ok(())
}

/// For the journal; who and from where is the console's word.
fn described(order: &Order) -> String {
    let Order { action, user, from, .. } = order;
    // What is no plain name could write lines of its own.
    let user: String = user.chars().filter(|c| c.is_ascii_graphic()).take(64).collect();
    format!("{} of {}, asked for by {user} from {from}", action.verb(), action.controller())
}

/// This machine must be the one whose lock keeps administrators apart.
fn place(
    system: &dyn System,
    site: &Site,
) -> Result<(Source, slurmha_core::site::NodeName), Failure> {
    let first = &site.controllers[0].name;
    let own = read_trimmed(system, "/proc/sys/kernel/hostname").unwrap_or_default();
    if own != first.as_str() {
        return Err(Failure::refused(format!(
            "this is {own}, and actions are done on {first} alone"
        )));
    }
    Ok((Source::Here(first.clone()), first.clone()))
}
