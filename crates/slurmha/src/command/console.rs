// SPDX-License-Identifier: Apache-2.0
//! `slurmha console`: a page that shows the cluster live.

use std::fs;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use slurmha_core::layout::{EXPORTER_PORT, PROMETHEUS_PORT, SITE_FILE};
use slurmha_core::site::Site;
use slurmha_host::system::read_trimmed;
use slurmha_host::{Local, System};
use slurmha_lab::interrupt;

use crate::console::{History, Login, Setup, hashed};
use crate::failure::Failure;
use crate::site_file::SiteFile;
use crate::web::Encryption;
use crate::{service, stdout};

const AFTER_HELP: &str = "\
Examples:
  slurmha console --listen 10.77.0.11:9818 --password-file FILE    what slurmha-console.service runs
  slurmha console --hash < FILE                                    a password that only its hash tells
  https://10.77.0.11:9818/                                         what a browser is given

It needs no rights: it listens to the exporters of both controllers, and changes
nothing itself.";

/// Shows the cluster live to browsers: who is active, what moves, what
/// happened.
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Where to listen: an address of this machine in the cluster network
    #[arg(long, value_name = "ADDRESS:PORT", required_unless_present = "hash")]
    listen: Option<SocketAddr>,
    /// Who may look
    #[arg(long, value_name = "NAME", default_value = "admin")]
    user: String,
    /// File with the password, or with its hash from `--hash`
    #[arg(long, value_name = "FILE", required_unless_present = "hash")]
    password_file: Option<PathBuf>,
    /// Certificate, with those that vouch for it, in PEM [default: one that
    /// this machine makes for itself]
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Where its own certificate and what happened are kept
    #[arg(
        long,
        value_name = "DIRECTORY",
        env = "STATE_DIRECTORY",
        default_value = "/var/lib/slurmha-console"
    )]
    state: PathBuf,
    /// Where the controllers' exporters answer; for each, in the order of the
    /// site file [default: at their addresses]
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 2)]
    exporters: Vec<SocketAddr>,
    /// Where Prometheus answers [default: at the site's monitoring hosts]
    #[arg(long, value_name = "ADDRESS:PORT")]
    prometheus: Vec<SocketAddr>,
    /// Socket of the helper that does what the site file allows; without it
    /// nothing can be done from the page
    #[arg(long, value_name = "SOCKET")]
    actions: Option<PathBuf>,
    /// Read a password from stdin, print its hash and end
    #[arg(long, conflicts_with_all = ["listen", "password_file"])]
    hash: bool,
    /// Site file; `apply` puts it on controllers and monitoring hosts
    #[arg(long, value_name = "FILE", default_value = SITE_FILE)]
    site: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let system: Arc<dyn System + Send + Sync> = Arc::new(Local::new());
    match (args.listen, &args.password_file) {
        (Some(address), Some(password)) => listen(args, &system, address, password),
        _ => print_hash(&*system),
    }
}

fn print_hash(system: &dyn System) -> Result<(), Failure> {
    let mut password = String::new();
    std::io::stdin()
        .read_to_string(&mut password)
        .map_err(|error| Failure::usage(format!("cannot read the password: {error}")))?;
    let hash = hashed(system, password.trim_end_matches(['\r', '\n'])).map_err(Failure::usage)?;
    stdout::print(&format!("{hash}\n"))
}

fn listen(
    args: &Args,
    system: &Arc<dyn System + Send + Sync>,
    address: SocketAddr,
    password: &Path,
) -> Result<(), Failure> {
    let site = SiteFile::load(&args.site)
        .map_err(|failure| {
            failure.hint(
                "`slurmha apply` puts it on controllers and monitoring hosts; `--site FILE` names \
                 another",
            )
        })?
        .site;
    let login = login(args, system, password)?;
    let (history, memory) = History::open(&args.state).map_err(|error| {
        let directory = args.state.display();
        Failure::remote(format!("cannot keep what happens in {directory}: {error}"))
            .hint("`--state DIRECTORY` names another place")
    })?;
    let encryption = encryption(args, &**system, &site, address.ip()).map_err(Failure::remote)?;
    let listener =
        TcpListener::bind(address).map_err(|error| service::cannot_listen(address, &error))?;
    eprintln!("https://{address}/ has the certificate with SHA-256 {}", encryption.fingerprint);
    interrupt::watch();
    let setup = Setup {
        system: Arc::clone(system),
        user: args.user.as_str().into(),
        login,
        history,
        memory,
        exporters: exporters(args, &site),
        prometheus: prometheus(args, &site),
        helper: args.actions.clone(),
        site,
    };
    let served = thread::spawn(move || {
        if let Err(error) = setup.serve(listener, encryption) {
            eprintln!("cannot serve at {address}: {error}");
        }
    });
    service::wait_for_the_end("console", &**system, &args.site, &[served])
}

fn login(
    args: &Args,
    system: &Arc<dyn System + Send + Sync>,
    file: &Path,
) -> Result<Login, Failure> {
    let failed = |why: String| {
        Failure::usage(format!("cannot take the password from {}: {why}", file.display()))
            .hint("write one line into it, the password or what `slurmha console --hash` prints")
    };
    let password = fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    Login::new(Arc::clone(system), &args.user, &password).map_err(failed)
}

/// The names and addresses under which a browser may come here.
fn encryption(
    args: &Args,
    system: &dyn System,
    site: &Site,
    own: IpAddr,
) -> Result<Encryption, String> {
    if let (Some(certificate), Some(key)) = (&args.certificate, &args.key) {
        return Encryption::of(certificate, key);
    }
    let host = read_trimmed(system, "/proc/sys/kernel/hostname").unwrap_or_default();
    let names: Vec<String> =
        [host, "localhost".to_owned()].into_iter().filter(|it| !it.is_empty()).collect();
    let addresses = [own, IpAddr::V4(site.vip), IpAddr::V4(Ipv4Addr::LOCALHOST)];
    Encryption::own(&args.state, "console", &names, &addresses)
}

fn exporters(args: &Args, site: &Site) -> [SocketAddr; 2] {
    match args.exporters[..] {
        [first, second] => [first, second],
        _ => site
            .controllers
            .each_ref()
            .map(|controller| SocketAddr::from((controller.address, EXPORTER_PORT))),
    }
}

fn prometheus(args: &Args, site: &Site) -> Vec<SocketAddr> {
    if !args.prometheus.is_empty() {
        return args.prometheus.clone();
    }
    let hosts = site.monitoring.iter().flat_map(|monitoring| &monitoring.hosts);
    hosts.map(|host| SocketAddr::from((host.address, PROMETHEUS_PORT))).collect()
}
