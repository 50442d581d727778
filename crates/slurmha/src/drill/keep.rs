// SPDX-License-Identifier: Apache-2.0
//! Reports are kept: a drill is a proof only as long as somebody can read it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use slurmha_core::drill::{Evidence, Report, render_html, render_text};

/// Where a drill's files are.
#[derive(Debug)]
pub struct Kept {
    /// The report as text.
    pub text: PathBuf,
    /// The same with a picture and the evidence, for a browser.
    pub html: PathBuf,
    /// The report as JSON.
    pub json: PathBuf,
    /// What it was made of, to be judged again.
    pub evidence: PathBuf,
}

/// `$XDG_STATE_HOME/slurmha/reports`.
pub fn default_directory() -> PathBuf {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let home = || std::env::home_dir().unwrap_or_default().join(".local/state");
    state.unwrap_or_else(home).join("slurmha/reports")
}

/// Characters of the faults' names in the name of a file: with the time before and the
/// ending behind them they stay below the 255 bytes that Linux' file systems take.
const LONGEST_NAMES: usize = 200;

/// Whether files can be written there, which is looked at before anything is broken. The
/// directory is made if it is not there.
///
/// # Errors
/// When they cannot.
pub fn can_keep(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    tempfile::tempfile_in(directory).map(drop)
}

/// Writes the files of one drill, first the one of which the others can be made again.
///
/// # Errors
/// When the directory or a file cannot be written.
pub fn keep(directory: &Path, report: &Report, evidence: &Evidence) -> io::Result<Kept> {
    fs::create_dir_all(directory)?;
    let faults: String = report.scenario.fault_names().chars().take(LONGEST_NAMES).collect();
    let stem = format!("{}-{faults}", report.cut.strftime("%Y%m%dT%H%M%SZ"));
    let path = |suffix: &str| directory.join(format!("{stem}{suffix}"));
    let kept = Kept {
        text: path(".txt"),
        html: path(".html"),
        json: path(".json"),
        evidence: path(".evidence.json"),
    };
    write_json(&kept.evidence, evidence)?;
    fs::write(&kept.text, render_text(report))?;
    fs::write(&kept.html, render_html(report, evidence))?;
    write_json(&kept.json, report)?;
    Ok(kept)
}

fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    fs::write(path, text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use slurmha_core::drill::{Fault, Planned, analyse};

    use super::*;

    const EVIDENCE: &str = include_str!("../../../core/tests/fixtures/drill/power-loss-lab.json");

    /// There may be as many faults as somebody likes.
    #[test]
    fn a_drill_of_very_many_faults_is_kept_and_can_be_judged_again() {
        let mut evidence: Evidence = serde_json::from_str(EVIDENCE).expect("evidence");
        let fault: Fault = "passive-kill-corosync".parse().expect("a fault");
        let planned = Planned { fault, after: Duration::from_secs(5), lasts: Duration::ZERO };
        let mut report = analyse(&evidence);
        report.scenario.overlaps = vec![planned; 40];
        evidence.scenario.overlaps.clone_from(&report.scenario.overlaps);
        let directory = tempfile::tempdir().expect("a directory");
        let kept = keep(directory.path(), &report, &evidence).expect("kept");
        let text = fs::read_to_string(&kept.evidence).expect("read");
        let again: Evidence = serde_json::from_str(&text).expect("evidence");
        assert_eq!(again.scenario, evidence.scenario);
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 4);
    }

    #[test]
    fn where_nothing_can_be_kept_is_known_before() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(can_keep(&directory.path().join("new/one")).is_ok());
        assert_eq!(fs::read_dir(directory.path().join("new/one")).expect("listed").count(), 0);
        // Not even root can.
        assert!(can_keep(Path::new("/proc/reports")).is_err());
        assert!(can_keep(&std::env::current_exe().expect("a file")).is_err());
    }
}
