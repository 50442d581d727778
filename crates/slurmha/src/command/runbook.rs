// SPDX-License-Identifier: Apache-2.0
//! `slurmha runbook`: what an alert means, how to look, what to type.

use serde_json::{Value, json};
use slurmha_core::monitoring::{Alert, alerts};
use slurmha_core::runbook::{Found, RUNBOOKS, find, index, of_alert};

use crate::failure::Failure;
use crate::stdout;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha runbook                             every alert and every page
  slurmha runbook SlurmhaCorosyncTokenLost    what that alert means, and what to type
  slurmha runbook token                       the names that have it in them
  slurmha runbook restore-state | less        a whole page

They are a part of the program: it needs no network, on every machine of the cluster. With a
console they are there as well, at /runbooks, and every alert carries the way to its place.")]
pub struct Args {
    /// An alert, with or without `Slurmha`, or a page
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let Some(name) = &args.name else {
        return print(args.json, index, all);
    };
    match find(name) {
        Ok(Found::Alert(component, alert)) => {
            print(args.json, || of_alert(alert), || described(component, alert))
        }
        Ok(Found::Book(book)) => print(
            args.json,
            || book.text.to_owned(),
            || json!({"page": book.name, "title": book.title(), "text": book.text}),
        ),
        Err(near) => Err(unknown(name, &near)),
    }
}

fn print(
    json: bool,
    text: impl FnOnce() -> String,
    value: impl FnOnce() -> Value,
) -> Result<(), Failure> {
    if json { stdout::line(format_args!("{:#}", value())) } else { stdout::print(&text()) }
}

fn all() -> Value {
    let alerts: Vec<Value> = alerts().map(|(component, alert)| heading(component, alert)).collect();
    let pages: Vec<Value> =
        RUNBOOKS.iter().map(|it| json!({"page": it.name, "title": it.title()})).collect();
    json!({"alerts": alerts, "pages": pages})
}

fn heading(component: &str, alert: &Alert) -> Value {
    json!({
        "alert": alert.name,
        "component": component,
        "severity": alert.severity.as_str(),
        "failure": alert.failure,
        "runbook": alert.runbook,
    })
}

fn described(component: &str, alert: &Alert) -> Value {
    let mut value = heading(component, alert);
    value["text"] = of_alert(alert).into();
    value
}

fn unknown(name: &str, near: &[&str]) -> Failure {
    let failure = Failure::usage(format!("there is no alert or page {name:?}"));
    let failure =
        near.iter().fold(failure, |failure, near| failure.hint(format!("slurmha runbook {near}")));
    failure.hint("slurmha runbook    lists all of them")
}
