// SPDX-License-Identifier: Apache-2.0
//! Pacemaker's configuration: what runs with what, and in which order.
//!
//! ```text
//! DRBD promoted -> { state volume | database volume | VIP }   in parallel
//!   state volume    -> slurmctld        answers once the VIP is there, too
//!   database volume -> MariaDB -> slurmdbd                      beside it
//! ```
//!
//! There is no resource group: a group makes everything wait in one line.

mod fencing;
mod parts;

use crate::layout;
use crate::promotion;
use crate::site::Site;
use crate::watch::{REACH_ATTRIBUTE, REACHES_NOBODY};
use crate::xml::Element;
pub(crate) use fencing::fence_target;
pub use fencing::{device_id, password_script};
pub(crate) use parts::{ban, property, set};
use parts::{colocate, order, order_stop, primitive};

/// Ids of the resources, which status, drills and documentation use too.
pub mod id {
    /// The DRBD primitive.
    pub const DRBD: &str = "drbd";
    /// Its promotable clone.
    pub const DRBD_CLONE: &str = "drbd-clone";
    /// The state volume's mount.
    pub const STATE: &str = "state";
    /// The database volume's mount.
    pub const DATABASE: &str = "database";
    /// The virtual address.
    pub const VIP: &str = "vip";
    /// The scheduler.
    pub const SLURMCTLD: &str = "slurmctld";
    /// The accounting daemon.
    pub const SLURMDBD: &str = "slurmdbd";
    /// The accounting database.
    pub const MARIADB: &str = "mariadb";
}

/// Resources that run on the active controller only.
pub const ACTIVE_RESOURCES: [&str; 6] =
    [id::STATE, id::DATABASE, id::VIP, id::SLURMCTLD, id::MARIADB, id::SLURMDBD];

/// Ids of elements that earlier versions made and that are to go.
pub const RETIRED: [&str; 1] = [
    // slurmctld waited for the VIP.
    "vip-then-slurmctld",
];

/// The wanted `<configuration>`, without nodes and status, which belong to
/// the cluster.
pub fn render(site: &Site) -> Element {
    Element::new("configuration")
        .child(Element::new("crm_config").child(properties(site)))
        .child(resources(site))
        .child(constraints(site))
        .child(Element::new("rsc_defaults").child(set(
            "meta_attributes",
            "rsc-defaults",
            &[
                // After a failover the machine that came back does not take
                // the scheduler away again: that would be a second outage.
                ("resource-stickiness", "1000"),
                // What its monitor has found failed twice within a minute and
                // fails once more moves.
                ("migration-threshold", "3"),
                ("failure-timeout", "60s"),
            ],
        )))
}

fn properties(site: &Site) -> Element {
    Element::new("cluster_property_set").with("id", "cib-bootstrap-options").children(
        [
            ("stonith-enabled", if site.is_fenced() { "true" } else { "false" }),
            // A machine that was cut off stays off: "reboot" would add the
            // power-on to the outage and bring back a machine that may be
            // broken, in the middle of the takeover.
            ("stonith-action", "off"),
            ("stonith-timeout", "60s"),
            ("no-quorum-policy", "stop"),
            // A failed start counts like any other failure (below); the
            // default would ban the resource from this node at once, and
            // with one node left that means a minute without it.
            ("start-failure-is-fatal", "false"),
            // Pacemaker slows itself down when the load average is high: one
            // action at a time in the whole cluster (controld_throttle.c).
            // Right after a failure the load is always high, and the parallel
            // branches then take their turns: measured, a mount, the VIP and
            // MariaDB stood in line for 80 s. 0 % turns that off.
            ("load-threshold", "0%"),
            ("node-action-limit", "8"),
            ("cluster-recheck-interval", "60s"),
        ]
        .map(|(name, value)| property("cib-bootstrap-options", name, value)),
    )
}

