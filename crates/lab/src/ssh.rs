// SPDX-License-Identifier: Apache-2.0
//! Keys, known hosts and the configuration with which `ssh ctl1` works.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::error::Error;
use crate::identity::HostKey;
use crate::program;
use crate::progress::{Progress, Silent};
use crate::state::{Paths, Ports, private_directory, write_file};
use crate::topology::Topology;

/// Making a key takes milliseconds.
const KEYGEN_LIMIT: Duration = Duration::from_secs(30);

/// Makes the key that opens every machine of the lab; returns its public half.
pub(crate) fn make_user_key(paths: &Paths) -> Result<String, Error> {
    let file = paths.ssh().join("id_ed25519");
    make_key(&file, &format!("slurmha-lab-{}", paths.name))?;
    let public = file.with_extension("pub");
    fs::read_to_string(&public).map_err(Error::file("read", &public))
}

/// Makes one machine's host key.
pub(crate) fn make_host_key(paths: &Paths, machine: &str) -> Result<HostKey, Error> {
    let directory = paths.ssh().join("hosts");
    private_directory(&directory)?;
    let file = directory.join(machine);
    make_key(&file, machine)?;
    let read = |path: &Path| fs::read(path).map_err(Error::file("read", path));
    let mut public = file.clone().into_os_string();
    public.push(".pub");
    Ok(HostKey { private: read(&file)?, public: read(Path::new(&public))? })
}

/// An ed25519 key without a passphrase, replacing one that is there.
fn make_key(file: &Path, comment: &str) -> Result<(), Error> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::file("replace", file)(error));
        }
        _ => {}
    }
    let mut command = program::command("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f"]).arg(file);
    program::run(&mut command, KEYGEN_LIMIT, &Silent).map(drop)
}

/// The lines of `known_hosts`, under the machines' names.
pub(crate) fn render_known_hosts(keys: &[(String, HostKey)]) -> String {
    keys.iter()
        .map(|(machine, key)| {
            format!("{machine} {}\n", String::from_utf8_lossy(&key.public).trim())
        })
        .collect()
}

/// The ssh configuration of a lab.
pub(crate) fn render_config(paths: &Paths, topology: &Topology, ports: &[Ports]) -> String {
    let mut text =
        format!("# Machines of the slurmha lab {:?}; removed by `slurmha lab down`.\n", paths.name);
    for (machine, ports) in topology.machines.iter().zip(ports) {
        text.push_str(&format!(
            "\nHost {name}\n    HostName 127.0.0.1\n    Port {port}\n    HostKeyAlias {name}\n",
            name = machine.name,
            port = ports.ssh
        ));
    }
    let names: Vec<&str> = topology.machines.iter().map(|m| m.name.as_str()).collect();
    let file = |name: &str| format!("\"{}\"", paths.ssh().join(name).display());
    text.push_str(&format!(
        "\nHost {}\n    User root\n    IdentityFile {}\n    IdentitiesOnly yes\n    \
         UserKnownHostsFile {}\n    GlobalKnownHostsFile /dev/null\n    StrictHostKeyChecking yes\n    \
         UpdateHostKeys no\n    PreferredAuthentications publickey\n    GSSAPIAuthentication no\n    \
         ConnectTimeout 30\n    LogLevel ERROR\n",
        names.join(" "),
        file("id_ed25519"),
        file("known_hosts"),
    ));
    text
}

/// Writes the known hosts.
pub(crate) fn write_known_hosts(paths: &Paths, keys: &[(String, HostKey)]) -> Result<(), Error> {
    let known = render_known_hosts(keys);
    write_file(&paths.ssh().join("known_hosts"), known.as_bytes(), 0o600)
}

/// Writes the configuration.
pub(crate) fn write_config(
    paths: &Paths,
    topology: &Topology,
    ports: &[Ports],
) -> Result<(), Error> {
    write_file(&paths.ssh_config(), render_config(paths, topology, ports).as_bytes(), 0o600)
}

/// `ssh` to a machine of the lab, without the command to run there.
pub(crate) fn command(paths: &Paths, machine: &str) -> Command {
    let mut command = program::command("ssh");
    command.arg("-F").arg(paths.ssh_config()).arg(machine);
    command
}

/// Runs a shell command on a machine without any dialogue.
pub(crate) fn run(
    paths: &Paths,
    machine: &str,
    remote: &str,
    input: Option<&[u8]>,
    limit: Duration,
    progress: &dyn Progress,
) -> Result<Output, Error> {
    let mut command = program::command("ssh");
    command
        .args(["-o", "BatchMode=yes"])
        .arg("-F")
        .arg(paths.ssh_config())
        .arg(machine)
        .arg(remote);
    let output = program::finish(&mut command, input, limit, progress)?;
    if !output.status.success() {
        return Err(program::failure(&command, output.status, &output));
    }
    Ok(output)
}

/// Whether a machine's sshd greets. QEMU accepts connections in the guest's
/// name from the beginning, so only the greeting proves something.
pub(crate) fn greets(port: u16, limit: Duration) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, limit) else { return false };
    let mut greeting = [0; 4];
    stream.set_read_timeout(Some(limit)).is_ok()
        && stream.read_exact(&mut greeting).is_ok()
        && &greeting == b"SSH-"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::tests::example;

    #[test]
    fn the_configuration_is_strict_about_host_keys() {
        let paths = Paths::at(Path::new("/lab/t")).unwrap();
        let topology = example();
        let ports: Vec<Ports> = (0..topology.machines.len() as u16)
            .map(|n| Ports { ssh: 4000 + n, bmc: 5000 + n })
            .collect();
        insta::assert_snapshot!(render_config(&paths, &topology, &ports));
    }

    #[test]
    fn known_hosts_go_by_name() {
        let key = HostKey { private: Vec::new(), public: b"ssh-ed25519 AAAA ctl1\n".to_vec() };
        assert_eq!(render_known_hosts(&[("ctl1".into(), key)]), "ctl1 ssh-ed25519 AAAA ctl1\n");
    }
}
