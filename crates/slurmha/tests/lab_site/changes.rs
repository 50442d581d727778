// SPDX-License-Identifier: Apache-2.0
//! Changes of the site file under a cluster that runs.

use super::{LabSite, wait_until};

const ARBITER: &str = "[arbiter]\nname = \"login1\"\naddress = \"10.77.0.31\"\n";

/// A compute node goes and comes again: slurmctld takes neither while it runs, and a
/// job that ends with its node ends because somebody has said so.
pub fn of_nodes_are_taken(lab: &LabSite) {
    let (active, _) = lab.active_and_passive();
    let before = slurmctld(lab, &active);
    let fewer = changed(lab, &[("cn[1-2]", "cn1"), ("10.77.0.[21-22]", "10.77.0.21")]);
    let job = lab.on(
        "login1",
        "cd /tmp && setpriv --reuid=65534 --regid=65534 --clear-groups sbatch --parsable \
         --nodelist=cn2 --output=/dev/null --mem=32M --no-requeue --wrap 'sleep infinity'",
    );
    let state = || {
        let sacct = format!("sacct --noheader --allocations --format=state --jobs={}", job.trim());
        lab.try_on("login1", &sacct).unwrap_or_default().trim().to_owned()
    };
    wait_until("the job runs", || state() == "RUNNING");
    let refused = lab.slurmha(&["apply", "--yes", &fewer]);
    assert!(!refused.is_ok(), "the job was to keep its node");
    let why = "slurm.conf no longer has cn2, and slurmctld ends 1 job";
    assert!(refused.said().contains(why), "{}", refused.said());
    assert_eq!(slurmctld(lab, &active), before, "nothing was changed");
    lab.slurmha(&["apply", "--yes", "--end-jobs", &fewer]).succeeds();
    wait_until("the accounting has the job's end", || state() == "NODE_FAIL");
    assert_eq!(nodes(lab), ["cn1"]);
    assert_ne!(slurmctld(lab, &active), before, "it was not restarted");
    nothing_is_left(lab, &fewer);
    lab.slurmha(&["apply", "--yes", lab.site()]).succeeds();
    assert_eq!(nodes(lab), ["cn1", "cn2"]);
    nothing_is_left(lab, lab.site());
    lab.until_healthy();
}

/// The arbiter goes and comes again; the cluster votes all the time.
pub fn of_the_arbiter_are_taken(lab: &LabSite) {
    let vip = "vip = \"10.77.0.10\"";
    let accepted = format!("{vip}\naccept = [\"no-arbiter\"]");
    let without = changed(lab, &[(ARBITER, ""), (vip, &accepted)]);
    lab.slurmha(&["apply", "--yes", &without]).succeeds();
    let votes = |lab: &LabSite| lab.on("ctl2", "corosync-quorumtool -s");
    // Its row stays, without a vote.
    assert!(votes(lab).contains("Qdevice (votes 0)"), "{}", votes(lab));
    lab.on("ctl2", "! systemctl is-enabled corosync-qdevice");
    lab.on("login1", "! systemctl is-active corosync-qnetd");
    nothing_is_left(lab, &without);
    lab.slurmha(&["apply", "--yes", lab.site()]).succeeds();
    wait_until("the arbiter votes", || votes(lab).contains("A,V,NMW"));
    nothing_is_left(lab, lab.site());
    lab.until_healthy();
}

/// What `apply` sends a controller whose slurmctld does not read a change.
const RESTART: &str = r#"[{"do":"restart-resource","resource":"slurmctld"}]"#;

/// The active controller is lost while it has stopped slurmctld to start it
/// again: the other one starts it all the same.
pub fn in_which_the_controller_is_lost(lab: &LabSite) {
    let (active, passive) = lab.active_and_passive();
    let begin = format!(
        "echo '{RESTART}' >/run/lab-restart; systemd-run --quiet --unit=lab-restart sh -c \
         '/usr/local/sbin/slurmha node apply </run/lab-restart'"
    );
    // It would start it again a second later.
    let holds = "while systemctl --quiet is-active slurmctld; do sleep 0.1; done; \
                 systemctl kill --signal=STOP lab-restart";
    lab.on(&active, &format!("{begin}; {holds}"));
    lab.slurmha(&["lab", "power", "off", &active]).succeeds();
    lab.on(&passive, "cibadmin --query --local | grep --fixed-strings slurmctld-restart");
    wait_until("slurmctld answers on the other controller", || {
        lab.try_on(&passive, "systemctl is-active slurmctld && scontrol ping")
            .is_some_and(|text| text.contains("UP"))
    });
    lab.until_healthy();
    lab.slurmha(&["apply", "--yes", lab.site()]).succeeds();
    nothing_is_left(lab, lab.site());
}

/// The laboratory's site file with other words.
fn changed(lab: &LabSite, words: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(lab.site()).expect("the lab's site file");
    for (old, new) in words {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    let path = lab.file("changed.toml");
    std::fs::write(&path, text).expect("a site file");
    path
}

fn nodes(lab: &LabSite) -> Vec<String> {
    let sinfo = lab.on("login1", "sinfo --noheader --Node --format %n | sort --unique");
    sinfo.split_whitespace().map(str::to_owned).collect()
}

fn slurmctld(lab: &LabSite, active: &str) -> String {
    lab.on(active, "systemctl show --property=MainPID --value slurmctld")
}

fn nothing_is_left(lab: &LabSite, site: &str) {
    lab.on("ctl1", "! cibadmin --query | grep --fixed-strings -- -restart");
    let second = lab.slurmha(&["apply", "--yes", site]).succeeds();
    assert!(second.contains("nothing to change"), "{second}");
}
