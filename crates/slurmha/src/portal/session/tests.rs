// SPDX-License-Identifier: Apache-2.0
//! Sessions on a machine whose programs are made up, over a real connection.

mod admission;
mod machine;
mod output;
mod submissions;
