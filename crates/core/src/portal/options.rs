// SPDX-License-Identifier: Apache-2.0
//! What a form says, as arguments of sbatch(1).

use super::protocol::Options;
use crate::unseen::is_unseen;

/// The longest name of a job, in characters.
const LONGEST_NAME: usize = 100;

/// The options as arguments, each a single one: whatever a value holds, it stays a
/// value.
///
/// # Errors
/// When one makes no sense; the sentence says which and what would.
pub fn arguments(options: &Options) -> Result<Vec<String>, String> {
    let mut arguments = Vec::new();
    if let Some(name) = &options.name {
        check_name(name)?;
        arguments.push(format!("--job-name={name}"));
    }
    if let Some(partition) = &options.partition {
        check_partition(partition)?;
        arguments.push(format!("--partition={partition}"));
    }
    let numbers = [
        ("nodes", "--nodes", options.nodes.map(u64::from), ""),
        ("tasks", "--ntasks", options.tasks.map(u64::from), ""),
        ("CPUs per task", "--cpus-per-task", options.cpus_per_task.map(u64::from), ""),
        ("memory", "--mem", options.memory_mb, "M"),
        ("time", "--time", options.minutes.map(u64::from), ""),
    ];
    for (what, option, number, unit) in numbers {
        match number {
            // Zero is "all memory" and "no limit" to Slurm, which is not what
            // stands in the form.
            Some(0) => return Err(format!("the {what} cannot be 0; leave the field empty")),
            Some(number) => arguments.push(format!("{option}={number}{unit}")),
            None => {}
        }
    }
    Ok(arguments)
}

fn check_name(name: &str) -> Result<(), String> {
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(format!(
            "a job's name has between 1 and {LONGEST_NAME} characters; leave the field empty to \
             take the script's"
        ));
    }
    if name.starts_with('-') {
        return Err("a job's name cannot begin with -".to_owned());
    }
    if name.chars().any(is_unseen) {
        return Err("the job's name holds a character that cannot be seen, such as an end of \
                    line; type it anew"
            .to_owned());
    }
    Ok(())
}

/// As the site file allows them.
fn check_partition(name: &str) -> Result<(), String> {
    let rest = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    let first = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if first && name.len() <= 63 && name.bytes().all(rest) {
        return Ok(());
    }
    Err("there is no partition of that name".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_one_argument() {
        let options = Options {
            name: Some("my \"job\" 'x'; $(id) ü".to_owned()),
            partition: Some("gpu-2".to_owned()),
            nodes: Some(2),
            tasks: Some(8),
            cpus_per_task: Some(4),
            memory_mb: Some(2048),
            minutes: Some(90),
        };
        assert_eq!(
            arguments(&options).unwrap(),
            [
                "--job-name=my \"job\" 'x'; $(id) ü",
                "--partition=gpu-2",
                "--nodes=2",
                "--ntasks=8",
                "--cpus-per-task=4",
                "--mem=2048M",
                "--time=90"
            ]
        );
        assert_eq!(arguments(&Options::default()).unwrap(), [""; 0]);
    }

    #[test]
    fn hostile_names_are_refused() {
        let long = "x".repeat(101);
        for name in
            ["", " ", "--wrap=id", "a\nb", "a\0b", "a\u{202e}b", "a\u{200b}", "\u{1b}[2J", &long]
        {
            let options = Options { name: Some(name.to_owned()), ..Options::default() };
            assert!(arguments(&options).is_err(), "{name:?}");
        }
        for partition in ["", "-p", "a,b", "a b", "a\n", "ｍain", "../x"] {
            let options = Options { partition: Some(partition.to_owned()), ..Options::default() };
            assert!(arguments(&options).is_err(), "{partition:?}");
        }
        for name in ["..", "a..b", "%j/x", "日本"] {
            let options = Options { name: Some(name.to_owned()), ..Options::default() };
            assert!(arguments(&options).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn zero_is_no_number_of_anything() {
        let options = Options { memory_mb: Some(0), ..Options::default() };
        assert_eq!(
            arguments(&options),
            Err("the memory cannot be 0; leave the field empty".to_owned())
        );
    }
}
