// SPDX-License-Identifier: Apache-2.0
//! `ood_portal.yml`, from which the portal's generator makes its site for Apache.
//!
//! Keys and their defaults: `share/ood_portal_example.yml`, `lib/ood_portal_generator/view.rb`
//! and `dex.rb` of ood-portal-generator.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::config_file::{Access, ConfigFile};
use crate::layout::{ONDEMAND_CERTIFICATE, ONDEMAND_KEY, ONDEMAND_PORTAL_FILE, ONDEMAND_SCRIPT};
use crate::render::header;
use crate::render::yaml::quoted;
use crate::secret::SecretId;
use crate::site::{Auth, Dex, Oidc, Ondemand, Role, Site, Tls};

/// Root's alone: it holds what the portal shows to the site's provider of identities.
/// Nothing is put in place that the generator or Apache refuses.
pub(super) fn portal(site: &Site, ondemand: &Ondemand) -> ConfigFile {
    let mut text = header("#");
    let _ = write!(
        text,
        "---
servername: {}
port: {}
{}{}",
        quoted(&ondemand.servername),
        ondemand.port,
        lines("ssl", &tls(&ondemand.tls)),
        nodes(site, ondemand),
    );
    text.push_str(&match &ondemand.auth {
        Auth::Pam => pam(&site.cluster_name),
        Auth::Oidc(oidc) => self::oidc(oidc),
        Auth::Dex(dex) => self::dex(dex),
    });
    let mut file = ConfigFile::new(ONDEMAND_PORTAL_FILE, text).with_access(Access::root(0o600));
    file.secrets = match &ondemand.auth {
        Auth::Pam => Vec::new(),
        Auth::Oidc(_) => vec![SecretId::OndemandPassphrase, SecretId::OndemandClientSecret],
        Auth::Dex(dex) => {
            let bind = dex.bind.iter().map(|_| SecretId::OndemandBindPassword);
            std::iter::once(SecretId::OndemandPassphrase).chain(bind).collect()
        }
    };
    file.validate = Some([ONDEMAND_SCRIPT, "check", "{}"].map(str::to_owned).into());
    file
}

/// Lines of Apache's. They are there without files, too, because the generator takes
/// their presence for TLS. The files are those that [`super::script`] has looked at: new ones are
/// placed before that, and an Apache that runs would end over a wrong key when its log is rotated.
fn tls(tls: &Tls) -> Vec<String> {
    let mut lines = vec!["SSLProtocol -all +TLSv1.2 +TLSv1.3".to_owned()];
    if let Tls::Files(_) = tls {
        let files =
            [("SSLCertificateFile", ONDEMAND_CERTIFICATE), ("SSLCertificateKeyFile", ONDEMAND_KEY)];
        lines.extend(files.map(|(directive, path)| format!("{directive} \"{path}\"")));
    }
    lines
}

/// Where browsers are passed on to. The generator's default would be every host that
/// there is, outside, too.
fn nodes(site: &Site, ondemand: &Ondemand) -> String {
    if !ondemand.reaches_nodes() {
        return String::new();
    }
    format!(
        "node_uri: \"/node\"\nrnode_uri: \"/rnode\"\nhost_regex: {}\n",
        quoted(&compute_nodes(site))
    )
}

/// A regular expression for the compute nodes, with numbers as such: thousands of names
/// are a few words. A machine of another kind that has such a name is left out.
fn compute_nodes(site: &Site) -> String {
    let forms: BTreeSet<String> = site.compute_nodes().map(|node| form(&node.name.0)).collect();
    let others = site.machines().into_iter().filter(|machine| {
        !machine.roles.contains(&Role::Compute) && forms.contains(&form(&machine.name.0))
    });
    let others: Vec<String> = others.map(|machine| machine.name.0).collect();
    let not = match others.as_slice() {
        [] => String::new(),
        names => format!("(?!(?:{})/)", names.join("|")),
    };
    let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    format!("{not}(?:{})", forms.join("|"))
}

/// `cn001` is `cn\d+`; a host name has no other sign that would mean something.
fn form(name: &str) -> String {
    let mut form = String::new();
    for letter in name.chars() {
        match letter {
            digit if digit.is_ascii_digit() => {
                if !form.ends_with("\\d+") {
                    form.push_str("\\d+");
                }
            }
            other => form.push(other),
        }
    }
    form
}

