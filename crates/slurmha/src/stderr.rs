// SPDX-License-Identifier: Apache-2.0
//! Messages on standard error that nobody has to read.
//!
//! The standard library's macros panic when standard error cannot be written: its
//! reader is gone, as Pacemaker's daemon is after a crash, or the disk is full. A
//! resource agent or an `apply` would then end half-way through a change, only because
//! nobody listens. These two have the same names and do not, so that no caller can take
//! the wrong ones.

/// [`std::eprintln!`], except that a message that cannot be written is left out.
macro_rules! eprintln {
    ($($message:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($message)*);
    }};
}

/// [`std::eprint!`], except that a message that cannot be written is left out.
macro_rules! eprint {
    ($($message:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(std::io::stderr(), $($message)*);
    }};
}
