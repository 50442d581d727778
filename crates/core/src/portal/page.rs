// SPDX-License-Identifier: Apache-2.0
//! What browsers are shown. Every page works without a script; the script
//! asks for the same page again and takes over what is marked as `live`.

mod cluster;
mod frame;
mod job;
mod jobs;
mod login;
mod submit;
mod terminal;

pub use cluster::cluster_page;
pub use frame::{Away, Frame, Here, message_page};
pub use job::{JobPage, Written, job_page};
pub use jobs::{JobsPage, jobs_page};
pub use login::login_page;
pub use submit::{Outcome, SubmitPage, submit_page};
pub use terminal::terminal_page;

#[cfg(test)]
mod tests;
