// SPDX-License-Identifier: Apache-2.0
//! Keeps on a controller how a drill has ended: its exporter tells it.

use std::path::Path;

use slurmha_core::drill::{DrillRecord, DrillResult};
use slurmha_core::layout::DRILL_RECORD;
use slurmha_host::system::write_atomically;
use slurmha_host::{FileError, Ids, System};

use super::super::protocol::Reply;

/// Adds it to what is remembered here. A record that cannot be read, such as one of a later
/// version, is begun anew.
pub fn run(system: &dyn System, tell: &dyn Fn(Reply), result: DrillResult) {
    if let Err(error) = remember(system, result) {
        tell(Reply::Trouble(error.to_string()));
    }
}

fn remember(system: &dyn System, result: DrillResult) -> Result<(), FileError> {
    let path = Path::new(DRILL_RECORD);
    let before = system.read(path)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let record: DrillRecord = before.unwrap_or_default();
    // Numbers and words: that always becomes JSON.
    let text = serde_json::to_vec_pretty(&record.with(result)).unwrap_or_default();
    write_atomically(system, path, &text, Ids::root(0o644))
}

#[cfg(test)]
mod tests {
    use slurmha_core::drill::Verdict;
    use slurmha_core::layout::LOCAL_STATE;
    use slurmha_host::Simulated;

    use super::*;

    fn result(at: &str, verdict: Verdict) -> DrillResult {
        let at = at.parse().expect("a time");
        DrillResult { at, verdict, without_answers_s: 2.5, lost_jobs: 0 }
    }

    fn controller() -> Simulated {
        let machine = Simulated::new("ctl1", "ctl2");
        let directory = Path::new(LOCAL_STATE);
        machine.make_directory(directory, Ids::root(0o755)).expect("a directory");
        machine
    }

    fn record(machine: &Simulated) -> DrillRecord {
        let bytes = machine.read(Path::new(DRILL_RECORD)).expect("readable").expect("there");
        serde_json::from_slice(&bytes).expect("a record")
    }

    #[test]
    fn drills_are_counted_by_their_verdicts_and_the_last_one_is_known() {
        let machine = controller();
        let silent = |_: Reply| panic!("nothing is wrong");
        for (at, verdict) in [
            ("2026-11-20T10:00:00Z", Verdict::Pass),
            ("2026-11-22T10:00:00Z", Verdict::Fail),
            ("2026-11-21T10:00:00Z", Verdict::Pass),
        ] {
            run(&machine, &silent, result(at, verdict));
        }
        let record = record(&machine);
        assert_eq!(record.verdicts[&Verdict::Pass].0, 2);
        assert_eq!(record.last(), Some(&result("2026-11-22T10:00:00Z", Verdict::Fail)));
    }

    #[test]
    fn a_record_that_cannot_be_read_is_begun_anew() {
        let machine = controller();
        write_atomically(&machine, Path::new(DRILL_RECORD), b"{", Ids::root(0o644)).expect("it");
        run(
            &machine,
            &|_| panic!("nothing is wrong"),
            result("2026-11-20T10:00:00Z", Verdict::Pass),
        );
        assert_eq!(record(&machine).verdicts[&Verdict::Pass].0, 1);
    }
}
