// SPDX-License-Identifier: Apache-2.0
//! The machines' image: built once, kept outside of every lab.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::process;
use crate::program;
use crate::progress::{Progress, Silent};
use crate::recipe;
use crate::sources;
use crate::state::{base_directory, lock, private_directory, random_hex, write_file};

/// Downloads may be slow, an image must not hang for ever.
const BUILD_LIMIT: Duration = Duration::from_secs(3600);
/// Unpacking and writing a file system.
const COPY_LIMIT: Duration = Duration::from_secs(900);
/// How often somebody who waits for another's build looks whether it is over.
const TURN: Duration = Duration::from_millis(200);
/// How long mmdebstrap may take to remove what it has unpacked, once it is asked to end.
const CLEANUP_LIMIT: Duration = Duration::from_secs(30);
/// How long a killed build may take to go.
const LEFTOVER_LIMIT: Duration = Duration::from_secs(30);
/// How the name of a build's directory ends; its beginning is that of the image.
const UNFINISHED: &str = "building";
/// The file in it that names the build's directory outside of the cache.
const OUTSIDE: &str = "outside";

/// The files that a machine boots from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The cached image's directory.
    pub directory: PathBuf,
}

impl Image {
    /// The root file system, raw.
    pub fn root(&self) -> PathBuf {
        self.directory.join("root.img")
    }

    /// The kernel.
    pub fn kernel(&self) -> PathBuf {
        self.directory.join("kernel")
    }

    /// The initial file system.
    pub fn initrd(&self) -> PathBuf {
        self.directory.join("initrd")
    }

    /// The image of the present recipe, built if it is not in the cache.
    pub fn ensure(progress: &dyn Progress) -> Result<Self, Error> {
        let cache = cache()?;
        private_directory(&cache)?;
        let digest = recipe::digest();
        let image = Self { directory: cache.join(&digest) };
        if image.directory.is_dir() {
            return Ok(image);
        }
        let _held = take_turn(&cache.join("lock"), progress)?;
        if image.directory.is_dir() {
            return Ok(image);
        }
        clear(&cache, progress)?;
        let work = cache.join(format!("{digest}.{UNFINISHED}"));
        let built = build(&work, progress).and_then(|()| {
            fs::rename(work.join("image"), &image.directory)
                .map_err(Error::file("create", &image.directory))
        });
        let removed = remove_build(&work);
        built.and(removed)?;
        Ok(image)
    }
}

/// Where the images are.
fn cache() -> Result<PathBuf, Error> {
    Ok(base_directory("XDG_CACHE_HOME", ".cache")?.join("slurmha/images"))
}

/// Ends the builds that were killed and removes what they left, unless somebody
/// builds an image now, or the cache is not there or not ours to change.
pub(crate) fn forget_unfinished(progress: &dyn Progress) -> Result<(), Error> {
    let Ok(cache) = cache() else { return Ok(()) };
    match lock(&cache.join("lock"), false) {
        Ok(Some(_held)) => clear(&cache, progress),
        Ok(None) | Err(_) => Ok(()),
    }
}

/// The same for who holds the lock: nobody else builds.
fn clear(cache: &Path, progress: &dyn Progress) -> Result<(), Error> {
    let unfinished = unfinished(cache)?;
    if unfinished.is_empty() && process::find(|arguments| is_build(cache, arguments)).is_empty() {
        return Ok(());
    }
    progress.step(None, "removing a build of the image that did not come to its end");
    end_builds(cache, CLEANUP_LIMIT)?;
    unfinished.iter().try_for_each(|work| remove_build(work))
}

/// The directories of builds that did not come to their end.
fn unfinished(cache: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(cache).map_err(Error::file("read", cache))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(paths.filter(|path| path.extension() == Some(OsStr::new(UNFINISHED))).collect())
}

/// Whether a process is part of a build: it has a file of one among its arguments.
fn is_build(cache: &Path, arguments: &[String]) -> bool {
    let (cache, inside) = (format!("{}/", cache.display()), format!(".{UNFINISHED}/"));
    arguments.iter().any(|argument| argument.starts_with(&cache) && argument.contains(&inside))
}

/// Ends what killed builds left running. mmdebstrap is asked first: killed, it
/// would leave a whole system, partly other users', where it has unpacked it.
fn end_builds(cache: &Path, patience: Duration) -> Result<(), Error> {
    let ours = |arguments: &[String]| is_build(cache, arguments);
    process::ask_to_end(ours, patience);
    process::find(ours).into_iter().try_for_each(|pid| {
        process::kill(pid, "an unfinished build of the image", ours, LEFTOVER_LIMIT)
    })
}

/// Waits until nobody else builds. The kernel would wait, too, but could not be
/// interrupted: another's build takes up to an hour.
fn take_turn(guard: &Path, progress: &dyn Progress) -> Result<File, Error> {
    let mut told = false;
    loop {
        if let Some(held) = lock(guard, false)? {
            return Ok(held);
        }
        if progress.cancelled() {
            return Err(Error::Interrupted);
        }
        if !told {
            progress.step(None, "another command is building the image, waiting for it");
            told = true;
        }
        thread::sleep(TURN);
    }
}

/// Builds the image in `work/image`.
fn build(work: &Path, progress: &dyn Progress) -> Result<(), Error> {
    let image = work.join("image");
    private_directory(&image)?;
    let tar = work.join("root.tar");
    download(work, &Bench::set_up(work)?, &tar, progress)?;
    progress.step(None, "writing the root file system");
    for file in ["kernel", "initrd"] {
        take_boot_file(&tar, file, &image.join(file), progress)?;
    }
    make_file_system(work, &tar, &image.join("root.img"), progress)
}

