// SPDX-License-Identifier: Apache-2.0
//! cibadmin(8), crm_diff(8), crm_verify(8), crm_mon(8), crm_resource(8) of
//! Pacemaker 2.1.5. Exit codes: `crm_error --list --exit`.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::observe::{
    ClusterStatus, PeerRecord, Preference, parse_crm_mon_xml, parse_peer_record, parse_preferences,
    peer_query, preference_query,
};
use slurmha_core::watch::{REACH_ATTRIBUTE, REACHES, REACHES_NOBODY};
use slurmha_core::xml::Element;

use super::AskError;
use crate::command::{Command, CommandError};
use crate::system::System;

const TIMEOUT: Duration = Duration::from_secs(30);

/// The operation whose failures are counted: the daemons' monitor, by its
/// interval in milliseconds.
const MONITOR: &str = "monitor_10000";

/// `CRM_EX_NOSUCH`: nothing matches the XPath.
const NO_SUCH: i32 = 105;
/// `CRM_EX_OLD`: the patch was made against an older configuration.
const OLD: i32 = 103;
/// `CRM_EX_DIGEST`: the patch's result is not what its maker saw.
const DIGEST: i32 = 104;
/// `CRM_EX_CONFIG` (78) is not among them: that is a wrong patch.
const OUTDATED_PATCH: [i32; 2] = [OLD, DIGEST];

/// `crm_mon --output-as=xml --one-shot --inactive`.
pub fn status(system: &dyn System, timeout: Duration) -> Result<ClusterStatus, AskError> {
    let command = Command::new("crm_mon")
        .args(["--output-as=xml", "--one-shot", "--inactive"])
        .timeout(timeout);
    let output = system.run(&command)?;
    if output.stdout.trim_ascii().is_empty() {
        return Err(output.failure().into());
    }
    // The reason for a status other than 0 is in the document.
    Ok(parse_crm_mon_xml(&output.text())?)
}

/// `crmadmin --pacemakerd`: whether the parent of Pacemaker's daemons answers.
pub fn ping_parent(system: &dyn System, timeout: Duration) -> Result<(), CommandError> {
    let command = Command::new("crmadmin").arg("--pacemakerd").timeout(timeout);
    system.run(&command)?.success().map(|_| ())
}

/// The whole CIB, with its version attributes and status section.
pub fn query(system: &dyn System, timeout: Duration) -> Result<String, CommandError> {
    let command = Command::new("cibadmin").arg("--query").timeout(timeout);
    Ok(system.run(&command)?.success()?.text())
}

/// Whether the configuration has an element for this XPath.
pub fn has_element(system: &dyn System, xpath: &str) -> Result<bool, CommandError> {
    let command = Command::new("cibadmin").args(["--query", "--xpath", xpath]).timeout(TIMEOUT);
    let output = system.run(&command)?;
    match output.status() {
        Some(0) => Ok(true),
        Some(NO_SUCH) => Ok(false),
        _ => Err(output.failure()),
    }
}

/// What somebody has moved by hand, by this machine's copy of the configuration.
pub fn preferences(system: &dyn System, timeout: Duration) -> Result<Vec<Preference>, AskError> {
    let command = Command::new("cibadmin")
        .args(["--query", "--local", "--xpath", &preference_query()])
        .timeout(timeout);
    let output = system.run(&command)?;
    match output.status() {
        Some(NO_SUCH) => Ok(Vec::new()),
        _ => Ok(parse_preferences(&output.success()?.text())?),
    }
}

