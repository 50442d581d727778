// SPDX-License-Identifier: Apache-2.0
//! `[console]`.

use crate::layout::CONSOLE_PORT;
use crate::site::fragments as file;
use crate::site::model::{Console, ConsoleCertificate};

/// Who signs in, if the file does not say.
const DEFAULT_USER: &str = "admin";

pub(super) fn assemble(console: &file::Console) -> Option<Console> {
    let certificate = console.certificate_file.as_ref().zip(console.key_file.as_ref());
    Some(Console {
        port: match &console.port {
            Some(port) => u16::try_from(port.value).ok()?,
            None => CONSOLE_PORT,
        },
        user: console.user.as_ref().map_or_else(|| DEFAULT_USER.to_owned(), |user| user.0.clone()),
        password_file: console.password_file.as_ref()?.0.clone(),
        certificate: certificate.map(|(certificate, key)| ConsoleCertificate {
            certificate_file: certificate.0.clone(),
            key_file: key.0.clone(),
        }),
    })
}
