// SPDX-License-Identifier: Apache-2.0
//! Faults that come while the first one is being survived.
//!
//! Each has its own other end on its machine and is undone like the first one:
//! when its time is over, when the drill ends or is interrupted, and by its
//! timer on the machine when the drill itself is killed.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::thread::Scope;
use std::time::Duration;

use slurmha_core::drill::{Bounds, ClockOffset, Fault, Planned, Scenario, Stroke};
use slurmha_core::site::{NodeName, Site};

use super::breaker::Breaker;
use super::power::{Cut, PowerSwitch, Victim};
use super::preflight::Cast;
use super::protocol::Reply;
use super::seen::Seen;
use super::watch::Watch;
use crate::failure::Failure;
use crate::fleet::{Fleet, failure};
use crate::pause::pause;
use crate::progress::Progress;

/// All of them.
pub struct Overlaps<'a> {
    blows: Vec<Blow<'a>>,
    /// The conversations with the machines that do something themselves.
    pub watches: Vec<Watch>,
    progress: &'a Progress,
}

/// One of them.
struct Blow<'a> {
    planned: Planned,
    cast: &'a Cast,
    breaker: Breaker<'a>,
    /// Its conversation, if it has one.
    watch: Option<usize>,
    /// The drill's, with the time for which this one lasts.
    bounds: Bounds,
    /// What was told in its conversation.
    seen: Seen,
    /// When it happened, or why it did not; nothing before its time.
    cut: OnceLock<Result<Cut, String>>,
}

impl<'a> Overlaps<'a> {
    /// Prepares all; nothing happens yet. There is a cast for each.
    pub fn new(
        scenario: &Scenario,
        site: &'a Site,
        fleet: &Fleet,
        casts: &'a [Cast],
        power: Option<&'a dyn PowerSwitch>,
        progress: &'a Progress,
    ) -> Result<Self, Failure> {
        let mut overlaps = Self { blows: Vec::new(), watches: Vec::new(), progress };
        for (&planned, cast) in scenario.overlaps.iter().zip(casts) {
            let breaker = Breaker::new(planned.fault, site, cast, power, progress)?;
            let mut watch = None;
            if let Some(machine) = breaker.machine(cast) {
                watch = Some(overlaps.watches.len());
                let started = Watch::start(fleet.remote(), machine);
                overlaps.watches.push(started.map_err(|error| failure(&error))?);
            }
            overlaps.blows.push(Blow {
                planned,
                cast,
                breaker,
                watch,
                bounds: Bounds { fault: planned.lasts, ..scenario.bounds.clone() },
                seen: Seen::default(),
                cut: OnceLock::new(),
            });
        }
        Ok(overlaps)
    }

