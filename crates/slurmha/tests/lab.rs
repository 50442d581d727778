// SPDX-License-Identifier: Apache-2.0
//! The main job on real machines: form, change nothing twice, move, let people in,
//! lose power, freeze, thaw, crash, leave nothing behind.
//!
//! One cluster is formed and used from the first test to the last, because
//! forming it is what takes time. Run with `make lab-test`; a laboratory of
//! the user's own is neither needed nor touched. What takes longer than every
//! change can wait has targets of its own: `make help`.

mod lab_site;

use std::time::Duration;

use lab_site::{LabSite, wait_until};

/// One test, so that its parts run in their order.
#[test]
fn the_main_job() {
    let lab = LabSite::new();
    lab.part("boot", || {
        lab.slurmha(&["lab", "up"]).succeeds();
    });
    lab.part("a run that is killed half-way is completed by the next", || {
        for seconds in [4, 11] {
            lab.start_and_kill(&["apply", "--yes", lab.site()], Duration::from_secs(seconds));
        }
        lab.slurmha(&["apply", "--yes", lab.site()]).succeeds();
    });
    lab.part("a second apply changes nothing", || {
        let second = lab.slurmha(&["apply", "--yes", lab.site()]).succeeds();
        assert!(second.contains("nothing to change"), "{second}");
    });
    lab.part("the cluster's own tools agree", || {
        let status = lab.on("ctl1", "pcs status");
        assert!(status.contains("Online: [ ctl1 ctl2 ]"), "{status}");
        let drbd = lab.on("ctl1", "drbdadm status slurm_data");
        assert!(drbd.contains("UpToDate") && !drbd.contains("Inconsistent"), "{drbd}");
        let ping = lab.on("login1", "scontrol ping");
        assert!(ping.contains("UP"), "{ping}");
        let sinfo = lab.on("login1", "sinfo --noheader --format %n");
        assert!(sinfo.contains("cn1") && sinfo.contains("cn2"), "{sinfo}");
        lab.on("ctl1", "crm_verify --live-check");
    });
    lab.part("no secret is where it does not belong", || {
        let key = lab.on("ctl1", "cat /etc/slurmha/secrets/database-password");
        for place in ["cibadmin --query", "journalctl --no-pager", "cat /proc/*/cmdline"] {
            let text = lab.on("ctl1", &format!("{place} 2>/dev/null || true"));
            assert!(!text.contains(key.trim()), "the database password is in `{place}`");
        }
        let modes = lab.on("ctl1", "stat -c %a:%U /etc/slurmha/secrets/* /etc/munge/munge.key");
        assert!(
            modes.lines().all(|l| ["600:root", "700:root", "400:munge"].contains(&l)),
            "{modes}"
        );
    });
    lab.part("jobs run and are accounted for", || {
        lab.slurmha(&["drill", "acceptance", lab.site()]).succeeds();
    });
    lab.part("status says healthy", || {
        lab.until_healthy();
        wait_until("its JSON says so, too", || {
            lab.slurmha(&["status", lab.site(), "--json"]).is_ok()
        });
    });
    lab.part("everything is watched", || lab_site::watched::is_everything(&lab));
    lab.part("every dashboard has its values", || {
        lab_site::watched::is_on_every_dashboard(&lab);
    });
    // Before anything is broken: jobs that a crash has cost are told of for an hour.
    lab.part("the console moves the role, and sets a controller aside", || {
        lab_site::console::moves_the_role(&lab);
    });
    lab.part("people come in by the VPN", || lab_site::vpn::lets_people_in(&lab));
    lab.part("the active controller loses power, and people outside see no error", || {
        let (active, _) = lab.active_and_passive();
        lab_site::watched::listen(&lab);
        let way = lab_site::vpn::sends_a_job(&lab, &active);
        lab.survives("power-loss");
        way.arrives();
        way.submitted_each_once();
        lab_site::watched::was_told(&lab, "SlurmhaControllerDown", &active);
    });
    lab.part("people are shut out of the VPN", || lab_site::vpn::shuts_people_out(&lab));
    lab.part("a job that its node only remembers is put right", || {
        lab_site::remembered::is_put_right(&lab);
        lab.until_healthy();
    });
    lab.part("frozen and thawed", || {
        lab.slurmha(&["lab", "freeze"]).succeeds();
        lab.slurmha(&["lab", "thaw"]).succeeds();
        let clock = |machine| lab.on(machine, "date +%s").trim().parse().unwrap_or(0);
        let clocks: [u64; 5] = ["ctl1", "ctl2", "login1", "cn1", "cn2"].map(clock);
        let spread = clocks.iter().max().zip(clocks.iter().min()).map(|(max, min)| max - min);
        // They are asked one after the other.
        assert!(spread.is_some_and(|spread| spread < 60), "{clocks:?}");
        lab.until_healthy();
    });
    lab.part("slurmctld is killed amid all kinds of work", || {
        is_mended_in_place(&lab, || lab.survives_with_all_work("busy"));
    });
    lab.part("a machine that cannot be fenced", || {
        lab_site::unfenced::is_never_promoted_over(&lab);
    });
    lab.part("nothing is left behind", || lab.down_and_prove());
}

