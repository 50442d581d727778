// SPDX-License-Identifier: Apache-2.0
//! `slurmha pages`: asks this machine's portal and console for a page, as a browser does, and
//! tells the node exporter whether it came.
//!
//! A service of its own beside them: one that hangs can say nothing about itself, and login
//! nodes have no exporter of ours.

mod ask;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_util::future::{OptionFuture, join};
use slurmha_core::layout::{PAGES_METRICS_FILE, SITE_FILE};
use slurmha_core::metrics::{PageAnswer, PagesAnswer, PortalAnswer, pages_exposition, widened};
use slurmha_core::observe::{Reading, is_listening};
use slurmha_core::portal::protocol::SESSION_SOCKET;
use slurmha_host::system::{Ids, write_atomically};
use slurmha_host::{Local, System};
use slurmha_lab::interrupt;
use tokio::runtime::Runtime;
use tokio_rustls::rustls::ClientConfig;

use crate::failure::Failure;
use crate::web::any_certificate;
use crate::{service, web};

/// After that a person has given up, too. A machine that has too much to do is slow.
const LIMIT: Duration = Duration::from_secs(10);
/// Sockets of this machine, proc(5).
const UNIX_SOCKETS: &str = "/proc/net/unix";
/// The node exporter runs as a user of its own.
const ACCESS: Ids = Ids::root(0o644);

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where the portal listens
    #[arg(long, value_name = "ADDRESS:PORT")]
    portal: Option<SocketAddr>,
    /// Where the console listens
    #[arg(long, value_name = "ADDRESS:PORT")]
    console: Option<SocketAddr>,
    /// Seconds from one look to the next
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
    /// What is written
    #[arg(long, value_name = "FILE", default_value = PAGES_METRICS_FILE)]
    to: PathBuf,
}

/// Looks until it is ended, or there is a new version of it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut looker = Looker::new(args.portal, args.console).map_err(Failure::internal)?;
    let (interval, to) = (Duration::from_secs(args.interval), args.to.clone());
    interrupt::watch();
    let looking = thread::spawn(move || keep_looking(&mut looker, interval, &to));
    service::wait_for_the_end("look at the pages", &Local::new(), SITE_FILE.as_ref(), &[looking])
}

/// It rests for at least as long as the pages took.
fn keep_looking(looker: &mut Looker, interval: Duration, to: &Path) {
    let system = Local::new();
    loop {
        let began = system.elapsed();
        let text = pages_exposition(&looker.look(&system));
        // What is not written gets old, of which there is an alert.
        if let Err(error) = write_atomically(&system, to, text.as_bytes(), ACCESS) {
            eprintln!("{error}");
        }
        let spent = system.elapsed().saturating_sub(began);
        system.sleep(widened(interval, spent).saturating_sub(spent));
    }
}

/// What is asked, and with what.
struct Looker {
    runtime: Runtime,
    tls: Arc<ClientConfig>,
    portal: Option<Page>,
    console: Option<Page>,
}

impl Looker {
    fn new(portal: Option<SocketAddr>, console: Option<SocketAddr>) -> io::Result<Self> {
        let page = |name| move |address| Page { name, address, is_troubled: false };
        Ok(Self {
            runtime: web::runtime()?,
            tls: any_certificate::client().map_err(io::Error::other)?,
            portal: portal.map(page("portal")),
            console: console.map(page("console")),
        })
    }

    /// Asks both at once, so that one that hangs does not make the other's answer late.
    fn look(&mut self, system: &dyn System) -> PagesAnswer {
        let Self { runtime, tls, portal, console } = self;
        let ask = |page: &Page| ask::ask(page.address, tls, LIMIT);
        let [portal_asked, console_asked] =
            [&portal, &console].map(|page| OptionFuture::from(page.as_ref().map(ask)));
        let (of_portal, of_console) = runtime.block_on(join(portal_asked, console_asked));
        let noted = |page: &mut Option<Page>, answer| Some(page.as_mut()?.note(answer?));
        PagesAnswer {
            portal: noted(portal, of_portal)
                .map(|page| PortalAnswer { page, has_sessions: has_sessions(system) }),
            console: noted(console, of_console),
        }
    }
}

fn has_sessions(system: &dyn System) -> Reading<bool> {
    match system.read(UNIX_SOCKETS.as_ref()) {
        Ok(Some(text)) => {
            Reading::Known(is_listening(&String::from_utf8_lossy(&text), SESSION_SOCKET))
        }
        Ok(None) => Reading::Unknown(format!("there is no {UNIX_SOCKETS}")),
        Err(error) => Reading::Unknown(error.to_string()),
    }
}

/// A page, and whether the journal has last been told of trouble with it.
struct Page {
    name: &'static str,
    address: SocketAddr,
    is_troubled: bool,
}

impl Page {
    /// Takes in how it answered. Trouble is told once, and its end.
    fn note(&mut self, answer: Result<PageAnswer, String>) -> PageAnswer {
        match (&answer, self.is_troubled) {
            (Err(why), false) => eprintln!("the {} does not answer: {why}", self.name),
            (Ok(_), true) => eprintln!("the {} answers again", self.name),
            _ => {}
        }
        self.is_troubled = answer.is_err();
        answer.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
