// SPDX-License-Identifier: Apache-2.0
//! Debian's Alertmanager on the loopback, with a site's file.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use slurmha_core::render::monitoring;
use slurmha_core::secret::SecretId;
use slurmha_core::site::Monitoring;
use tempfile::TempDir;

/// What stands in the file in place of each placeholder.
pub type Secrets = Vec<(SecretId, String)>;

/// It ends with the test.
pub struct Alertmanager {
    child: Child,
    address: SocketAddr,
    _directory: TempDir,
}

impl Alertmanager {
    /// Starts it, and waits until it answers. `authority` is the certificate that it trusts.
    #[allow(clippy::disallowed_methods, reason = "the program itself is asked")]
    pub fn start(monitoring: &Monitoring, secrets: &Secrets, authority: Option<&str>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = monitoring::alertmanager(monitoring);
        let text = secrets
            .iter()
            .fold(file.text, |text, (id, value)| text.replace(&id.placeholder(), value));
        let path = directory.path().join("alertmanager.yml");
        std::fs::write(&path, text).expect("its file");
        let address = free_address();
        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", path.display()))
            .arg("--log.level=warn")
            .arg(format!("--storage.path={}", directory.path().display()))
            .arg(format!("--web.listen-address={address}"))
            // None of the others, and nobody beyond the loopback.
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        if let Some(certificate) = authority {
            let path = directory.path().join("authority.pem");
            std::fs::write(&path, certificate).expect("a certificate");
            // Go's crypto/x509 reads it in place of the system's.
            command.env("SSL_CERT_FILE", &path).env("SSL_CERT_DIR", directory.path());
        }
        let child = command.spawn().expect("install prometheus-alertmanager");
        let started = Self { child, address, _directory: directory };
        let begin = Instant::now();
        while !started.amtool(&["alert", "query"]).status.success() {
            assert!(begin.elapsed() < Duration::from_secs(120), "Alertmanager does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        started
    }

    /// An alert as Prometheus would send it.
    pub fn raise(&self, labels: &[&str]) {
        self.add(labels, &[]);
    }

    /// The same alert is over.
    pub fn end(&self, labels: &[&str]) {
        self.add(labels, &["--end=2020-01-01T00:00:01Z", "--start=2020-01-01T00:00:00Z"]);
    }

    fn add(&self, labels: &[&str], when: &[&str]) {
        let output = self.amtool(&[&["alert", "add"], when, labels].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[allow(clippy::disallowed_methods, reason = "the program itself is asked")]
    fn amtool(&self, arguments: &[&str]) -> Output {
        Command::new("amtool")
            .arg(format!("--alertmanager.url=http://{}", self.address))
            .args(arguments)
            .current_dir(Path::new("/"))
            .output()
            .expect("install prometheus-alertmanager")
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free, as far as anybody can know.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address")
}
