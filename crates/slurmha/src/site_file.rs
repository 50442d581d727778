// SPDX-License-Identifier: Apache-2.0
//! Reading the site file from disk, and telling what is wrong with it.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use slurmha_core::check::{self, Finding};
use slurmha_core::layout;
use slurmha_core::site::{self, Site};

use crate::failure::Failure;

/// A file longer than this is not a site file.
const LONGEST: u64 = 4 << 20;

/// A valid site with the text that it came from.
pub struct SiteFile {
    /// The file's path.
    pub path: PathBuf,
    /// Its text, as it was read.
    pub text: String,
    /// What it means.
    pub site: Site,
}

impl SiteFile {
    /// Reads and checks the file; warnings go to stderr.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        Self::load_and_tell(path, &mut Vec::new())
    }

    /// The same; mistakes and warnings are told to `findings`, too, whatever comes of it.
    fn load_and_tell(path: &Path, findings: &mut Vec<Finding>) -> Result<Self, Failure> {
        let text = read(path)?;
        let name = path.display().to_string();
        let parsed = site::parse(&name, &text);
        let (Ok((_, found)) | Err(found)) = &parsed;
        eprint!("{}", site::render(&name, &text, found));
        findings.extend(check::of_file(&text, found));
        match parsed {
            Ok((site, _)) => Ok(Self { path: path.to_owned(), text, site }),
            Err(mistakes) => {
                let errors = mistakes.iter().filter(|mistake| mistake.is_error()).count();
                let plural = if errors == 1 { "" } else { "s" };
                Err(Failure::site(format!("{errors} error{plural} in {name}")))
            }
        }
    }

    /// The named file, or the first that exists of `./site.toml` and the
    /// copy that a controller keeps.
    pub fn find(path: Option<&Path>) -> Result<Self, Failure> {
        Self::find_and_tell(path, &mut Vec::new())
    }

    /// The same; mistakes and warnings are told to `findings`, too, whatever comes of it.
    pub fn find_and_tell(
        path: Option<&Path>,
        findings: &mut Vec<Finding>,
    ) -> Result<Self, Failure> {
        if let Some(path) = path {
            return Self::load_and_tell(path, findings).map_err(|failure| {
                match (path.exists(), path.to_str()) {
                    (true, _) => failure,
                    (false, Some("-")) => failure.hint("what is piped in is named /dev/stdin"),
                    (false, _) => failure.hint(format!(
                        "`slurmha init --output {}` writes one to begin with",
                        path.display()
                    )),
                }
            });
        }
        let places = [Path::new("site.toml"), Path::new(layout::SITE_FILE)];
        match places.into_iter().find(|path| path.exists()) {
            Some(path) => Self::load_and_tell(path, findings),
            None => {
                Err(Failure::usage("no site file: neither ./site.toml nor /etc/slurmha/site.toml")
                    .hint("name it, as in `slurmha status examples/lab/site.toml`")
                    .hint("`slurmha init > site.toml` writes a commented one"))
            }
        }
    }

    /// Puts a changed text in the place of the file, in one go, and returns what
    /// it means. Owner and mode stay, and a symbolic link does.
    ///
    /// Refused when the text is not valid, or when somebody else changed the
    /// file since it was read.
    pub fn replace(&self, text: &str) -> Result<Site, Failure> {
        let name = self.path.display();
        let (site, _) = site::parse(&name.to_string(), text).map_err(|mistakes| {
            eprint!("{}", site::render(&name.to_string(), text, &mistakes));
            Failure::site(format!("{name} would not be valid any more, nothing was changed"))
        })?;
        let cannot = |error: std::io::Error| {
            Failure::remote(format!("cannot change {name}, nothing was changed: {error}"))
        };
        let path = fs::canonicalize(&self.path).map_err(cannot)?;
        if path == Path::new(layout::SITE_FILE) {
            return Err(Failure::refused(format!("{name} is a copy that `apply` writes over"))
                .hint("change the site file on the machine from which the site is applied"));
        }
        // Of two at once the second waits here and then sees the first's change.
        let old = File::open(&path).map_err(cannot)?;
        old.lock().map_err(cannot)?;
        self.is_unchanged()?;
        write_beside(&path, &old, text).map_err(cannot)?;
        Ok(site)
    }

    /// Whether the file still says what it said when it was read. What is made
    /// of it later would undo somebody else's change. What is no file, such as
    /// a pipe, can be read only once and is taken for unchanged.
    ///
    /// # Errors
    /// A refusal when it does not; also when it cannot be read any more.
    pub fn is_unchanged(&self) -> Result<(), Failure> {
        let is_pipe = fs::metadata(&self.path).is_ok_and(|found| !found.is_file());
        if is_pipe || read(&self.path)? == self.text {
            return Ok(());
        }
        let name = self.path.display();
        Err(Failure::refused(format!(
            "somebody has changed {name} in the meantime, nothing was changed"
        ))
        .hint("run the command again"))
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let cannot = |why: &dyn Display| {
        Failure::site(format!("cannot read the site file {}: {why}", path.display()))
    };
    let bytes = read_bytes(path).map_err(|error| match hint(path, &error) {
        Some(hint) => cannot(&error).hint(hint),
        None => cannot(&error),
    })?;
    if bytes.len() as u64 > LONGEST {
        return Err(cannot(&format!("more than {} MiB are no site file", LONGEST >> 20))
            .hint("`slurmha init` writes one to begin with"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let bytes = error.as_bytes();
        let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        let why = match (is_utf16, error.utf8_error().valid_up_to()) {
            (true, _) => "it is UTF-16".to_owned(),
            (false, place) => format!("not UTF-8 at byte {place}"),
        };
        cannot(&why).hint("save the file as UTF-8 text")
    })
}

/// All of it, or one byte more than a site file may have: a device or a pipe tells no
/// length and may have no end.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What to type instead.
fn hint(path: &Path, error: &io::Error) -> Option<String> {
    let shown = path.display();
    match error.kind() {
        ErrorKind::IsADirectory => {
            Some(format!("name the file in it, as in {}", path.join("site.toml").display()))
        }
        ErrorKind::PermissionDenied => {
            Some(format!("`ls -l {shown}` shows who may read it; sudo does"))
        }
        _ => None,
    }
}

/// Writes the new text beside the old file and swaps it in.
fn write_beside(path: &Path, old: &File, text: &str) -> std::io::Result<()> {
    let metadata = old.metadata()?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut new = tempfile::Builder::new()
        .prefix(".site.")
        .permissions(metadata.permissions())
        .tempfile_in(directory)?;
    // Only root can give a file away; to everybody else it belongs already, or
    // will belong: who may write the directory may replace the file.
    let _ = std::os::unix::fs::fchown(new.as_file(), Some(metadata.uid()), Some(metadata.gid()));
    // The umask has taken bits away.
    new.as_file().set_permissions(metadata.permissions())?;
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    new.persist(path)?;
    File::open(directory)?.sync_all()
}

/// `~` at the beginning of a path is the home directory, as in a shell.
pub fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const LAB: &str = include_str!("../../../examples/lab/site.toml");

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn a_change_keeps_mode_and_link_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, link) = (directory.path().join("site.toml"), directory.path().join("link.toml"));
        fs::write(&path, LAB).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).expect("set");
        symlink("site.toml", &link).expect("linked");
        let file = SiteFile::load(&link).expect("a site file");
        file.replace(&format!("{LAB}# more\n")).expect("replaced");
        assert!(fs::read_to_string(&path).expect("read").ends_with("# more\n"));
        assert!(link.is_symlink() && mode(&path) == 0o664);
        assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 2);
    }

    #[test]
    fn a_device_without_an_end_is_not_read_to_its_end() {
        let failure = read(Path::new("/dev/zero")).expect_err("no site file");
        assert!(failure.message().contains("/dev/zero: more than 4 MiB"), "{failure:?}");
    }

    #[test]
    fn what_to_type_depends_on_why_the_file_cannot_be_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let wide = directory.path().join("wide.toml");
        fs::write(&wide, b"\xff\xfe[\0c\0").expect("written");
        for (path, told) in [(directory.path(), "site.toml"), (wide.as_path(), "it is UTF-16")] {
            let failure = read(path).expect_err("not read");
            assert!(format!("{failure:?}").contains(told), "{failure:?}");
        }
        for (path, told) in [("/nowhere/site.toml", "slurmha init --output"), ("-", "/dev/stdin")] {
            let failure = SiteFile::find(Some(Path::new(path))).err().expect("no site file");
            assert!(format!("{failure:?}").contains(told), "{failure:?}");
        }
    }

    #[test]
    fn what_somebody_else_wrote_is_not_written_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.toml");
        fs::write(&path, LAB).expect("written");
        let file = SiteFile::load(&path).expect("a site file");
        let theirs = format!("{LAB}# theirs\n");
        fs::write(&path, &theirs).expect("written");
        let failure = file.replace(&format!("{LAB}# ours\n")).expect_err("refused");
        assert!(failure.message().contains("in the meantime"), "{}", failure.message());
        assert_eq!(fs::read_to_string(&path).expect("read"), theirs);
    }

    /// Both have read the same text: of two who add somebody, the second would
    /// take the first's away again.
    #[test]
    fn of_many_at_once_one_changes_the_file_and_the_others_are_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.toml");
        fs::write(&path, LAB).expect("written");
        let both_have_read = std::sync::Barrier::new(8);
        let change = |number: usize| {
            let file = SiteFile::load(&path).expect("a site file");
            both_have_read.wait();
            file.replace(&format!("{LAB}# {number}\n")).map(drop)
        };
        let outcomes: Vec<Result<(), Failure>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || change(n))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        let winners: Vec<usize> = (0..8).filter(|n| outcomes[*n].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        let text = fs::read_to_string(&path).expect("read");
        assert_eq!(text, format!("{LAB}# {}\n", winners[0]));
        for failure in outcomes.into_iter().filter_map(Result::err) {
            assert!(failure.is_refusal(), "{}", failure.message());
        }
    }

    #[test]
    fn an_invalid_text_is_not_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.toml");
        fs::write(&path, LAB).expect("written");
        let file = SiteFile::load(&path).expect("a site file");
        assert!(file.replace("[cluster]\n").is_err());
        assert_eq!(fs::read_to_string(&path).expect("read"), LAB);
    }
}
