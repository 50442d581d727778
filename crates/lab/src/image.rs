// SPDX-License-Identifier: Apache-2.0
//! The machines' image: built once, kept outside of every lab.

use std::fs::{self, File};
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
/// How long a killed build may take to go.
const LEFTOVER_LIMIT: Duration = Duration::from_secs(30);

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
        let cache = base_directory("XDG_CACHE_HOME", ".cache")?.join("slurmha/images");
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
        let work = cache.join(format!("{digest}.building"));
        end_leftover(&work)?;
        remove_tree(&work)?;
        let built = build(&work, progress).and_then(|()| {
            fs::rename(work.join("image"), &image.directory)
                .map_err(Error::file("create", &image.directory))
        });
        let removed = remove_tree(&work);
        built.and(removed)?;
        Ok(image)
    }
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
    let scripts = Scripts::unpack(work)?;
    let downloaded = download(work, &scripts, &tar, progress);
    scripts.remove()?;
    downloaded?;
    progress.step(None, "writing the root file system");
    for file in ["kernel", "initrd"] {
        take_boot_file(&tar, file, &image.join(file), progress)?;
    }
    make_file_system(work, &tar, &image.join("root.img"), progress)
}

/// Where mmdebstrap finds the recipe and puts what it unpacks.
struct Scripts(PathBuf);

impl Scripts {
    /// Without root, mmdebstrap works as other users, who cannot reach into a
    /// home directory; /tmp then is the place for what they need.
    fn unpack(work: &Path) -> Result<Self, Error> {
        let directory = if is_root() {
            work.join("recipe")
        } else {
            std::env::temp_dir().join(format!("slurmha-recipe-{}", random_hex(8)?))
        };
        private_directory(&directory)?;
        let open = PermissionsExt::from_mode(0o755);
        fs::set_permissions(&directory, open).map_err(Error::file("open up", &directory))?;
        recipe::unpack(&directory)?;
        Ok(Self(directory))
    }

    fn remove(self) -> Result<(), Error> {
        fs::remove_dir_all(&self.0).map_err(Error::file("remove", &self.0))
    }
}

/// Runs mmdebstrap: the distribution's packages as one archive.
fn download(
    work: &Path,
    scripts: &Scripts,
    tar: &Path,
    progress: &dyn Progress,
) -> Result<(), Error> {
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
    let mut command = mmdebstrap(work)?;
    command
        .args(recipe::mmdebstrap_arguments(is_root(), &scripts.0, tar, sources.as_deref()))
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/");
    program::run(&mut command, BUILD_LIMIT, progress).map(drop)
}

/// mmdebstrap, without its arguments. As root it mounts /proc and /dev below
/// its working directory: in a mount name space of its own, so that nothing
/// stays mounted on the host however it ends.
fn mmdebstrap(work: &Path) -> Result<Command, Error> {
    if !is_root() {
        return Ok(program::command("mmdebstrap"));
    }
    let scratch = work.join("scratch");
    private_directory(&scratch)?;
    let mut command = program::command("unshare");
    command.args(["--mount", "--propagation=private", "--", "mmdebstrap"]);
    command.env("TMPDIR", scratch);
    Ok(command)
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

/// Ends what a killed build left running; whoever holds the lock is the only
/// one who builds.
fn end_leftover(work: &Path) -> Result<(), Error> {
    let inside = format!("{}/", work.display());
    let ours =
        |arguments: &[String]| arguments.iter().any(|argument| argument.starts_with(&inside));
    for pid in process::find(ours) {
        process::kill(pid, "an unfinished build of the image", ours, LEFTOVER_LIMIT)?;
    }
    Ok(())
}

/// Removes a build directory, which can hold files of other users when the
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
