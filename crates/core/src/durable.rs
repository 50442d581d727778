// SPDX-License-Identifier: Apache-2.0
//! Whether a job that was acknowledged is also saved.
//!
//! slurmctld gives a job's id back first and saves its table up to five
//! seconds later. A submission that waits asks a service beside slurmctld,
//! which reads the header of the saved table ([`is_saved`]) and answers in
//! the words of [`Answer`].

mod controller;
mod credential;
mod judge;
mod protocol;

pub use controller::controller_address;
pub use credential::{Credential, looks_like_credential, parse_unmunge};
pub use judge::{has_later_id, is_from_the_future, is_saved};
pub use protocol::{Answer, MAX_ANSWER, MAX_QUESTION, MAX_WAIT, ProtocolError, Question};
