// SPDX-License-Identifier: Apache-2.0
//! Fence devices: one for each controller, with proof, without secrets.

use super::roster::mentions;
use crate::site::diagnostic::Diagnostic;
use crate::site::fragment::Fragment;
use crate::site::fragments::{Controller, Fence, SiteFile, items};
use crate::site::model::{Accept, gives_proof};
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::secret::is_secret;
use crate::site::spanned::Spanned;
use crate::site::value::FenceOption;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let controllers = items(file.controller.as_ref());
    let accept = Accept::DataLossWithoutFencing;
    let accepted = file.cluster.as_ref().is_some_and(|c| c.accepted(accept).is_some());
    for controller in controllers {
        match &controller.fence {
            Some(fence) => check_fence(file, fence, accepted, report),
            None if accepted || !controller.lacks("fence") => {}
            None => report.push(missing_fence(controller)),
        }
    }
    if let [Some(first), Some(second)] =
        controllers.iter().map(|c| c.fence.as_ref()).collect::<Vec<_>>()[..]
    {
        check_shared(first, second, report);
    }
}

fn missing_fence(controller: &Spanned<Controller>) -> Diagnostic {
    let name = controller.name.as_ref().map_or("this controller", |name| name.0.as_str());
    Diagnostic::new(
        &rule::MISSING_FENCE,
        controller.span.clone(),
        format!(
            "{name} has no fence device: when the controllers lose sight of each other, both may \
             write, and one side's jobs are lost"
        ),
        "add its BMC below it:\n[controller.fence]\nagent = \"fence_ipmilan\"\naddress = \"...\"\n\
         user = \"admin\"\npassword_file = \"~/.config/slurmha/bmc_password\"\n\
         or write accept = [\"data-loss-without-fencing\"] in [cluster]",
    )
}

fn check_fence(file: &SiteFile, fence: &Fence, loss_accepted: bool, report: &mut Report) {
    check_agent(fence, loss_accepted, report);
    check_address(file, fence, report);
    for (name, option) in fence.options.iter().flat_map(|options| &options.0) {
        if let Some(diagnostic) = check_option(name, option) {
            report.push(diagnostic);
        }
    }
}

fn check_agent(fence: &Fence, loss_accepted: bool, report: &mut Report) {
    let Some(agent) = &fence.agent else { return };
    if !gives_proof(&agent.0) && !loss_accepted {
        report.push(Diagnostic::new(
            &rule::FENCE_WITHOUT_PROOF,
            agent.span.clone(),
            format!("{} reports success without switching anything off", agent.0),
            "use the agent of the machine's BMC or power switch, such as fence_ipmilan",
        ));
    }
}

fn check_address(file: &SiteFile, fence: &Fence, report: &mut Report) {
    let Some(address) = &fence.address else { return };
    if address.is_name() {
        report.push(Diagnostic::new(
            &rule::FENCE_ADDRESS_IS_A_NAME,
            address.span.clone(),
            format!("{} has to be looked up in DNS before a machine can be fenced", address.0),
            "write the device's IPv4 address",
        ));
        return;
    }
    let replication = items(file.controller.as_ref())
        .iter()
        .filter_map(|c| c.replication_address.as_ref().map(|a| (a.value, &a.span)));
    let vip = file.cluster.as_ref().and_then(|c| c.vip.as_ref()).map(|a| (a.value, &a.span));
    let mentions = mentions(file);
    let mut taken = mentions.iter().filter_map(|m| m.address).chain(replication).chain(vip);
    if let Some((_, span)) = taken.find(|(a, _)| a.to_string() == address.0) {
        report.push(
            Diagnostic::new(
                &rule::FENCE_ADDRESS_IS_A_MACHINE,
                address.span.clone(),
                format!("{} is an address of the cluster itself, not of a fence device", address.0),
                "write the address of the BMC or power switch: it has to answer when the machine is dead",
            )
            .related(span.clone(), "the same address"),
        );
    }
}

/// Parameters that slurmha sets from other keys, or decides about.
const OWNED: [(&str, &str); 11] = [
    ("action", "slurmha always fences with off, which is quicker than reboot and proves more"),
    ("ip", "write it as `address`"),
    ("ipaddr", "write it as `address`"),
    ("address", "write it as `address`, outside of options"),
    ("username", "write it as `user`"),
    ("login", "write it as `user`"),
    ("user", "write it as `user`, outside of options"),
    ("password_script", "name a file with `password_file`; slurmha makes the script"),
    ("passwd_script", "name a file with `password_file`; slurmha makes the script"),
    ("password_file", "write it as `password_file`, outside of options"),
    ("passwd_file", "write it as `password_file`, outside of options"),
];

fn check_option(name: &str, option: &FenceOption) -> Option<Diagnostic> {
    let lower = name.to_ascii_lowercase();
    if is_secret(name) {
        return Some(Diagnostic::new(
            &rule::SECRET_IN_FILE,
            option.key.clone(),
            format!(
                "`{name}` would put a secret into the site file, which is shared and kept in git"
            ),
            "write the password into a file of its own (mode 0600) and name it with `password_file`",
        ));
    }
    let owned = |help: &str| {
        let message = format!("slurmha sets `{name}` itself");
        Some(Diagnostic::new(&rule::FENCE_OPTION_OWNED, option.key.clone(), message, help))
    };
    if let Some((_, help)) = OWNED.iter().find(|(key, _)| *key == lower) {
        return owned(help);
    }
    if lower.starts_with("pcmk_") {
        return owned("remove it: which machine a device fences, and when, follows from the file");
    }
    if lower == "method" && option.value.value == "cycle" {
        return Some(Diagnostic::new(
            &rule::FENCE_WITHOUT_PROOF,
            option.value.span.clone(),
            "method = \"cycle\" gives no proof that the machine was off",
            "remove it, or write method = \"onoff\"",
        ));
    }
    None
}

/// One power switch for two machines is fine when each has its own plug.
fn check_shared(first: &Spanned<Fence>, second: &Spanned<Fence>, report: &mut Report) {
    let (Some(address), Some(other)) = (&second.address, &first.address) else { return };
    if address.0 == other.0 && outlet(first) == outlet(second) {
        report.push(
            Diagnostic::new(
                &rule::SHARED_FENCE_DEVICE,
                address.span.clone(),
                format!(
                    "both controllers are fenced through {} without telling them apart",
                    address.0
                ),
                "give each its own BMC, or its own outlet: options = { plug = \"1\" }",
            )
            .related(other.span.clone(), "the other controller's"),
        );
    }
}

/// What tells two machines apart on one fence device.
fn outlet(fence: &Fence) -> Vec<(&str, &str)> {
    const KEYS: [&str; 5] = ["plug", "port", "ipport", "systems_uri", "systems-uri"];
    let options = fence.options.iter().flat_map(|options| &options.0);
    options
        .filter(|(name, _)| KEYS.contains(&name.as_str()))
        .map(|(name, option)| (name.as_str(), option.value.value.as_str()))
        .collect::<Vec<(&str, &str)>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_cycle_is_no_proof() {
        let value = Spanned::new("cycle".to_owned(), 0..1);
        let found = check_option("method", &FenceOption { key: 0..1, value });
        assert_eq!(found.map(|d| d.code), Some("fence-without-proof"));
    }
}
