// SPDX-License-Identifier: Apache-2.0
//! A drill is a fault, a load and invariants: what was seen on the machines
//! goes in, what it proves comes out.
//!
//! The machines are asked elsewhere. Here is only the judgement: a [`Scenario`]
//! says what is done, the [`Evidence`] is what was seen, [`analyse`] (in
//! `judge`) makes the [`Report`] of it, and `show` has the forms in which that
//! is read. The same evidence always gives the same report, so a kept one can
//! be judged again.

mod as_text;
mod clock;
mod combination;
mod evidence;
mod fault;
mod guard;
mod held_back;
mod invariant;
mod journal;
mod judge;
mod kept;
mod phase;
mod random;
mod record;
mod report;
mod scenario;
mod show;
mod time;
mod told;
mod words;
mod work;

pub use clock::{ClockOffset, ClockReading};
pub use combination::{Combination, Objection, Planned};
pub use evidence::*;
pub use fault::{
    CLOCK_STEP, ClockFault, DELAY_MS, Daemon, DiskFault, Disturbance, FLAP, Fault, FaultSignal,
    LOSS_PERCENT, LinkFault, Links, Side, Volume,
};
pub use guard::WriterGuard;
pub use held_back::{
    Hastened, HeldBack, QUEUE_FORMAT, Queued, TIME_FORMAT, left_held, parse_held_back, parse_queue,
    still_waiting,
};
pub use invariant::{Invariant, Judgement, Outcome};
pub use journal::{JOURNAL_FIELDS, JournalEntry, parse_journal};
pub(crate) use judge::unanswered;
pub use judge::{UNSAVED_WINDOW, analyse};
pub use kept::with_kept;
pub use phase::{Phase, PhaseTiming};
pub use random::{Draw, can_shrink, shrink};
pub use record::{DrillRecord, DrillResult};
pub use report::*;
pub use scenario::*;
pub use show::{
    Campaign, Run, Summary, render_html, render_index, render_junit, render_markdown, render_text,
};
pub(crate) use time::{rounded, seconds, short};
pub use told::ToBeTold;
pub use work::{ARRAY, LONG, Mix, Work};

#[cfg(test)]
mod tests;
