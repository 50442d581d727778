// SPDX-License-Identifier: Apache-2.0
//! The only door out: programs, files and machines, real or simulated.
