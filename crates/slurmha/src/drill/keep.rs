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

/// Writes the files of one drill.
///
/// # Errors
/// When the directory or a file cannot be written.
pub fn keep(directory: &Path, report: &Report, evidence: &Evidence) -> io::Result<Kept> {
    fs::create_dir_all(directory)?;
    let stem =
        format!("{}-{}", report.cut.strftime("%Y%m%dT%H%M%SZ"), report.scenario.fault_names());
    let path = |suffix: &str| directory.join(format!("{stem}{suffix}"));
    let kept = Kept {
        text: path(".txt"),
        html: path(".html"),
        json: path(".json"),
        evidence: path(".evidence.json"),
    };
    fs::write(&kept.text, render_text(report))?;
    fs::write(&kept.html, render_html(report, evidence))?;
    write_json(&kept.json, report)?;
    write_json(&kept.evidence, evidence)?;
    Ok(kept)
}

fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    fs::write(path, text)
}
