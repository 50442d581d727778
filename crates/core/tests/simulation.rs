// SPDX-License-Identifier: Apache-2.0
//! Thousands of sequences of faults against a model of the control plane.
//!
//! What is modelled are the parts that are not ours: power, links, Corosync,
//! the arbiter, Pacemaker and DRBD, by the rules of their manuals and sources
//! (`../../../docs/decisions` names them). What decides is ours and is the
//! real thing: [`slurmha_core::fence_peer`], [`slurmha_core::promotion`] and
//! [`slurmha_core::power_on`].

#[path = "simulation/drbd.rs"]
mod drbd;
#[path = "simulation/event.rs"]
mod event;
#[path = "simulation/handler.rs"]
mod handler;
#[path = "simulation/membership.rs"]
mod membership;
#[path = "simulation/node.rs"]
mod node;
#[path = "simulation/pacemaker.rs"]
mod pacemaker;
#[path = "simulation/power_on.rs"]
mod power_on;
#[path = "simulation/world.rs"]
mod world;

use std::cell::RefCell;
use std::thread;

use event::{Event, heal, sequences};
use handler::Decide;
use node::Time;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use slurmha_core::fence_peer::{Answer, Decision, Seen};
use slurmha_core::observe::Reading;
use world::{Counts, World};

/// A cluster forms in that time, and gets well again.
const FORMED: Time = 60_000;
const WELL: Time = 600_000;

/// Plays one sequence; why it failed, if it did.
fn play(decide: Decide, sequence: &[(Time, Event)], counts: &mut Counts) -> Result<(), String> {
    let mut world = World::new(decide);
    world.run(FORMED);
    for (gap, event) in sequence {
        world.run(*gap);
        world.strike(*event);
    }
    // Long enough for whatever is under way to go wrong.
    world.run(120_000);
    heal(&mut world);
    let limit = world.now + WELL;
    while world.broken.is_none() && world.now < limit && !world.is_healthy() {
        world.run(5000);
    }
    counts.add(&world.counts);
    match world.broken {
        Some(what) => Err(what),
        None if !world.is_healthy() => Err(format!("it does not get well: {}", world.summary())),
        None => Ok(()),
    }
}

/// Plays so many sequences, drawn from a seed; the shortest that fails.
fn play_many(decide: Decide, cases: u32, seed: u8) -> Result<Counts, String> {
    let counts = RefCell::new(Counts::default());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    TestRunner::new_with_rng(config, random)
        .run(&sequences(), |sequence| {
            play(decide, &sequence, &mut counts.borrow_mut()).map_err(TestCaseError::fail)
        })
        .map_err(|error| format!("with the seed {seed}: {error}"))?;
    Ok(counts.into_inner())
}

/// `SLURMHA_SIMULATION_SEED` for other sequences than those of every day.
fn seed() -> u8 {
    std::env::var("SLURMHA_SIMULATION_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(1)
}

#[test]
fn no_sequence_of_faults_loses_data_or_leaves_the_cluster_broken() {
    let halves: Vec<_> = [seed(), seed().wrapping_add(128)]
        .map(|seed| thread::spawn(move || play_many(handler::rule, 5000, seed)))
        .into_iter()
        .map(|half| half.join().expect("no panic").unwrap_or_else(|why| panic!("{why}")))
        .collect();
    let mut counts = Counts::default();
    halves.iter().for_each(|half| counts.add(half));
    // A proof that nothing happened would be none.
    println!("{counts:?}");
    let Counts { fences, marks, promotions, frozen, resyncs, refusals, switched_on } = counts;
    for (what, count) in [
        ("fences", fences),
        ("marks", marks),
        ("promotions", promotions),
        ("frozen primaries", frozen),
        ("resyncs", resyncs),
        ("refused promotions", refusals),
        ("machines switched on", switched_on),
    ] {
        assert!(count > 1000, "{count} {what}");
    }
}

/// Takes what the handler has not proven for proven.
fn believes(_: &Seen) -> Decision {
    Decision::Answer(Answer::Stonithed, "surely".to_owned())
}

/// Says that the peer is marked and marks nobody.
fn marks_nobody(seen: &Seen) -> Decision {
    match handler::rule(seen) {
        Decision::Mark => Decision::Answer(Answer::Outdated, "surely".to_owned()),
        other => other,
    }
}

/// Takes its own data for the newest, whatever DRBD says.
fn takes_old_for_new(seen: &Seen) -> Decision {
    let mut seen = seen.clone();
    if let Reading::Known(disks) = &mut seen.disks {
        disks.own = vec!["UpToDate".to_owned()];
    }
    handler::rule(&seen)
}

#[test]
fn a_wrong_rule_is_found_out() {
    let wrong: [(&str, Decide); 3] = [
        ("believes", believes),
        ("marks nobody", marks_nobody),
        ("takes old for new", takes_old_for_new),
    ];
    for (name, rule) in wrong {
        assert!(play_many(rule, 2000, seed()).is_err(), "{name} breaks nothing");
    }
}
