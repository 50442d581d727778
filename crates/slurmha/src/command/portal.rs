// SPDX-License-Identifier: Apache-2.0
//! `slurmha portal`: pages on which users submit and see their jobs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use slurmha_core::layout::SITE_FILE;
use slurmha_core::portal::protocol::SESSION_SOCKET;
use slurmha_core::portal::xterm::PACKAGE;
use slurmha_host::system::read_trimmed;
use slurmha_host::{Local, System};
use slurmha_lab::interrupt;

use crate::failure::Failure;
use crate::portal::front::{Front, Lookout, Sessions, Waits, Xterm, pages};
use crate::web::shares::Shares;
use crate::web::{Bounds, Encryption};
use crate::{service, web};

/// Scripts that are read at once, and those of one user; each may have three times its
/// length in a form.
const UPLOADS: usize = 16;
const UPLOADS_OF_ONE: usize = 4;
/// Between two looks for sessions whose time is over.
const SWEEP: Duration = Duration::from_secs(30);

const AFTER_HELP: &str = "\
Examples:
  slurmha portal --listen 10.77.0.21:8443 --cluster saturn     what slurmha-portal.service runs
  https://10.77.0.21:8443/                                     what a browser is given

It needs no rights: what a user does, slurmha-portal-session@.service does as that
user.";

/// Pages on which users sign in, submit jobs, see them wait and run, and read
/// their output.
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Where to listen: an address of this machine in the cluster network
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The cluster's name, for the pages
    #[arg(long, value_name = "NAME")]
    cluster: String,
    /// Where its own certificate is kept
    #[arg(
        long,
        value_name = "DIRECTORY",
        env = "STATE_DIRECTORY",
        default_value = "/var/lib/slurmha-portal"
    )]
    state: PathBuf,
    /// Certificate, with those that vouch for it, in PEM [default: one that
    /// this machine makes for itself]
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Offer terminals on this machine; node-xterm is to be installed
    #[arg(long)]
    terminal: bool,
    /// Where users' sessions are begun
    #[arg(long, value_name = "PATH", default_value = SESSION_SOCKET)]
    session_socket: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let system: Arc<dyn System + Send + Sync> = Arc::new(Local::new());
    let encryption = encryption(args, &*system).map_err(|why| {
        Failure::remote(why).hint("`--state DIRECTORY` names a place for a certificate of its own")
    })?;
    let address = args.listen;
    let listener =
        TcpListener::bind(address).map_err(|error| service::cannot_listen(address, &error))?;
    eprintln!("https://{address}/ has the certificate with SHA-256 {}", encryption.fingerprint);
    interrupt::watch();
    let sessions = Arc::new(Sessions::new(Arc::clone(&system), args.session_socket.clone()));
    let front = Front {
        cluster: args.cluster.as_str().into(),
        system: Arc::clone(&system),
        sessions: Arc::clone(&sessions),
        look: Lookout::new(Arc::clone(&system)),
        xterm: xterm(args, &*system),
        uploads: Shares::new(UPLOADS, UPLOADS_OF_ONE),
        waits: Waits::USUAL,
    };
    let served = thread::spawn(move || {
        let served = web::runtime().and_then(|runtime| {
            runtime.block_on(async {
                tokio::spawn(sweep(sessions));
                let tls = Some(encryption.acceptor);
                web::serve_within(Bounds::FILES, Vec::new(), listener, pages(front), tls).await
            })
        });
        if let Err(error) = served {
            eprintln!("cannot serve at {address}: {error}");
        }
    });
    service::wait_for_the_end("portal", &*system, SITE_FILE.as_ref(), &[served])
}

/// A session that nobody uses ends by itself.
async fn sweep(sessions: Arc<Sessions>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        sessions.sweep();
    }
}

/// Without it everything else is served.
fn xterm(args: &Args, system: &dyn System) -> Option<Arc<Xterm>> {
    if !args.terminal {
        return None;
    }
    match Xterm::read(system) {
        Ok(xterm) => Some(Arc::new(xterm)),
        Err(error) => {
            eprintln!("no terminals: {error}; `slurmha apply` installs {PACKAGE}");
            None
        }
    }
}

/// The names and addresses under which a browser may come here.
fn encryption(args: &Args, system: &dyn System) -> Result<Encryption, String> {
    if let (Some(certificate), Some(key)) = (&args.certificate, &args.key) {
        return Encryption::of(certificate, key);
    }
    let host = read_trimmed(system, "/proc/sys/kernel/hostname").unwrap_or_default();
    let names: Vec<String> =
        [host, "localhost".to_owned()].into_iter().filter(|it| !it.is_empty()).collect();
    let addresses = [args.listen.ip(), IpAddr::V4(Ipv4Addr::LOCALHOST)];
    Encryption::own(&args.state, "portal", &names, &addresses)
}
