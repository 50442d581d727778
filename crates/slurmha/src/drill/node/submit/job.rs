// SPDX-License-Identifier: Apache-2.0
//! A job of the load: what sbatch is told, and the script.

use slurmha_core::drill::{ARRAY, LONG, Work};

use super::super::super::protocol::marks_file;

/// When a job may begin that is cancelled before: late enough that the order
/// comes first, and soon enough that a lost one is seen.
const PUT_OFF_S: u32 = 60;

/// How long a job waits for the end that it has ordered for itself.
const REQUEUE_WAIT_S: u32 = 60;

/// What sbatch is told beside what all are told. `waits_for` is the id of
/// another job.
pub fn options(work: Work, waits_for: Option<u32>) -> Vec<String> {
    let words: &[&str] = match work {
        Work::TwoNodes => &["--nodes=2", "--ntasks=2", "--ntasks-per-node=1"],
        Work::Held => &["--ntasks=1", "--hold"],
        _ => &["--ntasks=1"],
    };
    let mut options: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    match work {
        Work::Array => options.push(format!("--array=1-{ARRAY}")),
        Work::Cancelled => options.push(format!("--begin=now+{PUT_OFF_S}")),
        Work::Requeued => options.push("--requeue".to_owned()),
        _ => {}
    }
    if let Some(id) = waits_for {
        // One whose job has failed would wait for ever otherwise.
        let dependency = [format!("--dependency=afterok:{id}"), "--kill-on-invalid-dep=yes".into()];
        options.extend(dependency);
    }
    options
}

/// The script: it notes that it began and that it ended, and what it did
/// between.
pub fn script(run: &str, work: Work) -> String {
    let mark = mark(run);
    let between = match work {
        Work::Long => format!("sleep {}\n", LONG.as_secs()),
        Work::Step | Work::TwoNodes => format!(
            "said=$(srun sh -c '{mark}mark task' 2>&1 >/dev/null) || {{\n    \
                 status=$?\n    mark step-failed \"$(echo \"$said\" | tr '\\n' ' ')\"\n    exit $status\n}}\n"
        ),
        Work::Requeued => format!(
            "if [ \"${{SLURM_RESTART_COUNT:-0}}\" = 0 ] && scontrol requeue \"$SLURM_JOB_ID\"; then\n    \
                 mark requeue\n    sleep {REQUEUE_WAIT_S}\nfi\n"
        ),
        _ => String::new(),
    };
    format!(
        "#!/bin/sh
# srun gives its tasks another SLURM_JOB_NAME.
export DRILL_JOB=\"$SLURM_JOB_NAME${{SLURM_ARRAY_TASK_ID:+[$SLURM_ARRAY_TASK_ID]}}\"
{mark}mark start
{between}mark end
"
    )
}

/// Shell that leaves a mark on the node on which it runs; without a single
/// quote, so that it can be put between two.
///
/// On the disk before the job goes on: what a node that loses its power has not
/// written would be missing, as if it had never happened.
fn mark(run: &str) -> String {
    let marks = marks_file(run);
    let directory = marks.parent().map(|path| path.display().to_string()).unwrap_or_default();
    let file = marks.display();
    format!(
        "umask 022
mkdir -p {directory}
mark() {{
    echo \"$DRILL_JOB $SLURM_JOB_ID ${{SLURM_RESTART_COUNT:-0}} $1 $(date +%s.%N) ${{2:-}}\" >>{file}
    sync --data {file}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use slurmha_core::drill::{Mark, MarkKind, parse_marks};
    use slurmha_host::{Command, Local, System as _};

    use super::*;

    #[test]
    fn the_job_writes_what_the_reader_of_marks_understands() {
        let script = script("drill1", Work::Short);
        assert!(script.contains("mkdir -p /var/tmp/slurmha-drill-drill1\n"));
        assert!(script.contains(">>/var/tmp/slurmha-drill-drill1/marks"));
    }

    const SRUN: &str = "srun() { \"$@\"; }\n";

    /// Run by a shell, with Slurm's variables, that srun, and two programs that do
    /// nothing but what is needed here. Its marks, how it ended, and what was printed.
    fn run(work: Work, restarts: u32, srun: &str) -> (Vec<Mark>, String) {
        let directory = tempfile::tempdir().unwrap();
        let there = directory.path().display().to_string();
        let script = script("drill1", work).replace("/var/tmp/slurmha-drill-drill1", &there);
        let programs = "scontrol() { :; }\nsleep() { echo \"slept $1\"; }\n";
        let command = Command::new("sh")
            .arg("-c")
            .arg([srun, programs, &script].concat())
            .env("SLURM_JOB_NAME", "drill1-0005")
            .env("SLURM_ARRAY_TASK_ID", "2")
            .env("SLURM_JOB_ID", "9")
            .env("SLURM_RESTART_COUNT", &restarts.to_string());
        let output = Local::new().run(&command).unwrap();
        let marks = std::fs::read_to_string(directory.path().join("marks")).unwrap();
        let (marks, strange) = parse_marks(&marks);
        assert_eq!(strange, 0);
        for mark in &marks {
            assert_eq!((mark.name.as_str(), mark.id), ("drill1-0005[2]", 9));
        }
        (marks, format!("{} {}", output.exit, output.text().trim()))
    }

    #[test]
    fn a_shell_understands_each_script() {
        use MarkKind::{End, Requeue, Start, Task};
        let said = |work, restarts| {
            let (marks, said) = run(work, restarts, SRUN);
            (marks.iter().map(|mark| mark.kind).collect::<Vec<_>>(), said)
        };
        let printed = |words: &str| format!("exit status 0 {words}");
        assert_eq!(said(Work::Array, 0), (vec![Start, End], printed("")));
        assert_eq!(said(Work::Long, 0), (vec![Start, End], printed("slept 15")));
        assert_eq!(said(Work::Step, 0), (vec![Start, Task, End], printed("")));
        assert_eq!(said(Work::Requeued, 0), (vec![Start, Requeue, End], printed("slept 60")));
        assert_eq!(said(Work::Requeued, 1), (vec![Start, End], printed("")));
    }

    #[test]
    fn a_step_that_fails_ends_the_job_and_says_why() {
        let srun = "srun() { printf 'srun: error: no\nsrun: sorry\n' >&2; return 3; }\n";
        let (marks, said) = run(Work::Step, 0, srun);
        assert_eq!(said, "exit status 3 ");
        let [start, failed] = marks.as_slice() else { panic!("{marks:?}") };
        assert_eq!((start.kind, failed.kind), (MarkKind::Start, MarkKind::StepFailed));
        assert_eq!(failed.said.as_deref(), Some("srun: error: no srun: sorry"));
    }

    #[test]
    fn sbatch_is_told_what_the_work_needs() {
        assert_eq!(options(Work::Short, None), ["--ntasks=1"]);
        assert_eq!(options(Work::Array, None), ["--ntasks=1", "--array=1-3"]);
        let waits = ["--ntasks=1", "--dependency=afterok:7", "--kill-on-invalid-dep=yes"];
        assert_eq!(options(Work::Dependent, Some(7)), waits);
        assert_eq!(options(Work::TwoNodes, None)[0], "--nodes=2");
    }
}
