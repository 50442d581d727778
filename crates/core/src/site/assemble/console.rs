// SPDX-License-Identifier: Apache-2.0
//! `[console]`.

use std::collections::BTreeSet;

use crate::layout::CONSOLE_PORT;
use crate::site::fragments::{self as file, items};
use crate::site::model::{Actions, Certificate, Console};
use crate::site::spanned::Spanned;
use crate::site::value::FilePath;

/// Who signs in, if the file does not say.
const DEFAULT_USER: &str = "admin";

pub(super) fn assemble(console: &file::Console) -> Option<Console> {
    Some(Console {
        port: match &console.port {
            Some(port) => u16::try_from(port.value).ok()?,
            None => CONSOLE_PORT,
        },
        user: console.user.as_ref().map_or_else(|| DEFAULT_USER.to_owned(), |user| user.0.clone()),
        password_file: console.password_file.as_ref()?.0.clone(),
        certificate: certificate(console.certificate_file.as_ref(), console.key_file.as_ref()),
        actions: actions(console),
    })
}

fn actions(console: &file::Console) -> Option<Actions> {
    let allowed: BTreeSet<_> = items(console.actions.as_ref()).iter().map(|it| it.value).collect();
    let password_file = console.actions_password_file.as_ref()?.0.clone();
    (!allowed.is_empty()).then_some(Actions { allowed, password_file })
}

/// A certificate of the site's own, for whatever has one.
pub(super) fn certificate(
    certificate_file: Option<&Spanned<FilePath>>,
    key_file: Option<&Spanned<FilePath>>,
) -> Option<Certificate> {
    certificate_file.zip(key_file).map(|(certificate, key)| Certificate {
        certificate_file: certificate.0.clone(),
        key_file: key.0.clone(),
    })
}
