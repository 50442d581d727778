// SPDX-License-Identifier: Apache-2.0
//! Where to ask, from the slurm.conf that the clients use.

use std::net::Ipv4Addr;

/// The address in the first `SlurmctldHost=ctl1,ctl2(ADDRESS)`; Slurm's keys
/// are not case-sensitive.
pub fn controller_address(slurm_conf: &str) -> Option<Ipv4Addr> {
    slurm_conf.lines().find_map(|line| {
        let (key, value) = line.split('#').next()?.split_once('=')?;
        if !key.trim().eq_ignore_ascii_case("SlurmctldHost") {
            return None;
        }
        let (_, address) = value.trim().strip_suffix(')')?.rsplit_once('(')?;
        address.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{render, site};

    #[test]
    fn the_address_is_that_of_the_file_that_slurmha_writes() {
        let text = include_str!("../../../../examples/lab/site.toml");
        let site = site::parse("site.toml", text).expect("a valid site").0;
        let files = render::slurm::render(&site);
        let slurm_conf = files.iter().find(|file| file.path.ends_with("slurm.conf")).unwrap();
        assert_eq!(controller_address(&slurm_conf.text), Some(site.vip));
    }

    #[test]
    fn other_lines_name_no_address() {
        for text in ["", "#SlurmctldHost=a(10.0.0.1)", "SlurmctldHost=a", "SlurmctldHost=a(b)"] {
            assert_eq!(controller_address(text), None, "{text:?}");
        }
        let text = "ClusterName=x\nslurmctldhost = a,b(10.0.0.1)  # the VIP\n";
        assert_eq!(controller_address(text), Some(Ipv4Addr::new(10, 0, 0, 1)));
    }
}
