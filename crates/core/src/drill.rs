// SPDX-License-Identifier: Apache-2.0
//! A drill is a fault, a load and invariants: what was seen on the machines
//! goes in, what it proves comes out.
//!
//! The machines are asked elsewhere. Here is only the judgement: a scenario
//! says what is done, the evidence is what was seen, [`analyse`] makes the
//! report of it. The same evidence always gives the same report, so a kept
//! one can be judged again.

mod analyse;
mod campaign;
mod chart;
mod clock;
mod evidence;
mod expectation;
mod fault;
mod html;
mod invariant;
mod job_fate;
mod journal;
mod junit;
mod outage;
mod phase;
mod report;
mod scenario;
mod scenario_file;
mod text;
mod time;
mod verdict;
mod writer;

pub use analyse::analyse;
pub use campaign::{Campaign, Run, Summary, render_index, render_markdown};
pub use clock::{ClockOffset, ClockReading};
pub use evidence::*;
pub use fault::{Daemon, Fault, FaultSignal, Side};
pub use html::render_html;
pub use invariant::{Invariant, Judgement, Outcome};
pub use journal::{JOURNAL_FIELDS, JournalEntry, parse_journal};
pub use junit::render_junit;
pub(crate) use outage::unanswered;
pub use report::*;
pub use scenario::*;
pub use scenario_file::{ScenarioError, parse_scenario};
pub use text::render_text;
pub(crate) use time::{rounded, seconds, short};
pub use verdict::UNSAVED_WINDOW;

#[cfg(test)]
mod tests;
