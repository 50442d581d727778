// SPDX-License-Identifier: Apache-2.0
//! Where the distribution's packages come from: this host's own mirrors if it
//! is a Debian of the same release, so that a site's mirror serves its lab.

use std::fs;
use std::path::Path;

/// The release of the lab's machines.
pub(crate) const SUITE: &str = "bookworm";
/// What counts as the release itself; third parties use other suites.
const SUITES: [&str; 3] = ["bookworm", "bookworm-updates", "bookworm-security"];

/// The host's apt sources for the release, as one file in deb822 form; `None`
/// if the host has none, for example because it is not a Debian.
pub(crate) fn of_host(apt: &Path) -> Option<String> {
    let mut files = vec![apt.join("sources.list")];
    let directory = fs::read_dir(apt.join("sources.list.d"));
    files.extend(directory.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())));
    files.sort();
    let stanzas: Vec<String> = files
        .iter()
        .filter_map(|path| {
            let text = fs::read_to_string(path).ok()?;
            match path.extension()?.to_str()? {
                "list" => Some(from_one_line(&text)),
                "sources" => Some(from_deb822(&text)),
                _ => None,
            }
        })
        .flatten()
        .collect();
    // Updates alone do not make a distribution.
    let complete = stanzas.iter().any(|stanza| suites(stanza).any(|suite| suite == SUITE));
    complete.then(|| stanzas.join("\n"))
}

/// The stanzas of a deb822 file that are of the release.
fn from_deb822(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    lines
        .split("\n\n")
        .filter(|stanza| wanted(stanza))
        .map(|stanza| format!("{}\n", stanza.trim()))
        .collect()
}

/// The lines of a one-line-style file that are of the release, as stanzas.
fn from_one_line(text: &str) -> Vec<String> {
    text.lines().filter_map(stanza_of_line).filter(|stanza| wanted(stanza)).collect()
}

/// `deb [options] URI suite components`.
fn stanza_of_line(line: &str) -> Option<String> {
    let line = line.split('#').next()?.trim().strip_prefix("deb ")?.trim();
    let (options, rest) = match line.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", line),
    };
    let signed_by = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
    let mut words = rest.split_whitespace();
    let (uri, suite) = (words.next()?, words.next()?);
    let components = words.collect::<Vec<_>>().join(" ");
    let mut stanza =
        format!("Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: {components}\n");
    if let Some(keyring) = signed_by {
        stanza.push_str(&format!("Signed-By: {keyring}\n"));
    }
    Some(stanza)
}

/// Whether a stanza offers the release's packages, and nothing else.
fn wanted(stanza: &str) -> bool {
    let has = |name, value| field(stanza, name).any(|word| word == value);
    let mut all = suites(stanza).peekable();
    all.peek().is_some()
        && all.all(|suite| SUITES.contains(&suite))
        && has("types", "deb")
        && has("components", "main")
        && !has("enabled", "no")
}

/// The suites of a stanza.
fn suites(stanza: &str) -> impl Iterator<Item = &str> {
    field(stanza, "suites")
}

/// The words of a field of a stanza.
fn field<'a>(stanza: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    stanza
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(move |(field, _)| field.trim().eq_ignore_ascii_case(name))
        .flat_map(|(_, value)| value.split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB822: &str = "\
Types: deb
# a comment inside
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://third.example/node
Suites: nodistro
Components: main
";

    #[test]
    fn third_parties_are_left_out() {
        let stanzas = from_deb822(DEB822);
        assert_eq!(stanzas.len(), 1);
        assert!(stanzas[0].contains("mirror.example"));
        assert!(!stanzas[0].contains('#'));
    }

    #[test]
    fn one_line_sources_become_stanzas() {
        let text = "\
# deb http://off.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # ours
deb-src http://mirror.example/debian bookworm main
deb http://docker.example/debian bookworm stable
deb http://mirror.example/debian trixie main
";
        assert_eq!(
            from_one_line(text),
            ["Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n\
              Components: main contrib\nSigned-By: /k.gpg\n"]
        );
    }

    #[test]
    fn a_host_without_the_release_has_none() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(of_host(directory.path()), None);
        let list = directory.path().join("sources.list");
        fs::write(&list, "deb http://m.example/debian bookworm-security main\n").unwrap();
        assert_eq!(of_host(directory.path()), None);
        fs::write(&list, "deb http://m.example/debian bookworm main\n").unwrap();
        assert!(of_host(directory.path()).unwrap().contains("URIs: http://m.example/debian"));
    }
}