    /// Hears what each of the machines has to say about its own fault.
    pub fn listen<'s>(&'s self, scope: &'s Scope<'s, '_>, common: &'s Seen, first: Silences<'s>) {
        for blow in &self.blows {
            let Some(watch) = blow.watch.map(|index| &self.watches[index]) else { continue };
            scope.spawn(move || {
                let ended = watch.listen(&mut |reply| blow.note(common, &watch.machine, reply));
                if let Err(why) = ended {
                    blow.seen.trouble(why.clone());
                    if !first(&watch.machine) && !self.silence(&watch.machine) {
                        common.trouble(why);
                    }
                }
            });
        }
    }

    /// Makes those happen whose time has come. One that cannot be made to
    /// happen is told in the report, and the drill goes on.
    ///
    /// # Errors
    /// When somebody pressed Ctrl-C.
    pub fn strike_due(
        &self,
        since_first: Duration,
        clocks: &BTreeMap<NodeName, ClockOffset>,
    ) -> Result<(), Failure> {
        for blow in &self.blows {
            if blow.cut.get().is_some() || since_first < blow.planned.after {
                continue;
            }
            let watch = blow.watch.map(|index| &self.watches[index]);
            let struck = blow.breaker.strike(blow.cast, watch, &blow.bounds, &blow.seen, clocks);
            // What failed because of an interruption is none of the cluster's.
            pause(Duration::ZERO)?;
            let said = match &struck {
                Ok(_) => blow.planned.fault.news(),
                Err(why) => format!("{} did not happen: {}", blow.name(), why.message()),
            };
            self.progress.machine(blow.cast.victim.as_str(), &said);
            // Set once: it was asked for above.
            let _ = blow.cut.set(struck.map_err(|why| why.message().to_owned()));
        }
        Ok(())
    }

    /// Whether all have had their time, and clients are served as they have to
    /// be after each.
    pub fn are_survived(&self, seen: &Seen, clocks: &BTreeMap<NodeName, ClockOffset>) -> bool {
        self.blows.iter().all(|blow| match blow.cut.get() {
            None => false,
            Some(Err(_)) => true,
            Some(Ok(cut)) if blow.planned.fault.must_hand_over() => {
                seen.serves_again(blow.cast, cut.at, clocks)
            }
            Some(Ok(cut)) => {
                let fate = blow.seen.process();
                let is_gone = || self.have_removed_besides(&blow.cast.victim, blow.planned.fault);
                seen.is_served(blow.cast, cut.confirmed, clocks)
                    && (is_gone() || seen.is_back(blow.planned.fault, fate.as_ref(), blow.cast))
            }
        })
    }

    /// Whether it is no wonder when this machine falls silent.
    pub fn silence(&self, machine: &NodeName) -> bool {
        self.blows.iter().any(|blow| blow.breaker.silences(machine, blow.cast))
    }

    /// Whether one of them took this machine away.
    pub fn have_removed(&self, machine: &NodeName) -> bool {
        self.removed(machine).next().is_some()
    }

    fn have_removed_besides(&self, machine: &NodeName, fault: Fault) -> bool {
        self.removed(machine).any(|blow| blow.planned.fault != fault)
    }

    fn removed<'s>(&'s self, machine: &'s NodeName) -> impl Iterator<Item = &'s Blow<'a>> {
        self.blows.iter().filter(move |blow| {
            let fault = blow.planned.fault;
            let has_happened = blow.cut.get().is_some_and(Result::is_ok);
            has_happened && blow.cast.victim == *machine && fault.may_remove(fault.side())
        })
    }

    /// Each fault with the machine that it hits.
    pub fn hits(&self) -> impl Iterator<Item = (Fault, &NodeName)> {
        self.blows.iter().map(|blow| (blow.planned.fault, &blow.cast.victim))
    }

    /// The machines whose power was cut.
    pub fn powers(&self) -> impl Iterator<Item = (&Victim<'a>, &NodeName)> {
        let due = self.blows.iter().filter(|blow| blow.cut.get().is_some());
        due.flat_map(|blow| blow.breaker.power.iter().map(move |power| (power, &blow.cast.victim)))
    }

    /// What became of each.
    pub fn strokes(&self) -> Vec<Stroke> {
        self.blows.iter().map(Blow::stroke).collect()
    }
}

/// Whether it is no wonder, because of the first fault, when a machine falls
/// silent.
pub type Silences<'s> = &'s (dyn Fn(&NodeName) -> bool + Sync);

impl Blow<'_> {
    fn name(&self) -> String {
        self.planned.fault.name()
    }

    fn note(&self, common: &Seen, machine: &NodeName, reply: Reply) {
        if let Reply::Trouble(what) = &reply {
            common.trouble(format!("{machine}: {what}"));
        }
        self.seen.note(machine, reply);
    }

    fn stroke(&self) -> Stroke {
        let told = self.seen.take();
        let cut = self.cut.get();
        let at = match cut {
            Some(Ok(cut)) => Ok(cut.at),
            Some(Err(why)) => Err(why.clone()),
            None => Err("the drill ended before its time had come".to_owned()),
        };
        Stroke {
            fault: self.planned.fault,
            victim: self.cast.victim.clone(),
            survivor: self.cast.survivor.clone(),
            at,
            confirmed: cut.and_then(|cut| cut.as_ref().ok()).map(|cut| cut.confirmed),
            process: told.process,
            taken_back: told.taken_back,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use slurmha_core::status::made_up;
    use slurmha_host::{Local, System as _};

    use super::*;

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
        let blow = Blow {
            planned: Planned::new(fault, Duration::from_secs(5)),
            cast: &cast,
            breaker,
            watch: None,
            bounds: Scenario::new(fault).bounds,
            seen: Seen::default(),
            cut: OnceLock::new(),
        };
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
}
