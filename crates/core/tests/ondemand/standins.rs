// SPDX-License-Identifier: Apache-2.0
//! The script that tries and serves a configuration, in a directory of its own. The programs
//! that it calls are stand-ins: certificate and key go together when they are the same text.
#![allow(clippy::disallowed_methods, reason = "the script itself is run")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// The system's programs. `{0}` is the directory.
const PROGRAMS: [(&str, &str); 9] = [
    ("bin/a2enmod", ""),
    ("bin/a2ensite", ""),
    ("bin/dpkg-statoverride", ""),
    ("bin/sleep", ""),
    ("bin/systemctl", "echo \"$*\" >>{0}/log\n"),
    ("bin/curl", "cat {0}/code\n"),
    // As httpd does: what the configuration names has to be there.
    ("bin/apache2ctl", "[ -e {0}/var/lib/slurmha/ondemand/served/certificate ]\n"),
    (
        "bin/openssl",
        "case \"$*\" in *checkhost*) echo does match ;; *checkend*) ;; *) cat \"$3\" ;; esac\n",
    ),
    ("opt/ood/ood-portal-generator/sbin/update_ood_portal", "exit 3\n"),
];

/// Copies what it is given: `--config FILE --output FILE`.
const GENERATE: (&str, &str) = ("opt/ood/ood-portal-generator/bin/generate", "cp \"$2\" \"$4\"\n");

/// A host of Open OnDemand with a certificate.
pub struct StandIns {
    directory: TempDir,
}

impl StandIns {
    pub fn new(script: &str) -> Self {
        let host = Self { directory: tempfile::tempdir().expect("a directory") };
        let root = host.root().display().to_string();
        for (path, text) in PROGRAMS.into_iter().chain([GENERATE]) {
            host.write(path, &format!("#!/bin/sh\n{}", text.replace("{0}", &root)));
            let access = fs::Permissions::from_mode(0o755);
            fs::set_permissions(host.root().join(path), access).expect("executable");
        }
        let text = ["/etc/", "/opt/", "/var/lib/"]
            .iter()
            .fold(script.to_owned(), |text, place| text.replace(place, &format!("{root}{place}")));
        host.write("script", &text);
        for name in ["ports.conf", "conf-enabled/slurmha-ondemand.conf", "apache2.conf"] {
            host.write(&format!("etc/apache2/{name}"), "");
        }
        host.write("etc/apache2/sites-available/000-default.conf", "");
        fs::create_dir(host.root().join("etc/apache2/sites-enabled")).expect("made");
        let link = host.root().join("etc/apache2/sites-enabled/000-default.conf");
        symlink("../sites-available/000-default.conf", link).expect("Debian's link");
        host.write("etc/ood/config/ood_portal.yml", "");
        host.answer("401");
        host
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// Content of a file; empty when there is none.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap_or_default()
    }

    /// What Apache answers from now on.
    pub fn answer(&self, code: &str) {
        self.write("code", code);
    }

    /// What `apply` places.
    pub fn place(&self, certificate: &str, key: &str) {
        self.write("etc/slurmha/secrets/ondemand-certificate", certificate);
        self.write("etc/slurmha/secrets/ondemand-key", key);
    }

    /// What Apache reads: the certificate and its key.
    pub fn served(&self) -> [String; 2] {
        ["certificate", "key"]
            .map(|name| self.read(&format!("var/lib/slurmha/ondemand/served/{name}")))
    }

    /// Runs the script. What it says when it fails.
    pub fn run(&self, arguments: &[&str]) -> Result<(), String> {
        let bin = self.root().join("bin").display().to_string();
        let said = Command::new("sh")
            .arg(self.root().join("script"))
            .args(arguments)
            .env("PATH", format!("{bin}:/usr/bin:/bin"))
            .output()
            .expect("sh");
        let words = String::from_utf8_lossy(&said.stderr).into_owned();
        if said.status.success() { Ok(()) } else { Err(words) }
    }

    /// As `apply` does it: the file is tried before it is placed, and then all is served.
    pub fn check(&self) -> Result<(), String> {
        let portal = self.root().join("etc/ood/config/ood_portal.yml").display().to_string();
        self.run(&["check", &portal])
    }
}
