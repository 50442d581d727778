// SPDX-License-Identifier: Apache-2.0
//! Every action of every agent against every state.

mod daemon;
mod drbd;
mod machine;
mod takeover;
mod vip;
mod volume;
