// SPDX-License-Identifier: Apache-2.0
//! A person signs in as with a browser, submits, reads what the job wrote, and goes on
//! doing so while the active controller loses its power.

use super::{LabSite, wait_until};

/// What every story with a browser begins with.
const BROWSER: &str = include_str!("browser.py");
const CLIENT: &str = include_str!("portal.py");
const CLIENT_FILE: &str = "/run/lab_portal.py";

/// The portal's other users.
const NOBODY: &str = "setpriv --reuid=65534 --regid=65534 --clear-groups";

/// What is the file server's business, and the person's.
pub fn is_ready(lab: &LabSite) {
    lab.on("login1", "install -d -m 700 -o anna -g anna /srv/home/anna");
    lab.on("login1", "echo 'anna:a long password' | chpasswd");
    put_client(lab, "login1");
}

/// Everything that a person does, once, from a machine on which `reach` leads to the portal.
pub fn serves_a_person(lab: &LabSite, machine: &str, reach: &str) {
    is_ready(lab);
    put_client(lab, machine);
    let submit = format!(
        "cd /tmp && {NOBODY} sbatch --parsable --hold --job-name=strangers --output=/dev/null \
         --wrap hostname"
    );
    let stranger = lab.on("login1", &submit);
    let story = format!("{reach} python3 {CLIENT_FILE} story {} 2>&1", stranger.trim());
    let told = lab.slurmha(&["lab", "ssh", machine, "--", &story]);
    assert!(told.is_ok(), "{}\n{}", told.stdout(), seen(lab));
    lab.on("login1", &format!("scancel {}", stranger.trim()));
    nothing_is_more_than_it_needs(lab);
}

pub fn put_browser(lab: &LabSite, machine: &str) {
    lab.on(machine, &format!("cat >/run/lab_browser.py <<'LAB'\n{BROWSER}\nLAB"));
}

pub fn put_client(lab: &LabSite, machine: &str) {
    put_browser(lab, machine);
    lab.on(machine, &format!("cat >{CLIENT_FILE} <<'LAB'\n{CLIENT}\nLAB"));
}

/// A person outside, between submission and output.
pub struct OnTheWay<'lab> {
    lab: &'lab LabSite,
    /// Where the person sits.
    machine: &'static str,
}

/// Somebody submits a job that outlives the controller at `address` and looks at its output;
/// somebody else submits again and again, whatever happens meanwhile.
pub fn goes_on<'lab>(
    lab: &'lab LabSite,
    machine: &'static str,
    reach: &str,
    address: &str,
) -> OnTheWay<'lab> {
    is_ready(lab);
    put_client(lab, machine);
    lab.on(machine, "rm -f /run/lab-portal-*; systemctl reset-failed 'lab-portal-*'; true");
    for words in ["load".to_owned(), format!("way {address}")] {
        let name = words.split(' ').next().unwrap_or_default();
        lab.on(
            machine,
            &format!(
                "systemd-run --quiet --unit=lab-portal-{name} \
                 --property=StandardOutput=append:/run/lab-portal-{name}.log \
                 --property=StandardError=append:/run/lab-portal-{name}.log \
                 {reach} python3 {CLIENT_FILE} {words}"
            ),
        );
    }
    let way = OnTheWay { lab, machine };
    wait_until("jobs are submitted through the portal", || way.submitted().len() > 1);
    wait_until("a job's first line is read", || way.told("way").contains("the job runs"));
    way
}

impl OnTheWay<'_> {
    /// The page showed the job's last line, and how it ended.
    pub fn arrives(&self) {
        wait_until("the job's end is read", || self.has_ended("way"));
        let told = self.told("way");
        assert!(told.contains("all the way"), "{told}\n{}", seen(self.lab));
        eprintln!("{}", told.trim());
    }

    /// Every submission was answered in the end, and became one job. Slurm saves its jobs every
    /// five seconds, and one was submitted every eight or more: at most one is not there any more.
    pub fn submitted_each_once(&self) {
        let lab = self.lab;
        lab.on(self.machine, "touch /run/lab-portal-stop");
        wait_until("the last submission is answered", || self.has_ended("load"));
        let submitted = self.submitted();
        let refused: Vec<_> = submitted.iter().filter(|it| it["job"].is_null()).collect();
        assert!(refused.is_empty(), "{refused:#?}\n{}", seen(lab));
        let lost = submitted.iter().filter(|it| it["lost"] == true).count();
        let names = submitted.iter().map(|it| it["name"].as_str().expect("a name"));
        let mut missing = Vec::new();
        let accounted =
            || lab.on("login1", "sacct --allusers --noheader --allocations --format=JobName%40");
        wait_until("the accounting has them", || {
            let accounted = accounted();
            let count = |name: &str| accounted.lines().filter(|line| line.trim() == name).count();
            names.clone().filter(|name| count(name) == 0).count() <= 1
        });
        let accounted = accounted();
        for name in names {
            match accounted.lines().filter(|line| line.trim() == name).count() {
                0 => missing.push(name),
                1 => {}
                // A second attempt that the person wanted, because the first was lost.
                count => assert!(lost > 0, "{name} is {count} jobs\n{}", seen(lab)),
            }
        }
        eprintln!(
            "the portal: {} submitted, {lost} asked about, not saved: {missing:?}",
            submitted.len()
        );
    }

    fn submitted(&self) -> Vec<serde_json::Value> {
        let text = self.lab.try_on(self.machine, "cat /run/lab-portal-ledger").unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn has_ended(&self, name: &str) -> bool {
        let command = format!("! systemctl is-active --quiet lab-portal-{name}");
        self.lab.try_on(self.machine, &command).is_some()
    }

    fn told(&self, name: &str) -> String {
        let command = format!("cat /run/lab-portal-{name}.log");
        self.lab.try_on(self.machine, &command).unwrap_or_default()
    }
}

/// The front has no rights, and a session has its user's.
fn nothing_is_more_than_it_needs(lab: &LabSite) {
    let front = "ps --no-headers -o user:20 -C slurmha -o args | grep 'slurmha portal --listen'";
    let front = lab.on("login1", front);
    assert!(front.starts_with("slurmha-portal"), "{front}");
    let socket = lab.on("login1", "stat -c '%a %U %G' /run/slurmha/portal-session.sock");
    assert_eq!(socket.trim(), "660 root slurmha-portal");
    let journal = "journalctl --no-pager; cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' '";
    // Whoever looks for it must not be found.
    let looked = lab.on("login1", &format!("({journal}) | grep -c '[a] long password'; true"));
    assert_eq!(looked.trim(), "0", "the password is in the journal or in a process list");
}

fn seen(lab: &LabSite) -> String {
    let journal = "journalctl --no-pager -n 60 -u 'lab-portal*' -u 'slurmha-portal*'";
    lab.try_on("login1", journal).unwrap_or_default()
}
