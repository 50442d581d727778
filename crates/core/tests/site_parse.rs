// SPDX-License-Identifier: Apache-2.0
//! Whole site files.

use slurmha_core::site;

#[test]
fn the_lab_site_parses() {
    let text = include_str!("../../../examples/lab/site.toml");
    let (site, warnings) = site::parse("site.toml", text)
        .map_err(|d| site::render("site.toml", text, &d))
        .expect("the lab's site file is valid");
    assert_eq!(site::render("site.toml", text, &warnings), "");
    assert_eq!(site.machines().len(), 5);
}
