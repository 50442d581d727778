// SPDX-License-Identifier: Apache-2.0
//! The portal's own generator, from its source, and Debian's Apache and Ruby.
#![allow(clippy::disallowed_methods, reason = "the programs themselves are asked")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use slurmha_core::layout::{ONDEMAND_CERTIFICATE, ONDEMAND_KEY};

/// Where the generator's source is, if somebody has put it somewhere.
pub struct Generator {
    source: PathBuf,
}

/// What the tests need, and how to get it. It is not there by default: Debian does not have
/// Open OnDemand, and its source is big.
const HOW: &str = "skipped: needs SLURMHA_ONDEMAND=DIRECTORY with ood-portal-generator in it: \
                   `tools/ondemand-test` fetches it, and what Debian has";

/// As if Dex' package were there.
const WITH_DEX: &str = "class << OodPortalGenerator::Dex; def installed? = true; end;";

/// What the generator asks of a newer dotenv than Debian 12 has (2.4.0).
const DOTENV: &str = "Dotenv.respond_to?(:parse) or \
                      def Dotenv.parse(file) = Dotenv::Parser.call(File.read(file));";

/// What Debian's Apache has enabled, and what the portal's unit enables.
const MODULES: [&str; 27] = [
    "access_compat",
    "alias",
    "auth_basic",
    "authn_core",
    "authn_file",
    "authn_socache",
    "authnz_external",
    "auth_openidc",
    "authz_core",
    "authz_host",
    "authz_user",
    "autoindex",
    "deflate",
    "dir",
    "env",
    "filter",
    "headers",
    "lua",
    "md",
    "mime",
    "mpm_event",
    "proxy",
    "proxy_http",
    "proxy_wstunnel",
    "rewrite",
    "socache_shmcb",
    "ssl",
];

impl Generator {
    pub fn find() -> Option<Self> {
        let Some(source) = std::env::var_os("SLURMHA_ONDEMAND") else {
            eprintln!("{HOW}");
            return None;
        };
        let source = PathBuf::from(source).join("ood-portal-generator");
        assert!(source.is_dir(), "{} is not there", source.display());
        Some(Self { source })
    }

    /// What the generator makes of `ood_portal.yml`.
    pub fn site(&self, portal: &str, with_dex: bool) -> String {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        // Each secret with a value of its own.
        fs::write(path("portal.yml"), portal.replace("@SECRET:", "s3cret-")).expect("written");
        let directory_of_dex = format!(
            "class << OodPortalGenerator::Dex; def config_dir = {:?}; end;",
            directory.path()
        );
        fs::write(path("ondemand.secret"), "of-dex\n").expect("written");
        let mut program = DOTENV.to_owned();
        if with_dex {
            program.push_str(WITH_DEX);
            program.push_str(&directory_of_dex);
        }
        program.push_str("OodPortalGenerator::Application.start('generate')");
        let said = Command::new("ruby")
            .arg("-I")
            .arg(self.source.join("lib"))
            .args(["-rood_portal_generator", "-e", &program, "--", "--config"])
            .arg(path("portal.yml"))
            .arg("--output")
            .arg(path("site.conf"))
            .arg("--dex")
            .arg(path("dex.yaml"))
            .output()
            .unwrap_or_else(|error| panic!("ruby: {error}; {HOW}"));
        assert!(said.status.success(), "{}", text_of(&said));
        let dex = fs::read_to_string(path("dex.yaml")).unwrap_or_default();
        assert_eq!(dex.contains("ou=people,dc=example,dc=edu"), with_dex, "{dex}");
        assert!(!dex.contains("enablePasswordDB: true"), "{dex}");
        fs::read_to_string(path("site.conf")).expect("it is there")
    }

    /// Whether Apache accepts it, with everything else that slurmha writes.
    pub fn apache(&self, kind: &str, site: &str, listen: &str, server: &str) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name).display().to_string();
        certificate(&path("certificate"), &path("key"));
        let site = site
            .replace(ONDEMAND_CERTIFICATE, &path("certificate"))
            .replace(ONDEMAND_KEY, &path("key"));
        let modules: String = MODULES
            .iter()
            .map(|name| {
                format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n")
            })
            .collect();
        let log = "LogFormat \"%h\" combined\n";
        let text = format!(
            "ServerRoot {0}\nPidFile {0}/pid\nErrorLog {0}/log\n{modules}{log}{listen}{server}{site}",
            directory.path().display()
        );
        fs::write(path("apache2.conf"), text).expect("written");
        let said = Command::new("/usr/sbin/apache2")
            .args(["-t", "-f", &path("apache2.conf")])
            .output()
            .unwrap_or_else(|error| panic!("apache2: {error}; {HOW}"));
        assert!(said.status.success(), "{kind}: {}", text_of(&said));
    }

    /// The text of an announcement, read as the dashboard reads it (`opts` and `message` in
    /// `app/models/announcement.rb`).
    pub fn announcement(&self, text: &str) -> String {
        let program = "require 'yaml'; require 'erb'; \
                       puts YAML.safe_load(ERB.new(ARGV[0], trim_mode: '-').result)['msg']";
        let said = Command::new("ruby").args(["-e", program, "--", text]).output().expect("ruby");
        assert!(said.status.success(), "{}", text_of(&said));
        String::from_utf8_lossy(&said.stdout).trim_end().to_owned()
    }
}

fn certificate(certificate: &str, key: &str) {
    let said = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=portal.example.edu"])
        .args(["-addext", "subjectAltName=DNS:portal.example.edu"])
        .args(["-keyout", key, "-out", certificate])
        .output()
        .unwrap_or_else(|error| panic!("openssl: {error}; {HOW}"));
    assert!(said.status.success(), "{}", text_of(&said));
}

fn text_of(said: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr))
}
