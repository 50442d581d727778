// SPDX-License-Identifier: Apache-2.0
//! Hardware virtualisation or software emulation.

use std::fs::{self, File};

use serde::{Deserialize, Serialize};

/// How QEMU executes the machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accelerator {
    /// Hardware virtualisation.
    Kvm,
    /// Software emulation, some ten times slower.
    Tcg,
}

impl Accelerator {
    /// What this host offers.
    pub fn detect() -> Self {
        let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let opens = File::options().read(true).write(true).open("/dev/kvm").is_ok();
        if opens && has_virtualisation(&flags) { Self::Kvm } else { Self::Tcg }
    }

    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Kvm => "hardware virtualisation",
            Self::Tcg => "software emulation",
        }
    }
}

/// Whether the processor has the instructions: /dev/kvm can open without them.
fn has_virtualisation(cpuinfo: &str) -> bool {
    cpuinfo
        .lines()
        .filter(|line| line.starts_with("flags"))
        .any(|line| line.split_whitespace().any(|flag| flag == "svm" || flag == "vmx"))
}

#[cfg(test)]
mod tests {
    use super::has_virtualisation;

    #[test]
    fn the_flags_decide() {
        assert!(has_virtualisation("processor\t: 0\nflags\t\t: fpu vme vmx sse\n"));
        assert!(has_virtualisation("flags\t\t: fpu svm\n"));
        assert!(!has_virtualisation("flags\t\t: fpu svm_lock hypervisor\nbugs\t\t: vmx\n"));
        assert!(!has_virtualisation(""));
    }
}
