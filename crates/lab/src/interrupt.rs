// SPDX-License-Identifier: Apache-2.0
//! Ctrl-C as a question that long work asks at its safe points.

use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the first Ctrl-C, SIGTERM or hang-up.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C, SIGTERM and a hang-up do not end this process; they
/// are told by [`interrupted`]. Programs that this process runs get Ctrl-C
/// themselves.
pub fn watch() {
    // An error means that a handler exists; then somebody else is in charge.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst));
}

/// Whether the work should end.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}
