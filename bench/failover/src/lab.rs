// SPDX-License-Identifier: Apache-2.0
//! A laboratory with one of the two clusters, and its machines.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use slurmha_host::{Command, Local, Remote, Ssh, System as _};

/// A step of the benchmark that did not work, and why.
pub type Result<T> = std::result::Result<T, String>;

/// Booting machines, forming a cluster in software emulation.
pub const BUILD_LIMIT: Duration = Duration::from_secs(1800);
/// Thawing, freezing, pressing a power button.
const LAB_LIMIT: Duration = Duration::from_secs(300);
/// One short command on an emulated machine.
pub const SSH_LIMIT: Duration = Duration::from_secs(90);
/// Between two looks at something that is waited for.
pub const PAUSE: Duration = Duration::from_millis(500);

/// How long a thawed lab is left alone before anything is measured.
const SETTLED: Duration = Duration::from_secs(15);

/// Where the clients are.
pub const LOGIN: &str = "login1";
const MACHINES: [&str; 5] = ["ctl1", "ctl2", LOGIN, "cn1", "cn2"];

/// The directory of this benchmark's scripts.
const HERE: &str = env!("CARGO_MANIFEST_DIR");
/// The site file, with the paths of the default lab.
const SITE: &str = include_str!("../site.toml");
const SITE_LAB: &str = "~/.local/state/slurmha/lab/default";

/// How a cluster is made and moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By hand, from the recipe.
    Recipe,
    /// By slurmha.
    Slurmha,
}

/// A laboratory.
pub struct Lab {
    /// What it holds.
    pub way: Way,
    name: &'static str,
    /// The `slurmha` that is measured.
    program: PathBuf,
    directory: PathBuf,
    site: PathBuf,
    local: Local,
}

/// The machines of a lab that has just been thawed.
pub struct Machines<'a> {
    /// Where they are.
    pub lab: &'a Lab,
    /// The way to them.
    pub remote: Remote,
    /// The controller that has the VIP.
    pub active: String,
    /// The other one.
    pub passive: String,
}

#[derive(Deserialize)]
struct Status {
    thawable: bool,
}

impl Way {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recipe => "recipe",
            Self::Slurmha => "slurmha",
        }
    }
}

impl Lab {
    /// The lab of that way; writes its site file into `out`.
    pub fn new(way: Way, program: &Path, out: &Path) -> Result<Self> {
        let name = match way {
            Way::Recipe => "bench-recipe",
            Way::Slurmha => "bench-slurmha",
        };
        let directory = state_home()?.join("slurmha/lab").join(name);
        let site = out.join(format!("{name}.toml"));
        let text = SITE.replace(SITE_LAB, &directory.to_string_lossy());
        fs::write(&site, text)
            .map_err(|error| format!("cannot write {}: {error}", site.display()))?;
        Ok(Self { way, name, program: program.to_owned(), directory, site, local: Local::new() })
    }

    /// Builds the cluster and freezes it, unless an earlier run has left it.
    pub fn build(&self, say: &dyn Fn(&str)) -> Result<()> {
        match self.status() {
            Ok(Status { thawable: true }) => {
                say("is there already, from a run with --keep");
                return Ok(());
            }
            // A run that was killed has left it half built.
            Ok(Status { thawable: false }) => drop(self.lab(&["down"], LAB_LIMIT)?),
            Err(_) => {}
        }
        let site = self.site.to_string_lossy();
        say("booting its machines");
        self.lab(&["up", "--site", &site], BUILD_LIMIT)?;
        say("building its cluster");
        match self.way {
            Way::Recipe => {
                // What its programs say is too much for a screen.
                let command = Command::new("sh")
                    .args(["-c", "exec sh \"$0\" \"$1\" >\"$2\" 2>&1"])
                    .arg(format!("{HERE}/recipe.sh"))
                    .arg(self.ssh_config())
                    .arg(self.site.with_extension("log"));
                self.run(command, BUILD_LIMIT)?;
            }
            Way::Slurmha => {
                self.slurmha(&["apply", "--yes", &site], BUILD_LIMIT)?;
            }
        }
        // The same client for both: the other end of slurmha's drills.
        self.remote().upload(LOGIN).map_err(|error| error.to_string())?;
        // What has just been started makes noise for a while.
        thread::sleep(Duration::from_secs(20));
        say("freezing it");
        self.lab(&["freeze"], LAB_LIMIT).map(drop)
    }

