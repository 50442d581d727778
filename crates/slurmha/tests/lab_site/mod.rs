// SPDX-License-Identifier: Apache-2.0
//! A laboratory for one test: its own home, the shared image cache.

pub mod agents;
pub mod alerts;
pub mod broken;
pub mod changes;
pub mod console;
pub mod crowd;
pub mod dark;
pub mod handler;
pub mod interactive;
pub mod portal;
pub mod quiet;
pub mod remembered;
pub mod snapshot;
pub mod unfenced;
pub mod vpn;
pub mod watched;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// slurmctld's saved job table.
pub const STATE: &str = "/srv/slurmha/state/slurmctld/job_state";

/// Where the test's laboratory lives, and the binary that drives it.
pub struct LabSite {
    home: Home,
    site: PathBuf,
    cache: PathBuf,
    down: std::cell::Cell<bool>,
}

/// A directory for one test, or one that another test has left (`SLURMHA_LAB_HOME`).
enum Home {
    New(tempfile::TempDir),
    Kept(PathBuf),
}

impl Home {
    fn path(&self) -> &Path {
        match self {
            Self::New(directory) => directory.path(),
            Self::Kept(path) => path,
        }
    }
}

/// What a command printed and how it ended.
#[must_use = "a command's outcome has to be looked at"]
pub struct Ran {
    what: String,
    ok: bool,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// Whether it ended well.
    pub fn is_ok(&self) -> bool {
        self.ok
    }

    /// Its stderr.
    pub fn said(&self) -> &str {
        &self.stderr
    }

    /// Its stdout, however it ended.
    pub fn stdout(self) -> String {
        self.stdout
    }

    /// Its stdout; everything is printed when it did not end well.
    pub fn succeeds(self) -> String {
        assert!(self.ok, "`{}` failed\n{}\n{}", self.what, self.stdout, self.stderr);
        self.stdout
    }
}

impl LabSite {
    /// A fresh home; the cache is the user's, or the image would be built again.
    pub fn new() -> Self {
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
        let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/lab/site.toml");
        let home = std::env::var_os("SLURMHA_LAB_HOME").map_or_else(
            || {
                let home = tempfile::Builder::new().prefix("slurmha-lab-").tempdir();
                Home::New(home.expect("a directory"))
            },
            |kept| Home::Kept(kept.into()),
        );
        Self {
            home,
            site: site.canonicalize().expect("the lab's site file"),
            cache: cache.expect("a cache directory"),
            down: std::cell::Cell::new(false),
        }
    }

    /// Path of the site file.
    pub fn site(&self) -> &str {
        self.site.to_str().expect("a path in UTF-8")
    }

    /// Path of a file of the test's own beside the laboratory's, which ends with it.
    pub fn file(&self, name: &str) -> String {
        let path = self.home.path().join(".local/state/slurmha/lab/default").join(name);
        path.to_str().expect("a path in UTF-8").to_owned()
    }

    /// Writes such a file for nobody else's eyes.
    pub fn private_file(&self, name: &str, text: &str) {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut options = std::fs::OpenOptions::new();
        let file =
            options.write(true).create(true).truncate(true).mode(0o600).open(self.file(name));
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a private file");
    }

    /// Runs one part and says how long it took; with `SLURMHA_LAB_PARTS` (words,
    /// separated by commas) only parts that have one of them in their name.
    pub fn part(&self, name: &str, run: impl FnOnce()) {
        if let Ok(words) = std::env::var("SLURMHA_LAB_PARTS")
            && !words.split(',').any(|word| name.contains(word))
        {
            return;
        }
        eprintln!("--- {name}");
        let begin = Instant::now();
        run();
        eprintln!("--- {name}: {} s", begin.elapsed().as_secs());
    }

