// SPDX-License-Identifier: Apache-2.0
//! Ports of the host's loopback. A lab keeps its own from the beginning to the end,
//! although nobody holds them while its machines are off or frozen.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::{fs, io};

use crate::error::Error;
use crate::lab::Lab;
use crate::machine::Machine;
use crate::progress::Progress;
use crate::state::{Description, Paths, Ports};
use crate::{bmc, link, ssh};

/// Ports for that many machines: nobody uses them, and no other lab counts on them.
pub(crate) fn choose(paths: &Paths, count: usize) -> Result<Vec<Ports>, Error> {
    free(count, &of_others(paths))
}

/// Takes others for those that somebody has taken meanwhile.
pub(crate) fn renew(lab: &mut Lab, progress: &dyn Progress) -> Result<(), Error> {
    let before = &lab.description.ports;
    let ports = renewed(&lab.paths, &lab.description, progress)?;
    if ports.iter().zip(before).any(|(now, before)| now.bmc != before.bmc) {
        // It has read where the BMCs are, and reads it again when it is started.
        link::end(&lab.paths)?;
    }
    if ports != *before {
        lab.description.ports = ports;
        lab.description.save(&lab.paths)?;
    }
    ssh::write_config(&lab.paths, &lab.description.topology, &lab.description.ports)
}

/// The lab's ports, with others in place of those that are taken.
fn renewed(
    paths: &Paths,
    description: &Description,
    progress: &dyn Progress,
) -> Result<Vec<Ports>, Error> {
    let mut ports = description.ports.clone();
    let mut known = of_others(paths);
    known.extend(numbers(&ports));
    let others = free(ports.len(), &known)?;
    for (index, machine) in Machine::all(paths, description).iter().enumerate() {
        let (now, other) = (&mut ports[index], others[index]);
        let tell = |what: &str, taken: u16, other: u16| {
            let text = format!("another program has port {taken}, {what} is at {other} now");
            progress.step(Some(machine.name()), &text);
        };
        // Looked for afterwards: one that has been started meanwhile has the port itself.
        if is_ssh_taken(now.ssh) && !machine.is_on() {
            tell("its ssh", now.ssh, other.ssh);
            now.ssh = other.ssh;
        }
        if is_bmc_taken(now.bmc) && bmc::find(paths, description, index).is_none() {
            tell("its BMC", now.bmc, other.bmc);
            now.bmc = other.bmc;
        }
    }
    Ok(ports)
}

/// Whether somebody has that port for a machine's ssh.
pub(crate) fn is_ssh_taken(port: u16) -> bool {
    is_taken(bind_tcp(port))
}

/// Whether somebody has that port for a BMC.
pub(crate) fn is_bmc_taken(port: u16) -> bool {
    is_taken(bind_udp(port))
}

fn is_taken<T>(bound: io::Result<T>) -> bool {
    bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// Free ports for that many machines.
fn free(count: usize, except: &BTreeSet<u16>) -> Result<Vec<Ports>, Error> {
    // All are held until the last is found, so that none is found twice.
    let (mut tcp, mut udp) = (Vec::new(), Vec::new());
    (0..count)
        .map(|_| {
            let ssh = another(|| bind_tcp(0), &mut tcp, except)?;
            let bmc = another(|| bind_udp(0), &mut udp, except)?;
            Ok(Ports { ssh, bmc })
        })
        .collect()
}

/// One more free port; what is bound to it, and to those that it must not be, is held.
fn another<S>(
    mut bind: impl FnMut() -> io::Result<(S, u16)>,
    held: &mut Vec<S>,
    except: &BTreeSet<u16>,
) -> Result<u16, Error> {
    loop {
        let (socket, port) = bind().map_err(Error::system("find a free port"))?;
        held.push(socket);
        if !except.contains(&port) {
            return Ok(port);
        }
    }
}

fn bind_tcp(port: u16) -> io::Result<(TcpListener, u16)> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let port = socket.local_addr()?.port();
    Ok((socket, port))
}

fn bind_udp(port: u16) -> io::Result<(UdpSocket, u16)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    let port = socket.local_addr()?.port();
    Ok((socket, port))
}

/// The ports of the labs beside this one, whether they are on, off or frozen. A lab
/// that cannot be read cannot be started either.
fn of_others(paths: &Paths) -> BTreeSet<u16> {
    let Some(Ok(labs)) = paths.state.parent().map(fs::read_dir) else { return BTreeSet::new() };
    labs.filter_map(|entry| Paths::at(&entry.ok()?.path()).ok())
        .filter(|other| other.state != paths.state)
        .filter_map(|other| Description::load(&other).ok()?)
        .flat_map(|description| numbers(&description.ports))
        .collect()
}

fn numbers(ports: &[Ports]) -> Vec<u16> {
    ports.iter().flat_map(|ports| [ports.ssh, ports.bmc]).collect()
}

#[cfg(test)]
#[path = "ports/tests.rs"]
mod tests;
