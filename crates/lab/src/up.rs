// SPDX-License-Identifier: Apache-2.0
//! `lab up`: from a topology to machines that answer.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::accel::Accelerator;
use crate::error::Error;
use crate::identity::{HostKey, render_identity};
use crate::image::Image;
use crate::lab::{Lab, in_parallel};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::state::{Description, Paths, private_directory, random_hex, write_file};
use crate::topology::Topology;
use crate::{bmc, down, freeze, link, ports, program, ssh};

/// How long a machine may take to boot; in software emulation on a busy host
/// one takes a minute or two.
const BOOT_LIMIT: Duration = Duration::from_secs(300);
/// How long hardware virtualisation may take before it is given up.
const KVM_LIMIT: Duration = Duration::from_secs(60);

/// Makes the lab of that name run: builds it, thaws it, or starts what is
/// missing and lets go on what stands still. Machines keep running afterwards, until [`down::down`].
pub fn up(name: &str, topology: &Topology, progress: &dyn Progress) -> Result<Lab, Error> {
    program::require()?;
    let paths = Paths::of(name)?;
    paths.create()?;
    let _held = paths.acquire()?;
    let description = match Description::load(&paths)? {
        Some(description) => match description.topology.difference(topology) {
            None => description,
            Some(difference) => return Err(Error::OtherSite { name: name.to_owned(), difference }),
        },
        None => create(&paths, topology, progress).inspect_err(|_| {
            // Nothing runs yet, so nothing is worth keeping.
            let _ = down::remove(&paths);
        })?,
    };
    let mut lab = Lab { paths, description };
    install_helper(&lab.paths)?;
    lab.paths.create_sockets()?;
    let frozen = lab.description.is_frozen;
    let done = if frozen { freeze::thaw(&mut lab, progress) } else { start(&mut lab, progress) };
    if let Err(Error::Interrupted) = done
        && !lab.description.complete
    {
        progress.step(None, "interrupted: removing the unfinished lab");
        down::remove(&lab.paths)?;
    }
    done.map(|()| lab)
}

/// Everything that a lab needs before its first process starts.
fn create(
    paths: &Paths,
    topology: &Topology,
    progress: &dyn Progress,
) -> Result<Description, Error> {
    let image = Image::ensure(progress)?;
    let accelerator = Accelerator::detect();
    progress.step(None, &format!("the machines run in {}", accelerator.describe()));
    let description = Description {
        id: random_hex(16)?,
        topology: topology.clone(),
        image: image.directory,
        accelerator,
        ports: ports::choose(paths, topology.machines.len())?,
        complete: false,
        frozen: None,
        is_frozen: false,
    };
    bmc::write_password(paths)?;
    let authorized = ssh::make_user_key(paths)?;
    let mut keys: Vec<(String, HostKey)> = Vec::new();
    for (index, spec) in topology.machines.iter().enumerate() {
        let machine = Machine::new(paths, &description, index);
        machine.create_disks()?;
        let key = ssh::make_host_key(paths, &spec.name)?;
        let identity = render_identity(topology, spec, &key, &authorized)?;
        write_file(&machine.files().identity(), &identity, 0o600)?;
        keys.push((spec.name.clone(), key));
    }
    ssh::write_known_hosts(paths, &keys)?;
    ssh::write_config(paths, topology, &description.ports)?;
    description.save(paths)?;
    Ok(description)
}

/// Starts whatever does not run, and waits for the machines.
fn start(lab: &mut Lab, progress: &dyn Progress) -> Result<(), Error> {
    ports::renew(lab, progress)?;
    link::start(&lab.paths)?;
    for index in 0..lab.description.topology.machines.len() {
        bmc::start(&lab.paths, &lab.description, index)?;
    }
    match (boot(lab, progress), lab.description.accelerator) {
        (
            Err(
                Error::Boot { .. }
                | Error::Died { .. }
                | Error::Program { .. }
                | Error::StandsStill { .. },
            ),
            Accelerator::Kvm,
        ) if !lab.description.complete => {
            emulate_instead(lab, progress)?;
            boot(lab, progress)?;
        }
        (result, _) => result?,
    }
    lab.description.complete = true;
    lab.description.save(&lab.paths)
}

/// Hardware virtualisation that opens but does not work is left alone.
fn emulate_instead(lab: &mut Lab, progress: &dyn Progress) -> Result<(), Error> {
    progress
        .step(None, "hardware virtualisation does not work here; going on in software emulation");
    lab.description.accelerator = Accelerator::Tcg;
    lab.description.save(&lab.paths)?;
    for machine in Machine::all(&lab.paths, &lab.description) {
        machine.power_off()?;
        machine.create_root_disk()?;
    }
    Ok(())
}

/// Switches the machines on and waits until each answers a login.
fn boot(lab: &Lab, progress: &dyn Progress) -> Result<(), Error> {
    let limit = match lab.description.accelerator {
        Accelerator::Kvm if !lab.description.complete => KVM_LIMIT,
        _ => BOOT_LIMIT,
    };
    in_parallel(&Machine::all(&lab.paths, &lab.description), |machine| {
        if machine.is_on() {
            machine.go_on(progress)?;
        } else {
            progress.step(Some(machine.name()), "switched on");
            machine.power_on()?;
        }
        machine.wait_for_ssh(limit, progress)?;
        progress.step(Some(machine.name()), "up");
        Ok(())
    })
}

/// The lab's own copy of the running program, for the switch and the power
/// buttons; refreshed only when it differs, because it may be in use.
fn install_helper(paths: &Paths) -> Result<(), Error> {
    let helper = paths.helper();
    let this = Path::new("/proc/self/exe");
    let read = |path: &Path| fs::read(path).map_err(Error::file("read", path));
    let current = read(this)?;
    if fs::read(&helper).is_ok_and(|installed| installed == current) {
        return Ok(());
    }
    private_directory(&paths.state.join("bin"))?;
    write_file(&helper, &current, 0o700)
}
