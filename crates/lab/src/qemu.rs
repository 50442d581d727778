// SPDX-License-Identifier: Apache-2.0
//! QEMU's command line for one machine; pure.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::accel::Accelerator;
use crate::image::Image;
use crate::state::{Description, Paths};
use crate::topology::MachineSpec;

/// The program.
pub(crate) const PROGRAM: &str = "qemu-system-x86_64";
/// The address that QEMU's user-mode network gives its guest.
pub(crate) const MANAGEMENT_GUEST_ADDRESS: &str = "10.0.2.15";
/// Cache of translated code, in MiB; unbounded it grows to twice the guest's
/// memory.
const TRANSLATION_CACHE_MB: u32 = 256;
/// What an emulated machine is better without: copying 200 MB through a pipe takes 0.9 s
/// instead of 2.1 s, SHA-256 of 20 MB 0.9 s instead of 1.8 s; starting a program takes as
/// long as before. `erms` has libc and the kernel copy with one instruction that QEMU carries
/// out byte by byte. AVX, and `xsave` for its registers, is taken apart into more pieces than
/// SSE. `smap` ends a translated block before and after each copy from and to a program.
/// `la57`, five-level page tables, lengthens each walk.
const EMULATED_CPU: &str = "max,la57=off,erms=off,smap=off,avx=off,avx2=off,xsave=off";
/// Where the guest finds its identity archive; identity.sh names it too.
const IDENTITY_ITEM: &str = "opt/org.slurmha.lab/identity";

/// A network interface of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    /// `eth0`: ssh from the host.
    Management,
    /// `eth1`: the cluster network.
    Cluster,
    /// `eth2`: the replication network.
    Replication,
    /// Not the machine's own: its BMC's, on the cluster network.
    Bmc,
}

/// The hardware address of an interface of the machine of that number.
pub(crate) fn mac(machine: usize, interface: Interface) -> [u8; 6] {
    let [.., high, low] = machine.to_be_bytes();
    [0x52, 0x54, 0x00, interface as u8, high, low]
}

/// The name by which the monitor knows the device of a disk.
pub(crate) fn disk_device(disk: &str) -> String {
    format!("disk-{disk}")
}

/// A machine of a lab, ready to be started.
pub(crate) struct Launch<'a> {
    /// Where its files are.
    pub(crate) paths: &'a Paths,
    /// The lab that it belongs to.
    pub(crate) description: &'a Description,
    /// Its number in the topology.
    pub(crate) index: usize,
    /// A frozen memory to go on from.
    pub(crate) incoming: Option<PathBuf>,
}

/// The value of `-name`: it proves that a process is this very machine.
pub(crate) fn process_name(paths: &Paths, description: &Description, machine: &str) -> String {
    format!("slurmha-lab/{}/{machine}/{}", paths.name, description.id)
}

/// Whether these are the arguments of the QEMU of that `-name`.
pub(crate) fn is_process(arguments: &[String], name: &str) -> bool {
    let program = arguments.first().and_then(|path| path.rsplit('/').next());
    program == Some(PROGRAM)
        && arguments.windows(2).any(|pair| pair[0] == "-name" && pair[1] == name)
}