/// pwauth asks PAM (`/etc/pam.d/pwauth`), as root and for one password at a time.
/// With mod_authnz_pam Apache would have to read /etc/shadow to know local passwords,
/// with everything else that runs in it. What was right is not asked again for a minute:
/// each picture of a page is a request.
fn pam(realm: &str) -> String {
    let auth = [
        "AuthType Basic".to_owned(),
        format!("AuthName \"{realm}\""),
        "AuthBasicProvider socache external".to_owned(),
        "AuthExternal pwauth".to_owned(),
        "AuthnCacheProvideFor external".to_owned(),
        "AuthnCacheContext ondemand".to_owned(),
        "AuthnCacheTimeout 60".to_owned(),
        "Require valid-user".to_owned(),
    ];
    let mut text = lines("auth", &auth);
    let external = "DefineExternalAuth pwauth pipe /usr/sbin/pwauth".to_owned();
    text.push_str(&lines("custom_vhost_directives", &[external]));
    text.push_str("dex: false\n");
    text
}

fn oidc(oidc: &Oidc) -> String {
    let metadata = format!("{}/.well-known/openid-configuration", oidc.issuer);
    let mut text = open_id_connect();
    let _ = write!(
        text,
        "oidc_uri: \"/oidc\"
oidc_provider_metadata_url: {}
oidc_client_id: {}
oidc_client_secret: \"{}\"
oidc_remote_user_claim: {}
",
        quoted(&metadata),
        quoted(&oidc.client_id),
        SecretId::OndemandClientSecret.placeholder(),
        quoted(&oidc.user_claim),
    );
    if let Some(domain) = &oidc.domain {
        // A pattern of Lua's (`mod_ood_proxy/lib/ood/user_map.lua`), and not a regular
        // expression: a percent sign makes of a sign itself.
        let domain = domain.replace('-', "%-").replace('.', "%.");
        let _ = writeln!(text, "user_map_match: {}", quoted(&format!("^([^@]+)@{domain}$")));
    }
    text.push_str("dex: false\n");
    text
}

/// What a sign-in by OpenID Connect needs, whoever the provider is.
fn open_id_connect() -> String {
    let auth = ["AuthType openid-connect".to_owned(), "Require valid-user".to_owned()];
    let passphrase = SecretId::OndemandPassphrase.placeholder();
    format!("{}oidc_crypto_passphrase: \"{passphrase}\"\n", lines("auth", &auth))
}

/// Dex is at /dex of the portal itself; the generator makes its configuration, and what
/// Apache needs of it. Without its one entry it would be a Dex that knows nobody.
fn dex(dex: &Dex) -> String {
    let mut text = open_id_connect();
    let (ldap, base, user) = (quoted(&dex.ldap), quoted(&dex.base_dn), quoted(&dex.user_attribute));
    let _ = write!(
        text,
        "dex:
  connectors:
    - type: ldap
      id: ldap
      name: LDAP
      config:
        host: {ldap}
        rootCA: /etc/ssl/certs/ca-certificates.crt
"
    );
    if let Some(bind) = &dex.bind {
        let password = SecretId::OndemandBindPassword.placeholder();
        let dn = quoted(&bind.dn);
        let _ = write!(text, "        bindDN: {dn}\n        bindPW: \"{password}\"\n");
    }
    let _ = write!(
        text,
        "        userSearch:
          baseDN: {base}
          username: {user}
          idAttr: {user}
          emailAttr: mail
          nameAttr: cn
          preferredUsernameAttr: {user}
"
    );
    text
}

fn lines(key: &str, lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| format!("  - {}\n", quoted(line))).collect();
    format!("{key}:\n{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(names: &str) -> Site {
        let text = include_str!("../../../tests/site/plain.toml");
        let text = text.replace("cn[1-2]", names);
        crate::site::parse("site.toml", &text).expect("a valid site").0
    }

    #[test]
    fn compute_nodes_are_told_from_others() {
        assert_eq!(compute_nodes(&site("cn[1-2]")), "(?:cn\\d+)");
        let own = compute_nodes(&site("ctl[8-9]"));
        assert_eq!(own, "(?!(?:ctl1|ctl2)/)(?:ctl\\d+)");
    }

    #[test]
    fn a_number_in_a_name_is_one_word() {
        assert_eq!(form("cn-12a007"), "cn-\\d+a\\d+");
    }
}
