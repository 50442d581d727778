// SPDX-License-Identifier: Apache-2.0
//! A fault that overlaps, in the hands of a test.

use std::sync::Mutex;

use slurmha_core::drill::Planned;
use slurmha_core::status::made_up;
use slurmha_host::{Local, System as _};

use super::*;
use crate::drill::power::Cut;

/// Notes what was asked of it.
struct Switch {
    works: bool,
    asked: Mutex<Vec<String>>,
}

impl Switch {
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl PowerSwitch for Switch {
    fn off(&self, machine: &NodeName) -> Result<Cut, String> {
        self.asked.lock().unwrap().push(format!("off {machine}"));
        let now = Local::new().now();
        let cut = Cut { at: now, confirmed: now };
        if self.works { Ok(cut) } else { Err("no such lab".to_owned()) }
    }

    fn on(&self, machine: &NodeName) -> Result<(), String> {
        self.asked.lock().unwrap().push(format!("on {machine}"));
        Ok(())
    }

    fn connect_bmc(&self, machine: &NodeName, _: bool) -> Result<(), String> {
        Err(format!("nobody asked for the BMC of {machine}"))
    }

    fn mend_bmc_command(&self, _: &NodeName) -> String {
        unreachable!("it can be mended")
    }
}

/// A node's power goes after five seconds, in the hands of this test.
fn with_node_lost(works: bool, test: impl FnOnce(Overlaps<'_>, &Switch)) {
    let switch = Switch { works, asked: Mutex::default() };
    let (site, progress) = (made_up::site(), Progress::new(true));
    let cast = Cast {
        victim: "cn1".into(),
        survivor: "ctl1".into(),
        client: "login1".into(),
        weaknesses: Vec::new(),
    };
    let fault: Fault = "node-power-loss".parse().unwrap();
    let breaker = Breaker::new(fault, &site, &cast, Some(&switch), &progress).unwrap();
    let planned = Planned::new(fault, Duration::from_secs(5));
    let blow = Blow::new(planned, &cast, breaker, None, Scenario::new(fault).bounds);
    let (blows, watches) = (vec![blow], Vec::new());
    test(Overlaps { blows, watches, progress: &progress }, &switch);
}

fn strike_due(overlaps: &Overlaps<'_>, second: u64) {
    overlaps.strike_due(Duration::from_secs(second), &BTreeMap::new()).unwrap();
}

#[test]
fn a_fault_comes_once_at_its_time_and_its_power_comes_back_however_the_drill_ends() {
    with_node_lost(true, |overlaps, switch| {
        strike_due(&overlaps, 4);
        assert_eq!(switch.asked(), [""; 0]);
        assert!(!overlaps.are_survived(&Seen::default(), &BTreeMap::new()));
        assert!(overlaps.powers().next().is_none());
        strike_due(&overlaps, 5);
        strike_due(&overlaps, 6);
        assert_eq!(switch.asked(), ["off cn1"]);
        assert!(overlaps.have_removed(&"cn1".into()));
        assert!(!overlaps.have_removed(&"ctl1".into()));
        assert!(!overlaps.are_survived(&Seen::default(), &BTreeMap::new()), "nobody asked yet");
        assert!(overlaps.strokes()[0].at.is_ok());
        drop(overlaps);
        assert_eq!(switch.asked(), ["off cn1", "on cn1"]);
    });
}

/// The power may have gone all the same.
#[test]
fn a_fault_that_does_not_come_is_told_and_waited_for_by_nobody() {
    with_node_lost(false, |overlaps, switch| {
        strike_due(&overlaps, 5);
        assert!(overlaps.are_survived(&Seen::default(), &BTreeMap::new()));
        assert!(!overlaps.have_removed(&"cn1".into()));
        let why = overlaps.strokes().remove(0).at.unwrap_err();
        assert_eq!(why, "the power of cn1 could not be cut: no such lab");
        drop(overlaps);
        assert_eq!(switch.asked(), ["off cn1", "on cn1"]);
    });
}
