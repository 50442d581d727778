// SPDX-License-Identifier: Apache-2.0
//! `slurmha`: one site file in, a highly available Slurm cluster out.

fn main() {}
