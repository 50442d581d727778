// SPDX-License-Identifier: Apache-2.0
//! `slurmha dashboards`: the dashboards as files, for a Grafana that is there already.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use slurmha_core::dashboards::{DASHBOARDS, grafana};
use tempfile::NamedTempFile;

use crate::failure::Failure;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha dashboards                          which there are
  slurmha dashboards --output dashboards      write them as JSON files

In Grafana: Dashboards, New, Import, once for each file. They ask the Prometheus that is chosen at
the top of each. With [monitoring.grafana] in the site file `slurmha apply` sets Grafana up with all
of them.")]
pub struct Args {
    /// Write the files into this directory, which is made unless it exists; files of the same
    /// names are replaced
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let text = match &args.output {
        None => list(),
        Some(directory) => {
            write_all(directory)?;
            format!("{} dashboards written to {}\n", DASHBOARDS.len(), directory.display())
        }
    };
    crate::stdout::print(&text)
}

fn list() -> String {
    DASHBOARDS.iter().fold(String::new(), |mut text, dashboard| {
        let name = grafana::file_name(dashboard);
        let _ = writeln!(text, "{name:<26} {}", dashboard.about);
        text
    })
}

fn write_all(directory: &Path) -> Result<(), Failure> {
    if directory.exists() && !directory.is_dir() {
        let what = format!("{} is no directory", directory.display());
        return Err(Failure::usage(what).hint("choose another one with --output"));
    }
    fs::create_dir_all(directory).map_err(|error| {
        Failure::usage(format!("cannot make the directory {}: {error}", directory.display()))
            .hint("choose another one with --output")
    })?;
    for (name, text) in grafana::files() {
        let path = directory.join(name);
        write(directory, &path, &text).map_err(|error| {
            Failure::usage(format!("cannot write {}: {error}", path.display()))
                .hint("choose another directory with --output")
        })?;
    }
    Ok(())
}

/// Beside its place first: whoever reads the directory meanwhile, such as Grafana,
/// finds the old file or the new one. Everybody may read it, as far as the umask of
/// the caller goes.
fn write(directory: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let readable = fs::Permissions::from_mode(0o666);
    let mut file: NamedTempFile = tempfile::Builder::new()
        .prefix(".slurmha-")
        .permissions(readable)
        .tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}
