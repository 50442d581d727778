// SPDX-License-Identifier: Apache-2.0
//! Secrets that stand in files: whoever reads them goes on with the present value, and
//! nobody is shown an older one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use slurmha_core::desired::desired;
use slurmha_core::observe::{FileState, ObserveRequest, Reading};
use slurmha_core::plan::{self, Inputs, Plan, Step};
use slurmha_core::secret::{Digest, SecretId};
use slurmha_core::site::{self, NodeName};

use super::world::{Observed, SITE, all_satisfied, as_wanted};
use super::{given, plan_for, steps_on};

const ALERTMANAGER: &str = "/etc/prometheus/alertmanager.yml";

/// A site whose alerts go to an address that is a secret.
fn with_chat() -> String {
    SITE.replace("url = \"http://10.77.0.31:9099/\"", "url_file = \"~/chat\"")
}

fn chat() -> SecretId {
    SecretId::WebhookUrl("lab".to_owned())
}

/// The plan for machines that were as wanted, with this in the administrator's file.
fn plan_with_chat(url: &[u8], change: impl FnOnce(&mut Observed)) -> Plan {
    let text = with_chat();
    let site = site::parse("site.toml", &text).expect("a valid site file").0;
    let wants = desired(&site, &text);
    let mut observed = all_satisfied(&site, &wants);
    change(&mut observed);
    let mut given: BTreeMap<SecretId, Digest> = given();
    given.insert(chat(), Digest::of(url));
    plan::plan(&Inputs { site: &site, wants: &wants, observed: &observed, given: &given })
}

fn file<'a>(observed: &'a mut Observed, machine: &str, path: &str) -> &'a mut FileState {
    let seen = observed.get_mut(&NodeName::from(machine)).expect("the machine");
    seen.files.get_mut(&PathBuf::from(path)).expect("the file")
}

#[test]
fn a_changed_secret_comes_into_the_file_that_holds_it_and_to_whoever_reads_that() {
    assert!(plan_with_chat(b"made", |_| ()).is_empty());
    let plan = plan_with_chat(b"another", |_| ());
    assert_eq!(plan.refusals, []);
    insta::assert_snapshot!(plan::explain(&plan, true), @r"
    secrets
      login1               place secret webhook-url-lab at /etc/slurmha/secrets/webhook-url-lab
      login1               write /etc/prometheus/alertmanager.yml (its secret webhook-url-lab changes)

    compute nodes
      login1               restart prometheus-alertmanager.service (reads /etc/prometheus/alertmanager.yml)
    ");
}

/// What differs beside the secret is shown, with the placeholder.
#[test]
fn a_file_that_changes_with_its_secret_has_its_diff() {
    let plan = plan_with_chat(b"another", |observed| {
        let text = &mut file(observed, "login1", ALERTMANAGER).text;
        *text = text.as_ref().map(|text| text.replace("group_wait: \"30s\"", "group_wait: \"9s\""));
    });
    let explained = plan::explain(&plan, true);
    assert!(explained.contains("(its secret webhook-url-lab changes)"), "{explained}");
    assert!(explained.contains("-  group_wait: \"9s\""), "{explained}");
}

/// As after a run that died once it had placed the secret.
#[test]
fn a_file_with_another_value_of_its_secret_is_written_and_not_shown() {
    let plan = plan_with_chat(b"made", |observed| {
        let state = file(observed, "login1", ALERTMANAGER);
        (state.text, state.lacks) = (None, vec![chat()]);
    });
    insta::assert_snapshot!(plan::explain(&plan, true), @r"
    secrets
      login1               write /etc/prometheus/alertmanager.yml (does not hold webhook-url-lab as it shall, and is not shown)

    compute nodes
      login1               restart prometheus-alertmanager.service (reads /etc/prometheus/alertmanager.yml)
    ");
    assert!(plan.steps().all(|(_, _, planned)| planned.diff.is_none()));
}

/// The second controller gets the first one's, and DRBD's kernel and slurmdbd with it.
#[test]
fn a_key_that_differs_between_the_controllers_is_brought_into_force() {
    let differs = |id: &str, path: &str| {
        let mut observed = as_wanted();
        let second = observed.get_mut(&"ctl2".into()).expect("ctl2");
        second.secrets.get_mut(id).expect("a secret").digest = Digest::of(b"another");
        let plan = plan_for(&observed);
        let steps: Vec<Step> = steps_on(&plan, "ctl2").into_iter().cloned().collect();
        let place = steps.iter().position(|step| matches!(step, Step::PlaceSecret { .. }));
        let write = steps
            .iter()
            .position(|step| matches!(step, Step::WriteFile(file) if file.path == Path::new(path)));
        assert!(place.is_some() && place < write, "{steps:#?}");
        steps
    };
    let steps = differs("replication-key", "/etc/drbd.d/slurm_data.res");
    assert!(steps.iter().any(|step| matches!(step, Step::BringDrbdUp(_))), "{steps:#?}");
    differs("database-password", "/etc/slurm/slurmdbd.conf");
}

/// Debian's munge makes a key when it is installed: on a new machine for the first controller it
/// would become everybody's.
#[test]
fn a_key_that_has_come_with_a_new_machine_gives_way_to_the_clusters() {
    let with_own_key = |is_member: bool| {
        let mut observed = as_wanted();
        let first = observed.get_mut(&"ctl1".into()).expect("ctl1");
        first.secrets.get_mut("munge-key").expect("a key").digest = Digest::of(b"Debian's");
        if !is_member {
            first.cib = Reading::Known("<cib><configuration/></cib>".to_owned());
        }
        let plan = plan_for(&observed);
        let takes = |name| {
            let mut steps = steps_on(&plan, name).into_iter();
            steps.any(|step| matches!(step, Step::PlaceSecret { .. }))
        };
        ["ctl1", "ctl2", "cn1"].map(takes)
    };
    assert_eq!(with_own_key(false), [true, false, false]);
    assert_eq!(with_own_key(true), [false, true, true]);
}

#[test]
fn a_machine_is_told_how_files_shall_be_in_which_secrets_may_be_and_no_others() {
    let text = with_chat();
    let site = site::parse("site.toml", &text).expect("a valid site file").0;
    let wants = desired(&site, &text);
    let login = wants.iter().find(|it| it.machine.name.as_str() == "login1").expect("login1");
    let ObserveRequest { files, .. } = login.request(&site);
    let private = |path: &str| {
        let asked = files.iter().find(|file| file.path == Path::new(path)).expect("it");
        asked.private.as_ref()
    };
    let alertmanager = private(ALERTMANAGER).expect("it holds a secret");
    assert_eq!(alertmanager.secrets, [chat().location()]);
    assert!(alertmanager.text.contains(&chat().placeholder()));
    assert_eq!(private("/etc/slurm/slurm.conf"), None);
    assert_eq!(private("/etc/hosts"), None);
}