/// Where mmdebstrap works.
struct Bench {
    /// Where it finds the recipe.
    recipe: PathBuf,
    /// Where it unpacks the packages.
    scratch: PathBuf,
}

impl Bench {
    fn set_up(work: &Path) -> Result<Self, Error> {
        let recipe = if is_root() { work.join("recipe") } else { name_outside(work)? };
        make_directory(&recipe, 0o755)?;
        recipe::unpack(&recipe)?;
        let (scratch, mode) = if is_root() {
            (work.join("scratch"), 0o700)
        } else {
            // As mmdebstrap(1) wants its TMPDIR, for those as whom it works.
            (recipe.join("scratch"), 0o1777)
        };
        make_directory(&scratch, mode)?;
        Ok(Self { recipe, scratch })
    }
}

/// Without root, mmdebstrap works as other users, who cannot reach into a home
/// directory; /tmp then is the place for what they need. Its name is noted before
/// there is anything, so that no build can be killed and leave it unnamed.
fn name_outside(work: &Path) -> Result<PathBuf, Error> {
    let directory = std::env::temp_dir().join(format!("slurmha-image-{}", random_hex(8)?));
    write_file(&work.join(OUTSIDE), directory.as_os_str().as_bytes(), 0o600)?;
    Ok(directory)
}

/// Creates a directory of exactly that mode.
fn make_directory(path: &Path, mode: u32) -> Result<(), Error> {
    private_directory(path)?;
    let mode = PermissionsExt::from_mode(mode);
    fs::set_permissions(path, mode).map_err(Error::file("open up", path))
}

/// Runs mmdebstrap: the distribution's packages as one archive.
fn download(work: &Path, bench: &Bench, tar: &Path, progress: &dyn Progress) -> Result<(), Error> {
    let sources = match sources::of_host(Path::new("/etc/apt")) {
        Some(text) => {
            let path = work.join("host.sources");
            write_file(&path, text.as_bytes(), 0o644)?;
            Some(path)
        }
        None => None,
    };
    let from = if sources.is_some() { "this host's mirror" } else { "the distribution's mirror" };
    progress.step(None, &format!("building the image from {from} (once; a minute or a few)"));
    let mut command = mmdebstrap();
    command
        .args(recipe::mmdebstrap_arguments(is_root(), &bench.recipe, tar, sources.as_deref()))
        .env("TMPDIR", &bench.scratch)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/");
    program::run(&mut command, BUILD_LIMIT, progress).map(drop)
}

/// mmdebstrap, without its arguments. As root it mounts /proc and /dev below
/// its working directory: in a mount name space of its own, so that nothing
/// stays mounted on the host however it ends.
fn mmdebstrap() -> Command {
    if !is_root() {
        return program::command("mmdebstrap");
    }
    let mut command = program::command("unshare");
    command.args(["--mount", "--propagation=private", "--", "mmdebstrap"]);
    command
}

/// Copies the kernel or the initial file system out of the archive.
fn take_boot_file(tar: &Path, name: &str, to: &Path, progress: &dyn Progress) -> Result<(), Error> {
    let member = format!("./boot/slurmha-lab.{name}");
    let mut command = program::command("tar");
    command.arg("-xOf").arg(tar).arg(&member);
    let output = program::finish(&mut command, None, COPY_LIMIT, progress)?;
    if !output.status.success() {
        return Err(program::failure(&command, output.status, &output));
    }
    if output.stdout.is_empty() {
        return Err(Error::Image { what: member });
    }
    write_file(to, &output.stdout, 0o600)
}

/// Turns the archive into an ext4 file system without mounting anything.
fn make_file_system(
    work: &Path,
    tar: &Path,
    image: &Path,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let script = "set -e\n\
        PATH=$PATH:/usr/sbin:/sbin\n\
        mkdir \"$1/root\"\n\
        tar -xpf \"$2\" -C \"$1/root\" --numeric-owner --exclude='./dev/*'\n\
        mke2fs -q -t ext4 -E lazy_itable_init=1,discard -d \"$1/root\" \"$3\" \"$4\"\n";
    let mut command = as_root();
    command.args(["sh", "-c", script, "sh"]).arg(work).arg(tar).arg(image).arg(recipe::ROOT_SIZE);
    program::run(&mut command, COPY_LIMIT, progress).map(drop)
}

/// Removes a build's directory, and the one outside of the cache that it names.
fn remove_build(work: &Path) -> Result<(), Error> {
    if let Ok(name) = fs::read(work.join(OUTSIDE)) {
        remove_tree(Path::new(OsStr::from_bytes(&name)))?;
    }
    remove_tree(work)
}

/// Removes a directory of a build, which can hold files of other users when the
/// build runs without root.
fn remove_tree(path: &Path) -> Result<(), Error> {
    if !path.exists() {
        return Ok(());
    }
    let mut command = as_root();
    command.args(["rm", "-rf", "--one-file-system", "--"]).arg(path);
    // Also after Ctrl-C: nothing half-built stays.
    program::run(&mut command, COPY_LIMIT, &Silent).map(drop)
}

/// Runs what follows with every user id of a file system at hand: as root, or
/// as root of a user namespace.
fn as_root() -> Command {
    if is_root() {
        return program::command("env");
    }
    let mut command = program::command("unshare");
    command.args(["--map-auto", "--map-root-user", "--setuid=0", "--setgid=0", "--"]);
    command
}

/// Whether this process is root.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(test)]
#[path = "image/tests.rs"]
mod tests;
