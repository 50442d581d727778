// SPDX-License-Identifier: Apache-2.0
//! A cluster that works, and would not survive what it should.

use super::*;
use crate::observe::Safeguards;

/// What a controller has in force that slurmha has set up.
fn as_set_up() -> Safeguards {
    let options = ["rw", "noatime", "nodelalloc", "commit=1"].map(str::to_owned).to_vec();
    Safeguards {
        state_options: Reading::Known(Some(options)),
        drbd_fencing: Reading::Known("resource-and-stonith".to_owned()),
        qdevice_timeout_ms: Reading::Known(4500),
    }
}

/// The status with something changed in what ctl1 has in force.
fn with(how: impl FnOnce(&mut Safeguards)) -> Status {
    let mut answers = answers();
    for name in ["ctl1", "ctl2"] {
        change(&mut answers, name, |o| o.safeguards = Some(as_set_up()));
    }
    change(&mut answers, "ctl2", |o| {
        o.safeguards.as_mut().unwrap().state_options = Reading::Known(None);
    });
    change(&mut answers, "ctl1", |o| how(o.safeguards.as_mut().unwrap()));
    assemble(&site(), &answers)
}

#[test]
fn what_was_set_up_is_healthy_and_the_passive_one_has_mounted_nothing() {
    let status = with(|_| {});
    assert_eq!((problems(&status), status.verdict), (vec![], Verdict::Healthy));
    assert!(status.is_only_weak());
}

#[test]
fn a_state_volume_with_default_options_is_a_weakness() {
    let status = with(|s| {
        s.state_options = Reading::Known(Some(vec!["rw".to_owned(), "relatime".to_owned()]));
    });
    assert_eq!(
        problems(&status),
        ["the state volume on ctl1 is mounted without nodelalloc,commit=1: a power cut can empty \
          the scripts of accepted jobs"]
    );
    assert_eq!(
        next(&status),
        ["slurmha plan; if that finds nothing, on ctl1: crm_resource --restart --resource state"]
    );
    assert_eq!(status.verdict, Verdict::Degraded);
    assert!(status.is_only_weak() && status.weaknesses().count() == 1);
}

#[test]
fn a_drbd_that_does_not_wait_for_fencing_is_a_weakness() {
    let status = with(|s| s.drbd_fencing = Reading::Known("dont-care".to_owned()));
    assert_eq!(
        problems(&status),
        ["DRBD on ctl1 does not wait until a lost peer is fenced (fencing dont-care): both sides \
          can write"]
    );
    assert!(next(&status)[0].ends_with("on ctl1: drbdadm adjust slurm_data"));
    assert!(status.is_only_weak());
}

/// DRBD shows no policy of a disk that it has let go, and the disk is what is
/// wrong.
#[test]
fn a_disk_that_has_failed_has_no_policy() {
    let mut answers = answers();
    change(&mut answers, "ctl1", |o| {
        let drbd_fencing = Reading::Known("dont-care".to_owned());
        o.safeguards = Some(Safeguards { drbd_fencing, ..as_set_up() });
        let Reading::Known(drbd) = &mut o.drbd else { panic!() };
        "Diskless".clone_into(&mut drbd.volumes[0].disk);
    });
    let status = assemble(&site(), &answers);
    assert_eq!(problems(&status), ["the state volume on ctl1 is Diskless"]);
}

/// Token 3000 and consensus 3600 in the site of the laboratory.
#[test]
fn an_arbiter_that_waits_longer_than_corosync_is_a_weakness() {
    let status = with(|s| s.qdevice_timeout_ms = Reading::Known(10_000));
    assert_eq!(
        problems(&status),
        ["the arbiter votes up to 12.0 s after a loss that Corosync notices after 6.6 s: \
          quorum.device.timeout is 10000 ms on ctl1, not 4500"]
    );
    assert!(status.is_only_weak());
    assert_eq!(with(|s| s.qdevice_timeout_ms = Reading::Known(5400)).verdict, Verdict::Healthy);
    assert_eq!(with(|s| s.qdevice_timeout_ms = Reading::Known(5500)).verdict, Verdict::Degraded);
}

/// Its devices are of no use then, whether Pacemaker has them started or not.
#[test]
fn fencing_that_is_switched_off_is_one_weakness() {
    let mut answers = answers();
    for name in ["ctl1", "ctl2"] {
        change(&mut answers, name, |o| {
            let Reading::Known(cluster) = &mut o.cluster else { panic!() };
            cluster.fencing_enabled = false;
            for device in cluster.resources.iter_mut().filter(|r| r.id.starts_with("fence-")) {
                "Stopped".clone_into(&mut device.role);
                device.node = None;
            }
        });
    }
    let status = assemble(&site(), &answers);
    assert_eq!(problems(&status), ["fencing is switched off"]);
    assert_eq!(next(&status), ["slurmha plan"]);
    assert!(status.is_only_weak());
}

#[test]
fn what_could_not_be_told_is_unknown_and_no_weakness() {
    let status = with(|s| s.drbd_fencing = Reading::Unknown("drbdsetup: no answer".to_owned()));
    assert_eq!(
        problems(&status),
        ["whether DRBD waits for fencing on ctl1 is not known: drbdsetup: no answer"]
    );
    assert!(!status.is_only_weak() && status.is_worth_another_look());
}

/// A machine that is lost has more urgent problems.
#[test]
fn something_broken_beside_it_is_no_mere_weakness() {
    let mut answers = answers();
    change(&mut answers, "ctl1", |o| {
        o.safeguards =
            Some(Safeguards { qdevice_timeout_ms: Reading::Known(10_000), ..as_set_up() });
        made_up::without_peer(o, "ctl2");
    });
    unreachable(&mut answers, "ctl2");
    let status = assemble(&site(), &answers);
    assert_eq!((status.weaknesses().count(), status.is_only_weak()), (1, false));
    assert_eq!(
        status.troubles().map(|problem| problem.text.as_str()).collect::<Vec<_>>(),
        ["ctl2 is offline: the next failure would end the service"]
    );
}