impl Launch<'_> {
    /// All arguments.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let machine = self.machine();
        let files = self.paths.machine(&machine.name);
        let image = Image { directory: self.description.image.clone() };
        let mut line = Line::default();
        line.add("-name", process_name(self.paths, self.description, &machine.name));
        line.add("-uuid", uuid(&self.machine_id()));
        line.add("-machine", "pc");
        let (accelerator, cpu) = match self.description.accelerator {
            Accelerator::Kvm => ("kvm".to_owned(), "host"),
            Accelerator::Tcg => {
                (format!("tcg,thread=multi,tb-size={TRANSLATION_CACHE_MB}"), EMULATED_CPU)
            }
        };
        line.add("-accel", accelerator);
        line.add("-cpu", cpu);
        // Controllers do several things at a time after a failure; with one
        // CPU in emulation they would only seem to stand in line.
        line.add("-smp", if machine.replication.is_some() { "2" } else { "1" });
        line.add("-m", machine.memory_mb.to_string());
        line.flag("-nodefaults");
        line.flag("-no-user-config");
        line.add("-display", "none");
        // After a thaw the guest reads the time that went by from this clock.
        line.add("-rtc", "base=utc,clock=host");
        line.add("-kernel", path(&image.kernel()));
        line.add("-initrd", path(&image.initrd()));
        line.add("-append", self.kernel_command_line());
        line.add("-chardev", format!("file,id=console,append=on,path={}", value(&files.console())));
        line.add("-serial", "chardev:console");
        let monitor = self.paths.monitor(self.index);
        line.add("-qmp", format!("unix:{},server=on,wait=off", value(&monitor)));
        line.add("-fw_cfg", format!("name={IDENTITY_ITEM},file={}", value(&files.identity())));
        self.add_disks(&mut line);
        self.add_networks(&mut line);
        if let Some(memory) = &self.incoming {
            line.flag("-S");
            let memory = crate::program::quote(&memory.to_string_lossy());
            line.add("-incoming", format!("exec:cat <{memory}"));
        }
        line.add("-pidfile", path(&files.pid()));
        line.flag("-daemonize");
        line.0
    }

    fn machine(&self) -> &MachineSpec {
        &self.description.topology.machines[self.index]
    }

    /// 32 hexadecimal digits, the same at every start of this machine.
    fn machine_id(&self) -> String {
        let text = format!("{}/{}", self.description.id, self.machine().name);
        Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    fn kernel_command_line(&self) -> String {
        let emulation = match self.description.accelerator {
            Accelerator::Kvm => "",
            // Not the TSC: its rate is measured once at boot, and a host that
            // stalls in that moment gives a clock that runs twice too fast
            // (seen: six minutes ahead after eight, munge refused everything).
            // No self-tests of the kernel's ciphers: one of them once never
            // came to its end on emulated processors (seen: "soft lockup,
            // cryptomgr_test", and a machine that did not boot).
            Accelerator::Tcg => " tsc=nowatchdog clocksource=hpet cryptomgr.notests",
        };
        // The kernel says only what is wrong; systemd says what it starts, so
        // that the console shows where a boot stands.
        format!(
            "root=/dev/vda rw console=ttyS0 quiet mitigations=off nokaslr{emulation} net.ifnames=0 \
             systemd.show_status=1 systemd.log_color=0 systemd.machine_id={} systemd.hostname={}",
            self.machine_id(),
            self.machine().name
        )
    }

    /// The root disk and the blank ones, in the order of their letters.
    fn add_disks(&self, line: &mut Line) {
        let machine = self.machine();
        let files = self.paths.machine(&machine.name);
        for name in ["root"].into_iter().chain(machine.disks.iter().map(|d| d.name.as_str())) {
            // What the guest has flushed reaches the host's page cache and so
            // survives a kill of QEMU, which is the power cut that counts
            // here; nothing protects a lab against a power cut of its host.
            line.add(
                "-drive",
                format!(
                    "if=none,id={name},file={},format=qcow2,cache=unsafe,discard=unmap",
                    value(&files.disk(name))
                ),
            );
            line.add(
                "-device",
                format!("virtio-blk-pci,id={},drive={name},serial={name}", disk_device(name)),
            );
        }
    }

    /// `eth0` to the host, the others to the lab's switch.
    fn add_networks(&self, line: &mut Line) {
        let ssh = self.description.ports[self.index].ssh;
        let management = format!(
            "user,id=management,restrict=on,ipv6=off,\
             hostfwd=tcp:127.0.0.1:{ssh}-{MANAGEMENT_GUEST_ADDRESS}:22"
        );
        self.add_interface(line, "management", Interface::Management, management);
        self.add_cable(line, "cluster", Interface::Cluster);
        if self.machine().replication.is_some() {
            self.add_cable(line, "replication", Interface::Replication);
        }
    }

    fn add_cable(&self, line: &mut Line, network: &str, interface: Interface) {
        let end = |letter| value(&self.paths.cable(self.index, network, letter));
        let netdev = format!(
            "dgram,id={network},local.type=unix,local.path={},remote.type=unix,remote.path={}",
            end('m'),
            end('s')
        );
        self.add_interface(line, network, interface, netdev);
    }

    fn add_interface(&self, line: &mut Line, id: &str, interface: Interface, netdev: String) {
        line.add("-netdev", netdev);
        let mac = crate::switch::packet::format_mac(mac(self.index, interface));
        // No boot ROM: the machine never boots from the network.
        line.add("-device", format!("virtio-net-pci,netdev={id},mac={mac},romfile="));
    }
}

/// A command line under construction.
#[derive(Default)]
struct Line(Vec<String>);

impl Line {
    fn flag(&mut self, flag: &str) {
        self.0.push(flag.to_owned());
    }

    fn add(&mut self, option: &str, value: impl Into<String>) {
        self.0.push(option.to_owned());
        self.0.push(value.into());
    }
}

/// A path as an argument of its own.
fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A path inside a list of key=value pairs, where QEMU wants commas doubled.
fn value(path: &Path) -> String {
    path.to_string_lossy().replace(',', ",,")
}

/// 32 hexadecimal digits as a UUID.
fn uuid(digits: &str) -> String {
    [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| &digits[from..to]).join("-")
}

#[cfg(test)]
#[path = "qemu/tests.rs"]
pub(crate) mod tests;
