// SPDX-License-Identifier: Apache-2.0
//! A person signs in as with a browser, submits, reads what the job wrote, and goes on
//! submitting while the active controller loses its power.

use super::{LabSite, wait_until};

const CLIENT: &str = include_str!("portal.py");
const CLIENT_FILE: &str = "/run/lab-portal.py";

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

fn put_client(lab: &LabSite, machine: &str) {
    lab.on(machine, &format!("cat >{CLIENT_FILE} <<'LAB'\n{CLIENT}\nLAB"));
}

/// Begins to submit, whatever happens meanwhile.
pub fn goes_on(lab: &LabSite) {
    is_ready(lab);
    lab.on(
        "login1",
        "rm -f /run/lab-portal-stop; systemd-run --quiet --unit=lab-portal-load \
         python3 /run/lab-portal.py load",
    );
    wait_until("jobs are submitted through the portal", || submitted(lab).len() > 1);
}

/// Every submission was answered in the end, and became one job. Slurm saves its jobs every
/// five seconds, and one was submitted every six: at most one is not there any more.
pub fn submitted_each_once(lab: &LabSite) {
    lab.on("login1", "touch /run/lab-portal-stop");
    wait_until("the last submission is answered", || {
        lab.try_on("login1", "systemctl is-active --quiet lab-portal-load").is_none()
    });
    let submitted = submitted(lab);
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

fn submitted(lab: &LabSite) -> Vec<serde_json::Value> {
    let text = lab.try_on("login1", "cat /run/lab-portal-ledger").unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn seen(lab: &LabSite) -> String {
    let journal = "journalctl --no-pager -n 60 -u 'lab-portal*' -u 'slurmha-portal*'";
    lab.try_on("login1", journal).unwrap_or_default()
}
