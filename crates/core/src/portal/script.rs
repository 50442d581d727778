// SPDX-License-Identifier: Apache-2.0
//! A script as it comes from a form, and as sbatch(1) takes it.

use std::borrow::Cow;

use super::protocol::LONGEST_SCRIPT;

/// The script for sbatch.
///
/// Browsers send the lines of a text field with `\r\n` (HTML, "form submission"), and
/// sbatch refuses those; they count for nothing in its length either.
///
/// # Errors
/// When sbatch would refuse it for certain; in a sentence.
pub fn prepared(script: &str) -> Result<Cow<'_, str>, String> {
    let script = match script.contains("\r\n") {
        true => Cow::Owned(script.replace("\r\n", "\n")),
        false => Cow::Borrowed(script),
    };
    if script.len() > LONGEST_SCRIPT {
        return Err(too_long(script.len()));
    }
    if script.trim().is_empty() {
        return Err("The script is empty.".to_owned());
    }
    if script.contains('\0') {
        return Err("The script holds a zero byte; it must be plain text.".to_owned());
    }
    if !script.starts_with("#!") {
        return Err("The script has to begin with #! and the program that runs it; write \
                    #!/bin/bash as its first line."
            .to_owned());
    }
    Ok(script)
}

/// What is said of a script that is longer than [`LONGEST_SCRIPT`].
pub fn too_long(bytes: usize) -> String {
    let (is, may) = (bytes.div_ceil(1024), LONGEST_SCRIPT / 1024);
    format!(
        "The script has {is} KiB; {may} KiB are the most. Put data into files, and read them from \
         the script."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_sends_is_what_sbatch_takes() {
        assert_eq!(prepared("#!/bin/sh\r\nid\r\n").unwrap(), "#!/bin/sh\nid\n");
        assert!(matches!(prepared("#!/bin/sh\nprintf '\r'\n"), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn what_sbatch_refuses_is_not_sent() {
        let long = format!("#!/bin/sh\n{}", "x".repeat(LONGEST_SCRIPT));
        for script in ["", " \r\n", "id\n", " #!/bin/sh", "\u{feff}#!/bin/sh", "#!/bin/sh\0", &long]
        {
            assert!(prepared(script).is_err_and(|why| why.ends_with('.')));
        }
    }

    #[test]
    fn a_browsers_line_ends_do_not_make_a_script_too_long() {
        let lines = "#!\n".to_owned() + &"\n".repeat(LONGEST_SCRIPT - 3);
        let sent = lines.replace('\n', "\r\n");
        assert_eq!(prepared(&sent).as_deref(), Ok(lines.as_str()));
    }
}