    #[allow(clippy::disallowed_methods, reason = "the binary itself is tested")]
    fn command(&self, arguments: &[&str]) -> Command {
        // As it is shipped, where make says so: this test's own build need not be that one.
        let binary = std::env::var_os("SLURMHA_BINARY");
        let mut command = Command::new(binary.unwrap_or(env!("CARGO_BIN_EXE_slurmha").into()));
        command
            .args(arguments)
            .env("HOME", self.home.path())
            .env("XDG_CACHE_HOME", &self.cache)
            .env_remove("XDG_STATE_HOME")
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary; its progress goes through to the test's stderr.
    pub fn slurmha<S: AsRef<str>>(&self, arguments: &[S]) -> Ran {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        let output = self.command(&arguments).output().expect("slurmha starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        eprint!("{stderr}");
        Ran {
            what: format!("slurmha {}", arguments.join(" ")),
            ok: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
        }
    }

    /// Starts the binary and kills it with SIGKILL after so long.
    pub fn start_and_kill(&self, arguments: &[&str], after: Duration) {
        let mut child = self.command(arguments).spawn().expect("slurmha starts");
        std::thread::sleep(after);
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
    }

    /// What a command prints on a machine; the test ends when it fails.
    pub fn on(&self, machine: &str, command: &str) -> String {
        self.slurmha(&["lab", "ssh", machine, "--", command]).succeeds()
    }

    /// What a command prints on a machine, when it ends well.
    pub fn try_on(&self, machine: &str, command: &str) -> Option<String> {
        let ran = self.slurmha(&["lab", "ssh", machine, "--", command]);
        ran.ok.then_some(ran.stdout)
    }

    /// The controller that runs slurmctld, and the other one. Waits until both have said so: one
    /// that gives no answer is not the passive one for that.
    pub fn active_and_passive(&self) -> (String, String) {
        let found = std::cell::Cell::new(None);
        wait_for("one controller runs slurmctld, and one does not", || {
            let says = ["ctl1", "ctl2"]
                .map(|name| self.try_on(name, "systemctl is-active slurmctld; true"))
                .map(|says| says.unwrap_or_default().trim().to_owned());
            found.set(match says.each_ref().map(String::as_str) {
                ["active", "inactive" | "failed"] => Some(("ctl1", "ctl2")),
                ["inactive" | "failed", "active"] => Some(("ctl2", "ctl1")),
                _ => return Err(format!("{says:?}")),
            });
            Ok(())
        });
        let (active, passive) = found.get().expect("it was waited for");
        (active.to_owned(), passive.to_owned())
    }

    /// Waits until a takeover by this controller is over.
    pub fn until_served_by(&self, controller: &str) {
        wait_until("slurmctld answers on the other controller", || {
            self.try_on(controller, "systemctl is-active slurmctld && scontrol ping")
                .is_some_and(|text| text.contains("UP"))
        });
    }

    /// Submits a job that does not start, and waits until the saved table has it.
    pub fn held_job(&self, active: &str, name: &str) -> u32 {
        let sbatch = format!(
            "cd /tmp && setpriv --reuid=65534 --regid=65534 --clear-groups sbatch --parsable \
             --hold --job-name={name} --output=/dev/null --mem=32M --wrap hostname"
        );
        let id = self.on("login1", &sbatch);
        wait_until("the job is saved", || {
            let saved = format!("grep --text --quiet {name} {STATE}");
            self.try_on(active, &saved).is_some()
        });
        id.trim().parse().expect("a job id")
    }

    /// Waits until nothing is wrong, and says what that is meanwhile.
    pub fn until_healthy(&self) {
        let told = std::cell::RefCell::new(String::new());
        // It asks every machine: without a rest that would be what they do, and slow ones are
        // asked more (a look that got no answer is repeated).
        wait_until("status says healthy", || {
            let begin = Instant::now();
            let status = self.slurmha(&["status", self.site()]);
            if status.is_ok() {
                return true;
            }
            let wrong: Vec<&str> = status.stdout.lines().take(3).collect();
            let wrong = wrong.join("\n");
            if *told.borrow() != wrong {
                eprintln!("{wrong}");
                told.replace(wrong);
            }
            std::thread::sleep(Duration::from_secs(4).max(begin.elapsed() * 2));
            false
        });
    }

    /// Runs a drill on a healthy cluster, which has to survive it.
    ///
    /// Emulated nodes run a short job in a second and a half, and in three on a busy
    /// host: with more submissions than this the drill waits for its own load.
    pub fn survives(&self, fault: &str) {
        self.plays(&["drill", fault, self.site(), "--rate", "0.2", "--mix", "plain", "--json"]);
    }

    /// The same with a scenario of examples/drills.
    pub fn survives_scenario(&self, name: &str) -> serde_json::Value {
        let file = format!("{}/../../examples/drills/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        self.plays(&["drill", "run", &file, self.site(), "--json"])
    }

    /// A drill that is refused has broken nothing, and an emulated cluster may be degraded
    /// for a moment between two looks: a late answer of DRBD's is enough, or a clock's.
    fn plays(&self, drill: &[&str]) -> serde_json::Value {
        let mut refused = String::new();
        for _ in 0..5 {
            self.until_healthy();
            let ran = self.slurmha(drill);
            let passing = ["a drill would only make it worse", "nothing was broken"];
            if ran.is_ok() || !passing.iter().any(|words| ran.stderr.contains(words)) {
                return assert_survived(&ran.succeeds());
            }
            refused = ran.stderr;
        }
        panic!("the cluster does not stay healthy\n{refused}");
    }

    /// One of them with all that users ask for, on nodes that are reserved.
    pub fn survives_with_all_work(&self, name: &str) {
        let report = self.survives_scenario(name);
        let taken = report["jobs"]["orders"]["taken"].as_u64();
        assert!(taken > Some(0), "nothing was released, requeued or cancelled: {report:#}");
        assert!(report["accounting_outage"].is_object(), "the accounting was asked: {report:#}");
        self.on("login1", "scontrol show reservation | grep 'No reservations'");
    }

    /// Whether both sides of DRBD hold the same data.
    pub fn in_sync(&self, machine: &str) -> bool {
        self.try_on(machine, "cat /proc/drbd")
            .is_some_and(|text| text.matches("ds:UpToDate/UpToDate").count() == 2)
    }

    /// Takes the laboratory down and looks for anything that it left.
    pub fn down_and_prove(&self) {
        self.slurmha(&["lab", "down"]).succeeds();
        self.down.set(true);
        let home = self.home.path().to_string_lossy().into_owned();
        let left: Vec<String> = processes().filter(|line| line.contains(&home)).collect();
        assert_eq!(left, Vec::<String>::new(), "processes are left");
        let state = self.home.path().join(".local/state/slurmha/lab");
        let labs = std::fs::read_dir(&state).map(Iterator::count).unwrap_or(0);
        assert_eq!(labs, 0, "{} is not empty", state.display());
    }
}

impl Drop for LabSite {
    fn drop(&mut self) {
        if self.down.get() || matches!(self.home, Home::Kept(_)) {
            return;
        }
        if std::env::var_os("SLURMHA_KEEP_LAB").is_some() {
            eprintln!(
                "the machines are kept: HOME={} slurmha lab ssh ctl1",
                self.home.path().display()
            );
            if let Home::New(directory) = &mut self.home {
                directory.disable_cleanup(true);
            }
            return;
        }
        // The last ones are read first, and may be all that a log keeps: the controllers'. Of the
        // kernel there is little but its start.
        for machine in ["cn1", "login1", "ctl2", "ctl1"] {
            let journal = "journalctl --no-pager --lines 400 --priority notice \
                           | grep --invert-match ' kernel: ' | tail --lines 60";
            let text = self.try_on(machine, journal).unwrap_or_default();
            eprintln!("=== journal of {machine}\n{text}");
        }
        let _ = self.slurmha(&["lab", "down"]).is_ok();
    }
}

/// Command lines of all processes of this host.
fn processes() -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let bytes = std::fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&bytes).replace('\0', " "))
    })
}

