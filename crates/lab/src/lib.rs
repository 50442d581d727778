// SPDX-License-Identifier: Apache-2.0
//! The laboratory: a site in virtual machines whose links and power can be cut.
