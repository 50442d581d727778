// SPDX-License-Identifier: Apache-2.0
//! What may be told of a file in which secrets may be.
//!
//! A value that this machine has can be taken out of a text. An older one, as it is left in a
//! file whose secret was changed and which was not written again, looks like any other word:
//! such a text stays here.

use std::path::Path;

use slurmha_core::observe::PrivateText;
use slurmha_core::secret::{SECRETS_DIRECTORY, SecretFile, SecretId};

use super::files::as_written;
use crate::command::replace;
use crate::system::System;

/// What stands in a text in place of a secret, and the secret's value.
type Value = (String, Vec<u8>);

/// The text with placeholders instead of secrets.
///
/// # Errors
/// The secrets whose present value does not stand where it shall.
pub(super) fn told(
    system: &dyn System,
    path: &Path,
    found: &[u8],
    wanted: &PrivateText,
) -> Result<Vec<u8>, Vec<SecretId>> {
    let values: Vec<Value> =
        wanted.secrets.iter().filter_map(|secret| value(system, secret)).collect();
    // Also where a secret is a word that the file has in other places.
    if found == filled(&wanted.text, &values) {
        return Ok(wanted.text.clone().into_bytes());
    }
    let ids = wanted.secrets.iter().map(|secret| &secret.id);
    let lacks: Vec<SecretId> =
        ids.filter(|id| !is_held(id, found, &wanted.text, &values)).cloned().collect();
    if !lacks.is_empty() {
        return Err(lacks);
    }
    Ok(without([values, kept(system, path)].concat(), found))
}

fn value(system: &dyn System, secret: &SecretFile) -> Option<Value> {
    let value = system.read(&secret.path).ok().flatten()?;
    Some((secret.id.placeholder(), as_written(secret, &value).to_vec()))
}

/// Every secret that slurmha keeps on this machine: one that the file shall not hold any more
/// is still in it. The file itself may lie beside them.
fn kept(system: &dyn System, path: &Path) -> Vec<Value> {
    let directory = Path::new(SECRETS_DIRECTORY);
    let names = system.read_directory(directory).unwrap_or_default();
    let values = names.iter().filter(|name| directory.join(name) != path).filter_map(|name| {
        let value = system.read(&directory.join(name)).ok().flatten()?;
        Some((format!("@SECRET:{name}@"), value.trim_ascii_end().to_vec()))
    });
    values.collect()
}

fn filled(text: &str, values: &[Value]) -> Vec<u8> {
    values.iter().fold(text.as_bytes().to_vec(), |text, (placeholder, value)| {
        replace(&text, placeholder.as_bytes(), value)
    })
}

/// Whether every line that a secret shall stand in is there with its present value. That the
/// value occurs somewhere would prove nothing: it may be a word that the file has anyway.
fn is_held(id: &SecretId, found: &[u8], text: &str, values: &[Value]) -> bool {
    let placeholder = id.placeholder();
    text.lines().filter(|line| line.contains(&placeholder)).all(|line| {
        let line = filled(line, values);
        found.split(|byte| *byte == b'\n').any(|there| there == line)
    })
}

/// The longest first: of one that another begins with, the rest would stay.
fn without(mut values: Vec<Value>, found: &[u8]) -> Vec<u8> {
    values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    values.iter().fold(found.to_vec(), |text, (placeholder, value)| {
        replace(&text, value, placeholder.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::Simulated;
    use crate::system::Ids;

    const CONF: &str = "/etc/slurm/slurmdbd.conf";

    fn wanted() -> PrivateText {
        PrivateText {
            text: "StorageHost=localhost\nStoragePass=@SECRET:database-password@\n".to_owned(),
            secrets: vec![SecretId::DatabasePassword.location()],
        }
    }

    fn machine(secrets: &[(SecretId, &str)]) -> Simulated {
        let machine = Simulated::new("ctl1", "ctl2");
        for (id, value) in secrets {
            let path = id.location().path;
            machine.put_file(&path.to_string_lossy(), value.as_bytes(), Ids::root(0o600));
        }
        machine
    }

    /// What is told of a file with this text, where the password is this.
    fn told_of(found: &str, password: &str) -> Result<String, Vec<SecretId>> {
        let machine = machine(&[(SecretId::DatabasePassword, password)]);
        let told = told(&machine, Path::new(CONF), found.as_bytes(), &wanted())?;
        Ok(String::from_utf8(told).expect("text"))
    }

    #[test]
    fn the_present_value_is_taken_out_and_the_rest_is_told() {
        let as_wanted = "StorageHost=localhost\nStoragePass=hunter2\n";
        assert_eq!(told_of(as_wanted, "hunter2\n"), Ok(wanted().text));
        let changed = as_wanted.replace("localhost", "elsewhere");
        let shown = wanted().text.replace("localhost", "elsewhere");
        assert_eq!(told_of(&changed, "hunter2\n"), Ok(shown));
    }

    #[test]
    fn a_text_without_the_present_value_stays() {
        let lacks = Err(vec![SecretId::DatabasePassword]);
        let older = "StorageHost=localhost\nStoragePass=older\n";
        assert_eq!(told_of(older, "hunter2\n"), lacks);
        assert_eq!(told_of("", "hunter2\n"), lacks);
        let nowhere = told(&machine(&[]), Path::new(CONF), older.as_bytes(), &wanted());
        assert_eq!(nowhere, Err(vec![SecretId::DatabasePassword]), "it has no value to look for");
    }

    #[test]
    fn a_value_that_is_a_word_of_the_file_hides_no_older_one() {
        let older = "StorageHost=localhost\nStoragePass=older\n";
        assert_eq!(told_of(older, "localhost"), Err(vec![SecretId::DatabasePassword]));
        let present = older.replace("older", "localhost");
        assert_eq!(told_of(&present, "localhost"), Ok(wanted().text));
    }

    #[test]
    fn what_the_file_shall_not_hold_any_more_is_taken_out_as_well() {
        let secrets = [(SecretId::MailPassword, "hunter2\n"), (SecretId::GrafanaPassword, "hunt")];
        let found = b"password: hunter2\nother: hunt\n";
        let nothing = PrivateText { text: "# Mail without a login\n".to_owned(), secrets: vec![] };
        let told = told(&machine(&secrets), Path::new(CONF), found, &nothing).expect("a text");
        let shown = "password: @SECRET:mail-password@\nother: @SECRET:grafana-password@\n";
        assert_eq!(String::from_utf8_lossy(&told), shown);
    }

    #[test]
    fn a_file_beside_the_secrets_is_not_taken_for_one() {
        let machine = machine(&[(SecretId::BmcPassword("ctl1".into()), "hunter2")]);
        let script = Path::new(SECRETS_DIRECTORY).join("bmc-password-ctl1.sh");
        machine.put_file(&script.to_string_lossy(), b"#!/bin/sh\n", Ids::root(0o700));
        let wanted = PrivateText { text: "#!/bin/sh\nexec cat\n".to_owned(), secrets: vec![] };
        let told = told(&machine, &script, b"#!/bin/sh\n", &wanted);
        assert_eq!(told, Ok(b"#!/bin/sh\n".to_vec()));
    }
}