/// `crm_verify`: whether Pacemaker would accept this CIB. Its answer is in
/// the error.
pub fn verify(system: &dyn System, cib: &Path) -> Result<(), CommandError> {
    let command = Command::new("crm_verify").arg("-V").arg("--xml-file").arg(cib).timeout(TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// `crm_diff`: the patch from one CIB to another; `None` when they are equal.
/// Its exit status is 1 when they differ.
pub fn diff(
    system: &dyn System,
    original: &Path,
    new: &Path,
) -> Result<Option<String>, CommandError> {
    let command = Command::new("crm_diff")
        .arg("--original")
        .arg(original)
        .arg("--new")
        .arg(new)
        .arg("--cib")
        .timeout(TIMEOUT);
    let output = system.run(&command)?.one_of(&[0, 1])?;
    let patch = output.text();
    match (patch.trim().is_empty(), output.ok()) {
        (true, true) => Ok(None),
        (false, _) => Ok(Some(patch)),
        (true, false) => Err(output.failure()),
    }
}

/// Whether a patch was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patched {
    /// It is the configuration now.
    Yes,
    /// Somebody changed the CIB after the patch was made; nothing was done.
    Outdated,
}

/// `cibadmin --patch`: all of it or nothing. The patch carries the version
/// that it was made against and the digest of the result.
pub fn patch(system: &dyn System, patch: &Path) -> Result<Patched, CommandError> {
    let command = Command::new("cibadmin")
        .args(["--patch", "--sync-call", "--xml-file"])
        .arg(patch)
        .timeout(TIMEOUT);
    let output = system.run(&command)?;
    match output.status() {
        Some(0) => Ok(Patched::Yes),
        Some(status) if OUTDATED_PATCH.contains(&status) => Ok(Patched::Outdated),
        _ => Err(output.failure()),
    }
}

/// `crm_resource --fail`: Pacemaker treats a primitive that it has started on
/// a node as if its monitor had failed, at once. It needs root or hacluster
/// (`fail_lrm_resource`, controld_execd.c).
pub fn fail_resource(system: &dyn System, resource: &str, node: &str) -> Result<(), CommandError> {
    let command = Command::new("crm_resource")
        .args(["--fail", "--resource", resource, "--node", node])
        .timeout(TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// `crm_resource --wait`: returns when the scheduler has nothing left to do.
pub fn wait_until_settled(system: &dyn System) -> Result<(), CommandError> {
    let command = Command::new("crm_resource")
        .args(["--wait", "--timeout=20"])
        .timeout(Duration::from_secs(60));
    system.run(&command)?.success().map(|_| ())
}

/// `crm_resource --move --promoted`: a preference of the promotable clone for
/// a node, which ends by itself. An older one of that clone is replaced.
///
/// The lifetime is an ISO 8601 duration such as `PT10M`; the end is a date on
/// this machine's clock, which the DC compares with its own.
pub fn prefer_promoted(
    system: &dyn System,
    clone: &str,
    node: &str,
    lifetime: &str,
) -> Result<(), CommandError> {
    let command = Command::new("crm_resource")
        .args(["--move", "--promoted", "--resource", clone])
        .args(["--node", node, "--lifetime", lifetime])
        .timeout(TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// The same as an administrator types it: nothing ends it but somebody who
/// takes it away.
pub fn move_promoted(system: &dyn System, clone: &str, node: &str) -> Result<(), CommandError> {
    let command = Command::new("crm_resource")
        .args(["--move", "--promoted", "--resource", clone, "--node", node])
        .timeout(TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// This machine's copy of what the CIB says of a peer: no question to anybody
/// else, and a few lines of answer.
pub fn peer_record(
    system: &dyn System,
    peer: &str,
    timeout: Duration,
) -> Result<PeerRecord, AskError> {
    let command = Command::new("cibadmin")
        .args(["--query", "--local", "--no-children", "--xpath", &peer_query(peer)])
        .timeout(timeout);
    Ok(parse_peer_record(&system.run(&command)?.success()?.text())?)
}

/// Whether another member's own copy of the CIB has a location constraint.
/// Somebody who is not there does not answer, which is an error.
pub fn peer_has_constraint(
    system: &dyn System,
    peer: &str,
    id: &str,
    timeout: Duration,
) -> Result<bool, CommandError> {
    let xpath = format!("//rsc_location[@id='{id}']");
    let command = Command::new("cibadmin")
        .args(["--query", "--node", peer, "--no-children", "--xpath", &xpath])
        .timeout(timeout);
    let output = system.run(&command)?;
    match output.status() {
        Some(0) => Ok(true),
        Some(NO_SUCH) => Ok(false),
        _ => Err(output.failure()),
    }
}

/// Adds a location constraint to the configuration, or makes the one of that
/// id so.
pub fn set_constraint(
    system: &dyn System,
    constraint: &Element,
    timeout: Duration,
) -> Result<(), CommandError> {
    let command = Command::new("cibadmin")
        .args(["--modify", "--allow-create", "--scope", "constraints"])
        .args(["--xml-text", constraint.to_xml().trim_end()])
        .timeout(timeout);
    system.run(&command)?.success().map(|_| ())
}

/// Takes a location constraint out of the configuration; succeeds when it is
/// not there.
pub fn delete_constraint(
    system: &dyn System,
    id: &str,
    timeout: Duration,
) -> Result<(), CommandError> {
    let xpath = format!("//rsc_location[@id='{id}']");
    let command = Command::new("cibadmin").args(["--delete", "--xpath", &xpath]).timeout(timeout);
    system.run(&command)?.success().map(|_| ())
}

/// `crm_attribute`: sets a node aside until it is taken back, or takes it
/// back; succeeds when it is so already. The same attribute as that of `pcs
/// node standby` and `unstandby` (crm_standby(8) of 2.1.5 calls this).
pub fn set_standby(system: &dyn System, node: &str, aside: bool) -> Result<(), CommandError> {
    let command = Command::new("crm_attribute")
        .args(["--node", node, "--name", "standby", "--lifetime", "forever"])
        .timeout(TIMEOUT);
    let command = if aside { command.args(["--update", "on"]) } else { command.arg("--delete") };
    system.run(&command)?.success().map(|_| ())
}

/// `attrd_updater`: this node's promotion score for a resource, until the
/// node leaves; `None` takes it away. The attribute's name is Pacemaker's own
/// (lib/common/attrs.c of 2.1, `pcmk_promotion_score_name`).
pub fn set_promotion_score(
    system: &dyn System,
    resource: &str,
    score: Option<u32>,
    timeout: Duration,
) -> Result<(), CommandError> {
    let command = Command::new("attrd_updater").args(["--name", &format!("master-{resource}")]);
    let command = match score {
        Some(score) => command.args(["--update", &score.to_string()]),
        None => command.arg("--delete"),
    };
    system.run(&command.timeout(timeout))?.success().map(|_| ())
}

/// `attrd_updater`: whether this node reaches anybody in the cluster network,
/// until the node leaves. Pacemaker acts on it after that delay, together with
/// what the other node has said until then (pacemaker-attrd: dampening).
pub fn set_reach(system: &dyn System, reaches: bool, delay: Duration) -> Result<(), CommandError> {
    let value = if reaches { REACHES } else { REACHES_NOBODY };
    let command = Command::new("attrd_updater")
        .args(["--name", REACH_ATTRIBUTE, "--update-both", value])
        .args(["--delay", &format!("{}s", delay.as_secs())])
        .timeout(TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// `attrd_updater`: counts a failure that needs no recovery any more, as
/// Pacemaker itself counts one that is reported to it, which is twice (pacemaker-controld
/// of 2.1, controld_te_events.c, `update_failcount`). `+=` is the attribute
/// manager's own.
pub fn count_failure(
    system: &dyn System,
    resource: &str,
    at: Timestamp,
) -> Result<(), CommandError> {
    for (attribute, value) in
        [("last-failure", at.as_second().to_string()), ("fail-count", "value+=2".to_owned())]
    {
        let name = format!("{attribute}-{resource}#{MONITOR}");
        let command = Command::new("attrd_updater")
            .args(["--name", &name, "--update", &value])
            .timeout(TIMEOUT);
        system.run(&command)?.success()?;
    }
    Ok(())
}
