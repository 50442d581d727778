// SPDX-License-Identifier: Apache-2.0
//! A script as it comes from a form, and as sbatch(1) takes it.

use std::borrow::Cow;

use super::protocol::LONGEST_SCRIPT;

/// The script for sbatch.
///
/// Browsers send the lines of a text field with `\r\n` (HTML, "form submission"), and
/// sbatch refuses those.
///
/// # Errors
/// When sbatch would refuse it for certain; the sentence says what is wrong.
pub fn prepared(script: &str) -> Result<Cow<'_, str>, String> {
    if script.len() > LONGEST_SCRIPT {
        return Err(format!(
            "the script has {} bytes, and {LONGEST_SCRIPT} are allowed; keep data in files beside \
             it",
            script.len()
        ));
    }
    if script.contains('\0') {
        return Err("the script holds a zero byte; it must be plain text".to_owned());
    }
    if !script.starts_with("#!") {
        return Err("the script does not begin with #! and the program that runs it; write \
                    #!/bin/bash as its first line"
            .to_owned());
    }
    Ok(match script.contains("\r\n") {
        true => Cow::Owned(script.replace("\r\n", "\n")),
        false => Cow::Borrowed(script),
    })
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
        for script in ["", "id\n", " #!/bin/sh", "\u{feff}#!/bin/sh", "#!/bin/sh\0", &long] {
            assert!(prepared(script).is_err());
        }
    }
}