fn resources(site: &Site) -> Element {
    let mut resources = Element::new("resources")
        .child(drbd())
        .child(volume(
            id::STATE,
            layout::STATE_DEVICE,
            layout::STATE_MOUNT,
            layout::STATE_MOUNT_OPTIONS,
        ))
        .child(volume(
            id::DATABASE,
            layout::DATABASE_DEVICE,
            layout::DATABASE_MOUNT,
            layout::DATABASE_MOUNT_OPTIONS,
        ))
        .child(vip(site))
        .child(daemon(id::MARIADB, "120s", "120s"))
        .child(daemon(id::SLURMDBD, "120s", "120s"))
        .child(daemon(id::SLURMCTLD, "120s", "120s"));
    resources.children.extend(fencing::devices(site));
    resources
}

fn drbd() -> Element {
    let primitive = primitive(id::DRBD, "ocf", Some("slurmha"), "drbd")
        .child(set("instance_attributes", id::DRBD, &[("drbd_resource", layout::DRBD_RESOURCE)]))
        .child(parts::operations(
            id::DRBD,
            &[
                parts::op("start", "0s", "240s"),
                parts::op("promote", "0s", "90s"),
                parts::op("demote", "0s", "90s"),
                parts::op("stop", "0s", "100s"),
                // A machine that is short of CPU time for half a minute must
                // not be taken for one whose DRBD has failed: measured, that
                // costs more than all it could save.
                parts::op_in_role("monitor", "20s", "60s", "Promoted"),
                parts::op_in_role("monitor", "30s", "60s", "Unpromoted"),
            ],
        ));
    Element::new("clone").with("id", id::DRBD_CLONE).child(primitive).child(set(
        "meta_attributes",
        id::DRBD_CLONE,
        &[
            ("promotable", "true"),
            ("promoted-max", "1"),
            ("promoted-node-max", "1"),
            ("clone-max", "2"),
            ("clone-node-max", "1"),
            ("interleave", "true"),
        ],
    ))
}

fn volume(id: &str, device: &str, mount: &str, options: &str) -> Element {
    primitive(id, "ocf", Some("slurmha"), "volume")
        .child(set(
            "instance_attributes",
            id,
            &[("device", device), ("directory", mount), ("options", options)],
        ))
        .child(parts::operations(
            id,
            &[
                parts::op("start", "0s", "60s"),
                // It ends whoever keeps the volume busy; one that stays
                // mounted would cost the node its power.
                parts::op("stop", "0s", "60s"),
                parts::op("monitor", "10s", "60s"),
            ],
        ))
}

fn vip(site: &Site) -> Element {
    primitive(id::VIP, "ocf", Some("slurmha"), "vip")
        .child(set(
            "instance_attributes",
            id::VIP,
            &[
                ("ip", &site.vip.to_string()),
                ("cidr_netmask", &site.networks.cluster.prefix_len().to_string()),
            ],
        ))
        .child(parts::operations(
            id::VIP,
            &[
                parts::op("start", "0s", "20s"),
                parts::op("stop", "0s", "20s"),
                parts::op("monitor", "10s", "60s"),
            ],
        ))
}

/// First failure: restart here. Second within a minute: move.
///
/// One failure counts up to three. Reported from outside (crm_resource --fail) it counts
/// twice: Pacemaker 2.1.5 sees it in two entries of the history (controld_te_events.c,
/// `process_graph_event`, transition -1). And as long as what depends on the daemon is being
/// stopped, its monitor finds the same death once more: with a threshold of three the role
/// moved for a MariaDB that was killed, when the monitor came in that time.
const DAEMON_THRESHOLD: (&str, &str) = ("migration-threshold", "4");

fn daemon(id: &str, start: &str, stop: &str) -> Element {
    primitive(id, "ocf", Some("slurmha"), id)
        .child(set("meta_attributes", id, &[DAEMON_THRESHOLD]))
        .child(parts::operations(
            id,
            &[
                parts::op("start", "0s", start),
                parts::op("stop", "0s", stop),
                parts::op("monitor", "10s", "60s"),
            ],
        ))
}

