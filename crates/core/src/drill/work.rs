// SPDX-License-Identifier: Apache-2.0
//! What users ask for while something breaks: not only short jobs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long [`Work::Long`] runs: about as long as a failover, so that one of
/// them is running when the scheduler goes away.
pub const LONG: Duration = Duration::from_secs(15);

/// The jobs of one [`Work::Array`].
pub const ARRAY: u32 = 3;

/// What one submission asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// A job of one task that ends at once.
    #[default]
    Short,
    /// One that runs for [`LONG`].
    Long,
    /// An array of [`ARRAY`] jobs.
    Array,
    /// One that may begin when another one has ended well.
    Dependent,
    /// One whose script starts a step (srun(1)).
    Step,
    /// The same on two nodes at the same time.
    TwoNodes,
    /// One that is submitted held, and released as soon as it is accepted.
    Held,
    /// One that has itself requeued in its first run.
    Requeued,
    /// One that may not begin yet, and is cancelled as soon as it is accepted.
    Cancelled,
}

/// Which of it users ask for, in turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mix {
    /// Short jobs alone.
    #[default]
    Plain,
    /// All of it.
    Mixed,
}

/// Half of them short, and each of the others once: what is asked for beside
/// them must not fill the laboratory's two nodes.
const MIXED: [Work; 16] = [
    Work::Short,
    Work::Step,
    Work::Short,
    Work::Held,
    Work::Short,
    Work::Array,
    Work::Short,
    Work::Cancelled,
    Work::Short,
    Work::Dependent,
    Work::Short,
    Work::Requeued,
    Work::Short,
    Work::TwoNodes,
    Work::Short,
    Work::Long,
];

impl Mix {
    /// Both, as they are written.
    pub const ALL: [Self; 2] = [Self::Mixed, Self::Plain];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Mixed => "mixed",
        }
    }

    /// What is submitted turn by turn, and then again from the beginning, where
    /// jobs go to a partition of so many nodes.
    pub fn turns(self, nodes: usize) -> Vec<Work> {
        match self {
            Self::Plain => vec![Work::Short],
            Self::Mixed => {
                let fits = |work: &Work| *work != Work::TwoNodes || nodes > 1;
                MIXED.into_iter().filter(fits).collect()
            }
        }
    }
}

impl Work {
    /// What it is, in words; nothing for a short job.
    pub fn words(self) -> &'static str {
        match self {
            Self::Short => "",
            Self::Long => "long",
            Self::Array => "array of 3",
            Self::Dependent => "waits for another",
            Self::Step => "with srun",
            Self::TwoNodes => "two nodes",
            Self::Held => "held and released",
            Self::Requeued => "requeued",
            Self::Cancelled => "cancelled",
        }
    }

    /// What its user orders once it is accepted.
    pub fn order(self) -> Option<&'static str> {
        match self {
            Self::Held => Some("release"),
            Self::Requeued => Some("requeue"),
            Self::Cancelled => Some("cancel"),
            _ => None,
        }
    }

    /// The names of the jobs that a submission of that name asks for.
    pub fn jobs(self, name: &str) -> Vec<String> {
        match self {
            Self::Array => (1..=ARRAY).map(|task| array_job(name, task)).collect(),
            _ => vec![name.to_owned()],
        }
    }

    /// Tasks of its step, each of which leaves a mark.
    pub(super) fn step_tasks(self) -> usize {
        match self {
            Self::Step => 1,
            Self::TwoNodes => 2,
            _ => 0,
        }
    }
}

/// What one job of an array is called here: Slurm gives all of them one name.
pub(super) fn array_job(name: &str, task: u32) -> String {
    format!("{name}[{task}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_one_node_nothing_asks_for_two() {
        assert!(Mix::Mixed.turns(2).contains(&Work::TwoNodes));
        assert!(!Mix::Mixed.turns(1).contains(&Work::TwoNodes));
        assert_eq!(Mix::Plain.turns(2), [Work::Short]);
    }

    #[test]
    fn every_kind_of_work_has_its_turn() {
        let turns = Mix::Mixed.turns(2);
        for work in [Work::Long, Work::Array, Work::Dependent, Work::Step, Work::TwoNodes] {
            assert!(turns.contains(&work), "{work:?}");
        }
        let orders = turns.iter().filter_map(|work| work.order()).collect::<Vec<_>>();
        assert_eq!(orders, ["release", "cancel", "requeue"]);
    }

    #[test]
    fn an_array_is_as_many_jobs_as_it_has() {
        assert_eq!(Work::Array.jobs("r-0005"), ["r-0005[1]", "r-0005[2]", "r-0005[3]"]);
        assert_eq!(Work::Held.jobs("r-0004"), ["r-0004"]);
        assert_eq!(Work::Array.words(), format!("array of {ARRAY}"));
    }
}
