// SPDX-License-Identifier: Apache-2.0
//! The built-in portal: a user signs in with a browser, submits jobs, sees them
//! wait and run, and reads their output.
//!
//! Two processes share the work. The *front* (`slurmha portal`) speaks with
//! browsers and has no rights; the *session* (`slurmha portal-session`, one for each
//! user who has signed in) does what the user asks for as that user. What they say
//! to each other is in [`protocol`].

pub mod account;
pub mod client;
pub mod cluster;
pub mod details;
pub mod ended;
pub mod form;
pub mod job;
pub mod options;
pub mod page;
pub mod piece;
pub mod protocol;
pub mod queue;
pub mod reason;
pub mod sbatch;
pub mod script;
pub mod submission;
pub mod template;
pub mod text;
pub mod typed;
pub mod xterm;