    /// The cluster as it was when it was frozen, serving again.
    pub fn thaw(&self) -> Result<Machines<'_>> {
        self.lab(&["thaw"], LAB_LIMIT)?;
        let remote = self.remote();
        // The binary may be newer than the frozen state.
        remote.upload(LOGIN).map_err(|error| error.to_string())?;
        let mut machines =
            Machines { lab: self, remote, active: "ctl1".to_owned(), passive: "ctl2".to_owned() };
        wait_for("slurmctld to answer after the thaw", LAB_LIMIT, || {
            machines.ssh(LOGIN, "scontrol ping | grep -q 'is UP'", SSH_LIMIT).is_ok()
        })?;
        // Emulated processors begin with nothing translated: for seconds they
        // are so slow that machines lose sight of each other.
        thread::sleep(SETTLED);
        if !machines.has_vip("ctl1") {
            std::mem::swap(&mut machines.active, &mut machines.passive);
        }
        Ok(machines)
    }

    /// Ends all machines.
    pub fn stop(&self) -> Result<()> {
        MACHINES.iter().try_for_each(|machine| self.cut_power(machine))
    }

    /// Cuts a machine's power.
    pub fn cut_power(&self, machine: &str) -> Result<()> {
        self.lab(&["power", "off", machine], LAB_LIMIT).map(drop)
    }

    /// Moves the active role with slurmha's own command.
    pub fn switchover(&self, limit: Duration) -> Result<()> {
        self.slurmha(&["switchover", "--yes", &self.site.to_string_lossy()], limit).map(drop)
    }

    /// The seconds in which Corosync notices a lost machine, from the site
    /// file: token + consensus.
    pub fn noticed_after(&self) -> Result<f64> {
        let (site, _) = slurmha_core::site::parse("site.toml", SITE)
            .map_err(|mistakes| slurmha_core::site::render("site.toml", SITE, &mistakes))?;
        Ok((site.timing.token + site.timing.consensus).as_secs_f64())
    }

    fn status(&self) -> Result<Status> {
        let text = self.lab(&["status", "--json"], LAB_LIMIT)?;
        serde_json::from_str(&text).map_err(|error| format!("lab status: {error}"))
    }

    fn lab(&self, words: &[&str], limit: Duration) -> Result<String> {
        let words = [&["lab", "--name", self.name], words].concat();
        self.slurmha(&words, limit)
    }

    fn slurmha(&self, words: &[&str], limit: Duration) -> Result<String> {
        self.run(Command::new(self.program.to_string_lossy()).args(words), limit)
    }

    fn run(&self, mut command: Command, limit: Duration) -> Result<String> {
        for name in ["HOME", "PATH", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            if let Ok(value) = std::env::var(name) {
                command = command.env(name, &value);
            }
        }
        let output = self.local.run(&command.timeout(limit)).and_then(|output| output.success());
        output.map(|output| output.text()).map_err(|error| error.to_string())
    }

    fn remote(&self) -> Remote {
        let ssh = Ssh::new("root")
            .with_config(Some(self.ssh_config()))
            .with_connect_timeout(Duration::from_secs(30));
        Remote::with_executable(ssh, self.program.clone())
    }

    fn ssh_config(&self) -> PathBuf {
        self.directory.join("ssh_config")
    }
}

impl Machines<'_> {
    /// Runs a script on a machine; what it printed.
    pub fn ssh(&self, machine: &str, script: &str, limit: Duration) -> Result<String> {
        self.shell(machine, &["sh", "-c", script], b"", limit)
    }

    /// Runs a program on a machine with something on its standard input.
    pub fn shell(
        &self,
        machine: &str,
        words: &[&str],
        stdin: &[u8],
        limit: Duration,
    ) -> Result<String> {
        let output = self.remote.ssh().run_command(machine, words, stdin, limit);
        let output = output.map_err(|error| error.to_string())?;
        match output.ok() {
            true => Ok(output.text()),
            false => {
                Err(format!("{machine}: {}: {}", words.join(" "), output.stderr_text().trim()))
            }
        }
    }

    /// Whether a controller has the VIP.
    pub fn has_vip(&self, machine: &str) -> bool {
        self.ssh(machine, "ip -o address show to 10.77.0.10 | grep -q .", SSH_LIMIT).is_ok()
    }
}

/// Waits until something is so.
pub fn wait_for(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) -> Result<()> {
    let begin = Instant::now();
    while !is_so() {
        if begin.elapsed() > limit {
            return Err(format!("waited {} s for {what}", limit.as_secs()));
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

fn state_home() -> Result<PathBuf> {
    match (std::env::var_os("XDG_STATE_HOME"), std::env::home_dir()) {
        (Some(directory), _) if !directory.is_empty() => Ok(directory.into()),
        (_, Some(home)) => Ok(home.join(".local/state")),
        _ => Err("neither XDG_STATE_HOME nor HOME is set".to_owned()),
    }
}