/// The role prefers a controller that clients reach. A bonus for it and no
/// malus for the other one: when nobody is reached from anywhere, nothing
/// moves. It is more than everything that holds the role where it is (the
/// promotion score and seven times the stickiness), and only for a controller
/// that has all data: a location alone would promote one whose DRBD has given
/// itself no score.
fn served() -> Element {
    let id = format!("{}-where-clients-are", id::DRBD_CLONE);
    let expression = |what: &str, attribute: &str, operation: &str, value: &str| {
        Element::new("expression")
            .with("id", format!("{id}-{what}"))
            .with("attribute", attribute)
            .with("operation", operation)
            .with("value", value)
    };
    // An attribute that nobody has set is not equal to any value: `ne` holds,
    // and an order such as `gte` does not (rules.c of 2.1, `accept_attr_expr`).
    let reaches = expression("reaches", REACH_ATTRIBUTE, "ne", REACHES_NOBODY);
    let score = format!("master-{}", id::DRBD);
    let has_data = expression("has-data", &score, "gte", &promotion::ALONE.to_string());
    Element::new("rsc_location").with("id", id.clone()).with("rsc", id::DRBD_CLONE).child(
        Element::new("rule")
            .with("id", format!("{id}-rule"))
            .with("role", "Promoted")
            .with("score", "50000")
            .with("boolean-op", "and")
            .child(reaches)
            .child(has_data.with("type", "number")),
    )
}

fn constraints(site: &Site) -> Element {
    let mut constraints = Element::new("constraints");
    for id in [id::STATE, id::DATABASE, id::VIP] {
        constraints.children.push(parts::colocate_promoted(id, id::DRBD_CLONE));
        constraints.children.push(parts::order_promote(id::DRBD_CLONE, id));
    }
    for (needed, dependent) in
        [(id::STATE, id::SLURMCTLD), (id::DATABASE, id::MARIADB), (id::MARIADB, id::SLURMDBD)]
    {
        constraints.children.push(colocate(dependent, needed));
        constraints.children.push(order(needed, dependent));
    }
    // slurmctld listens on every address (unless `NoCtldInAddrAny`,
    // slurm.conf(5)) and can read its state while the VIP comes up; its start
    // has not succeeded before it answers there.
    constraints.children.push(colocate(id::SLURMCTLD, id::VIP));
    constraints.children.push(order_stop(id::SLURMCTLD, id::VIP));
    // Only when both stop: clients wait for slurmctld and not for accounting,
    // whose stop takes longer. What slurmctld cannot deliver meanwhile it
    // writes to its state as it ends, and delivers it where it starts
    // (slurmdbd_agent.c of 22.05, `_save_dbd_state`).
    constraints.children.push(order_stop(id::DATABASE, id::SLURMCTLD));
    constraints.children.push(served());
    constraints.children.extend(fencing::placements(site));
    constraints
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fence_peer::{FENCE_LEAST, FENCE_LIMIT, LIMIT};

    fn seconds(text: Option<&str>) -> Duration {
        let number = text.and_then(|text| text.strip_suffix('s')).expect("seconds");
        Duration::from_secs(number.parse().expect("a number"))
    }

    /// A promotion that Pacemaker gives up on while the handler still asks goes on behind its
    /// back. The handler's last questions and the agent's reserve have 20 s.
    #[test]
    fn a_promotion_has_the_time_that_the_handler_may_take() {
        let drbd = drbd();
        let operations = drbd.find("primitive").and_then(|it| it.find("operations"));
        let mut operations = operations.expect("operations").children.iter();
        let promote = operations.find(|it| it.attribute("name") == Some("promote"));
        let limit = seconds(promote.and_then(|it| it.attribute("timeout")));
        assert!(limit >= LIMIT + Duration::from_secs(20), "{limit:?}");
        assert!(FENCE_LEAST < FENCE_LIMIT && FENCE_LIMIT <= LIMIT);
    }
}
