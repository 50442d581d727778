// SPDX-License-Identifier: Apache-2.0
//! The help and the documentation keep to the command line that there is.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::*;

/// Every command that people type, by what they type, without the laboratory's verbs.
fn commands(command: &clap::Command, typed: &str, found: &mut Vec<(String, clap::Command)>) {
    found.push((typed.to_owned(), command.clone()));
    if typed == "slurmha lab" {
        return;
    }
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        commands(below, &format!("{typed} {}", below.get_name()), found);
    }
}

#[test]
fn every_help_has_examples_that_can_be_typed() {
    let mut all = Vec::new();
    commands(&Cli::command(), "slurmha", &mut all);
    assert!(all.len() > 60, "{}", all.len());
    for (typed, command) in all {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines: Vec<&str> = help.lines().filter_map(command_of).collect();
        assert!(help.contains("Examples:\n") || typed.contains("drill run"), "{typed}: {help}");
        for line in lines {
            assert_eq!(mistake(line), None, "{typed}: {line}");
        }
    }
}

/// Every `slurmha ...` in a block of code, and between backquotes, in the documentation.
#[test]
fn every_command_of_the_documentation_can_be_typed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "examples/site.toml", "examples/lab/site.toml"]
            .map(|file| root.join(file))
            .into();
    for directory in ["docs", "docs/guide", "docs/runbooks", "docs/decisions"] {
        let entries = std::fs::read_dir(root.join(directory)).expect("a directory").flatten();
        let pages = entries.map(|entry| entry.path());
        files.extend(pages.filter(|path| path.extension().is_some_and(|it| it == "md")));
    }
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a page");
        for line in text.lines() {
            let block = line.starts_with("    ").then(|| command_of(line)).flatten();
            // What stands between backquotes is every second part.
            let spans = line.split('`').skip(1).step_by(2).filter_map(command_of);
            for command in spans.chain(block) {
                count += 1;
                if let Some(why) = mistake(command) {
                    wrong.push(format!("{}: {command}: {why}", file.display()));
                }
            }
        }
    }
    assert!(count > 100, "{count}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every `slurmha WORD` between backquotes, and every text that is such a command alone or
/// before a semicolon: what somebody types next, in a bad moment as a rule.
#[test]
fn every_command_of_a_hint_is_there() {
    let cli = Cli::command();
    let names: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
    let mut files = Vec::new();
    for of in ["core", "host"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of).join("src"), &mut files);
    }
    let (mut wrong, mut count) = (Vec::new(), 0);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source");
        for word in hinted(&text) {
            count += 1;
            if !names.contains(&word) {
                wrong.push(format!("{}: slurmha {word}", file.display()));
            }
        }
    }
    assert!(count > 50, "{count}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A text that goes on after the word is a sentence about slurmha.
fn hinted(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("slurmha ").filter_map(|(at, found)| {
        let rest = &text[at + found.len()..];
        let is_of_word = |c: char| c.is_ascii_lowercase() || c == '-';
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let is_command = match text[..at].chars().next_back() {
            Some('`') => true,
            Some('"') => after.starts_with(['"', ';']),
            _ => false,
        };
        (is_command && !word.is_empty()).then_some(word)
    })
}

/// The command of a line, if it begins with one; what explains it is behind two blanks.
fn command_of(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("$ ");
    let ends = ["  ", " # ", " | ", " > ", " < ", " && ", ";"];
    let end = ends.iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len());
    line[..end].starts_with("slurmha ").then(|| &line[..end])
}

/// Why it cannot be typed. What a name alone leaves out is no mistake, nor is what stands
/// for something else.
fn mistake(command: &str) -> Option<String> {
    let words = command.split_whitespace().filter(|word| !matches!(*word, "…" | "..."));
    let error = Cli::command().try_get_matches_from(words).err()?;
    let is_fine = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::MissingSubcommand
            | ErrorKind::MissingRequiredArgument
    );
    let is_placeholder = error.kind() == ErrorKind::ValueValidation
        && command.split_whitespace().any(|word| word.chars().all(|c| c.is_ascii_uppercase()));
    (!is_fine && !is_placeholder).then(|| error.to_string())
}