/// What the main job has no time for: `make drills`.
#[test]
#[ignore = "needs a laboratory of its own: make drills"]
fn more_is_survived() {
    let lab = LabSite::new();
    is_formed(&lab);
    lab.part("the agents pass ocf-tester", || lab_site::agents::pass_ocf_tester(&lab));
    lab.part("a planned move, with its outage", || {
        let (active, passive) = lab.active_and_passive();
        lab.until_healthy();
        let silence = lab_site::watched::Silence::begin(&lab);
        let report = lab.slurmha(&["switchover", lab.site(), "--yes", "--json"]).succeeds();
        let report: serde_json::Value = serde_json::from_str(&report).expect("a JSON report");
        assert_eq!((&report["from"], &report["to"]), (&active.into(), &passive.into()));
        assert!(report["outage_s"].as_f64().is_some_and(|outage| outage > 0.0), "{report:#}");
        lab.on("ctl1", "! cibadmin --query --xpath \"//*[contains(@id,'cli-')]\" 2>/dev/null");
        lab_site::watched::has_counted(&lab, "moved");
        silence.was_kept(&lab);
    });
    lab.part("people at a terminal wait, and see no error", || {
        lab_site::interactive::commands_wait(&lab);
    });
    lab.part("the handler for which writes are frozen is killed", || {
        lab_site::handler::is_killed(&lab);
    });
    lab.part("slurmctld hangs", || {
        is_mended_in_place(&lab, || lab.survives("freeze-slurmctld"));
    });
    lab.part("slurmctld's state comes back from a snapshot", || {
        lab_site::snapshot::is_restored_as_the_runbook_says(&lab);
    });
    lab.part("changes of the nodes are taken", || {
        lab_site::changes::of_nodes_are_taken(&lab);
    });
    lab.part("changes of the arbiter are taken", || {
        lab_site::changes::of_the_arbiter_are_taken(&lab);
    });
    lab.part("changes in which the controller is lost", || {
        lab_site::changes::in_which_the_controller_is_lost(&lab);
    });
    lab.part("no client reaches the active controller", || {
        lab.survives_scenario("unplugged");
    });
    lab.part("both controllers lose power at once, and come back", || {
        lab_site::dark::is_survived(&lab);
    });
    lab.part("nothing is left behind", || lab.down_and_prove());
}

/// A quarter of an hour: `make crowd`.
#[test]
#[ignore = "needs a laboratory of its own: make crowd"]
fn a_hundred_clients_see_no_error() {
    let lab = LabSite::new();
    is_formed(&lab);
    lab.part("a hundred clients, and the active controller loses power", || {
        lab_site::crowd::sees_no_error(&lab);
    });
    lab.part("nothing is left behind", || lab.down_and_prove());
}

/// More than an hour: `make quiet`.
#[test]
#[ignore = "takes more than an hour: make quiet"]
fn a_healthy_hour_raises_nothing() {
    let lab = LabSite::new();
    is_formed(&lab);
    lab.part("an hour in which people work and nothing breaks", || {
        lab_site::quiet::is_an_hour(&lab);
    });
    lab.part("nothing is left behind", || lab.down_and_prove());
}

/// An hour: `make alerts`.
#[test]
#[ignore = "takes an hour: make alerts"]
fn every_alert_arrives() {
    let lab = LabSite::new();
    is_formed(&lab);
    lab_site::alerts::arrive(&lab);
    lab.part("nothing is left behind", || lab.down_and_prove());
}

/// `make proofs`.
#[test]
#[ignore = "breaks settings on purpose, for a long time: make proofs"]
fn broken_settings_fail_their_drills() {
    let lab = LabSite::new();
    is_formed(&lab);
    lab.part("frozen", || {
        lab.slurmha(&["lab", "freeze"]).succeeds();
    });
    lab_site::broken::fails_its_drills(&lab);
    lab.part("nothing is left behind", || lab.down_and_prove());
}

/// The first failure moves nothing.
fn is_mended_in_place(lab: &LabSite, failure: impl FnOnce()) {
    let (active, _) = lab.active_and_passive();
    failure();
    let (still, _) = lab.active_and_passive();
    assert_eq!(still, active, "the first failure is mended in place");
}

fn is_formed(lab: &LabSite) {
    lab.part("boot", || {
        lab.slurmha(&["lab", "up"]).succeeds();
    });
    lab.part("apply", || {
        lab.slurmha(&["apply", "--yes", lab.site()]).succeeds();
        lab.until_healthy();
    });
}

#[test]
fn every_alert_is_in_a_scene() {
    lab_site::alerts::are_all_in_a_scene();
}
