// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker runs, and the order of its first start.

use std::path::Path;

use super::Seen;
use crate::desired::configuration;
use crate::layout;
use crate::plan::build::{Draft, Inputs, PlannedStep};
use crate::plan::step::{Stage, Step};
use crate::plan::{by_hand, cib};
use crate::render::cib::{ACTIVE_RESOURCES, id};
use crate::secret::Digest;
use crate::site::{NodeName, Site};
use crate::xml::Element;

pub(super) fn plan(
    inputs: &Inputs<'_>,
    controllers: &[Seen<'_>],
    live: Option<&Element>,
    managed: bool,
    draft: &mut Draft,
) {
    let first = controllers[0].name();
    let wanted = configuration(inputs.site);
    let is_first = !managed || live.is_some_and(|cib| by_hand::is_held(cib, id::SLURMCTLD));
    if is_first {
        first_start(inputs.site, first, draft);
    }
    let parsed = Element::parse(&wanted).unwrap_or(Element::new(""));
    let changes = match live {
        Some(live) => cib::changes(live, &parsed),
        None => vec!["everything is new".to_owned()],
    };
    if !managed || !changes.is_empty() {
        draft.push(
            Stage::Resources,
            first,
            PlannedStep {
                step: Step::LoadCib { configuration: wanted },
                why: format!("{} changes", changes.len()),
                diff: Some(changes.join("\n") + "\n"),
            },
        );
    }
    let holds = live.filter(|_| !is_first).map(|live| by_hand::holds(live, &parsed));
    let awaited = awaited(controllers, &holds.unwrap_or_default(), draft);
    if !awaited.is_empty() && (draft.has(Stage::Resources) || !all_started(controllers)) {
        draft.push(Stage::Resources, first, Step::AwaitResources { resources: awaited });
    }
    if is_first {
        // A reconfiguration is a checkpoint: from here on slurmctld can
        // start without slurmdbd.
        let path = Path::new(layout::SLURM_CONF);
        let text = draft.text_of(first, path).or_else(|| controllers[0].text(path));
        let text = text.unwrap_or_default();
        let step = Step::ReconfigureSlurm { digest: Digest::of(text.as_bytes()) };
        draft.push(Stage::Resources, first, PlannedStep::because(step, "the first checkpoint"));
    }
}

/// What shall run in the end. When somebody has set something by hand, that is
/// what runs now: what does not may be what is held, or needs it.
fn awaited(controllers: &[Seen<'_>], holds: &[by_hand::Hold], draft: &mut Draft) -> Vec<String> {
    for hold in holds {
        draft.notes.push(format!(
            "set by hand, and left as it is: {}; to take it back: {}",
            hold.what, hold.cure
        ));
    }
    let is_awaited = |id: &&str| holds.is_empty() || is_started(controllers, id);
    ACTIVE_RESOURCES.iter().copied().filter(is_awaited).map(str::to_owned).collect()
}

/// The one time when slurmctld has to wait for slurmdbd: without a saved
/// association state a new cluster's slurmctld ends with `fatal: ... no TRES`.
/// A run that died in between leaves slurmctld held back, which is how the
/// next one knows that the cluster may not be registered yet.
fn first_start(site: &Site, first: &NodeName, draft: &mut Draft) {
    let without_scheduler =
        cib::with_target_role(&crate::render::cib::render(site), id::SLURMCTLD, "Stopped");
    let accounting = [id::VIP, id::MARIADB, id::SLURMDBD].map(str::to_owned).to_vec();
    draft.push(
        Stage::Resources,
        first,
        PlannedStep::because(
            Step::LoadCib { configuration: without_scheduler.to_xml() },
            "the first start, accounting before scheduling",
        ),
    );
    draft.push(Stage::Resources, first, Step::AwaitResources { resources: accounting });
    let cluster = site.cluster_name.clone();
    draft.push(Stage::Resources, first, Step::RegisterCluster { cluster });
}

fn all_started(controllers: &[Seen<'_>]) -> bool {
    ACTIVE_RESOURCES.iter().all(|id| is_started(controllers, id))
}

fn is_started(controllers: &[Seen<'_>], id: &str) -> bool {
    let cluster = controllers.iter().find_map(|seen| seen.observed.cluster.known());
    cluster.is_some_and(|cluster| {
        cluster.resources.iter().any(|r| r.id == id && r.role == "Started" && !r.failed)
    })
}