/// Waits for a condition with a bound that no healthy run comes near: a
/// resync after a power loss has taken five minutes on a busy host.
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    wait_for(what, || if condition() { Ok(()) } else { Err(String::new()) });
}

/// As [`wait_until`], and what is in the way is said when it stays there.
pub fn wait_for(what: &str, condition: impl Fn() -> Result<(), String>) {
    const BOUND: Duration = Duration::from_secs(900);
    let begin = Instant::now();
    while let Err(obstacle) = condition() {
        assert!(begin.elapsed() < BOUND, "waited {} s for: {what}\n{obstacle}", BOUND.as_secs());
        std::thread::sleep(Duration::from_secs(1));
    }
    eprintln!("{what}: after {} s", begin.elapsed().as_secs());
}

/// The report has what it promises, and nothing was lost without a name.
fn assert_survived(report: &str) -> serde_json::Value {
    let report: serde_json::Value = serde_json::from_str(report).expect("a JSON report");
    for key in ["fault", "verdict", "submit_outage_s", "rpc_outage_s", "phases", "writers_max"] {
        assert!(report.get(key).is_some(), "{key} is missing: {report:#}");
    }
    for key in ["acknowledged", "found", "lost", "duplicated"] {
        assert!(report["jobs"].get(key).is_some(), "jobs.{key} is missing: {report:#}");
    }
    let verdict = report["verdict"].as_str().expect("a verdict");
    assert!(["pass", "pass-with-loss"].contains(&verdict), "{report:#}");
    assert_eq!(report["writers_max"], 1, "{report:#}");
    report
}
