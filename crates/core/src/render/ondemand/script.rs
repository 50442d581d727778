// SPDX-License-Identifier: Apache-2.0
//! What tries a configuration of Open OnDemand, and what brings one into service.

use crate::config_file::{Access, ConfigFile};
use crate::layout::{
    ONDEMAND_CERTIFICATE, ONDEMAND_KEY, ONDEMAND_LISTEN_FILE, ONDEMAND_PORTAL_FILE,
    ONDEMAND_SCRIPT, ONDEMAND_SERVER_FILE, ONDEMAND_STATE,
};
use crate::render::header;
use crate::secret::SecretId;
use crate::site::{Auth, Machine, Ondemand, Tls};

/// The generator's package brings a drop-in that runs the generator whenever Apache starts
/// or reloads (`packaging/files/apache-systemd.ood-portal.conf.erb`): an `ood_portal.yml` that
/// is in its place is as good as served. So it is tried before it gets there (`check`), and
/// what does not answer is taken out of there again (`serve`).
///
/// `apache2 -t` does not look whether a certificate is its key's (mod_ssl does so when it
/// starts, and an Apache that runs ends then at a reload): that is asked of openssl, of the
/// files as they come, before Apache gets copies of them.
pub(super) fn script(ondemand: &Ondemand, host: &Machine) -> ConfigFile {
    let header = header("#");
    let name = &ondemand.servername;
    let port = ondemand.port;
    let address = host.address;
    let modules = modules(ondemand);
    let certificate = certificate(ondemand);
    let served = match ondemand.tls {
        Tls::Files(_) => format!(" {ONDEMAND_CERTIFICATE} {ONDEMAND_KEY}"),
        Tls::Acme { .. } => String::new(),
    };
    let (pwauth, dex, expected) = match &ondemand.auth {
        Auth::Pam => (PWAUTH, "", 401),
        Auth::Oidc(_) => ("", "", 302),
        Auth::Dex(_) => ("", DEX, 302),
    };
    let text = format!(
        "#!/bin/sh
{header}# check FILE: whether the portal's generator and Apache accept it. serve: what is in place
# is served, and answers; or what answered before is put back.
set -eu
umask 077
generator=/opt/ood/ood-portal-generator
portal={ONDEMAND_PORTAL_FILE}
site=/etc/apache2/sites-available/ood-portal.conf
# What is kept of the last configuration that answered.
files=\"$portal {ONDEMAND_LISTEN_FILE} {ONDEMAND_SERVER_FILE}{served}\"
kept={ONDEMAND_STATE}

fail() {{
    echo \"$1\" >&2
    echo \"hint: $2\" >&2
    exit 1
}}

modules() {{
    a2enmod --quiet {modules} >/dev/null
    [ ! -e \"$site\" ] || a2ensite --quiet ood-portal >/dev/null
}}
{certificate}
check() {{
    [ -x \"$generator/bin/generate\" ] ||
        fail \"$generator/bin/generate is not there\" \"apt-get install --reinstall ondemand\"
{pwauth}    certificate
    # Apache looks whether they are there. Those that it shows are left to `serve`.
    has_certificate || take_certificate
    modules
    new=$(mktemp --directory)
    trap 'rm -rf \"$new\"' EXIT
    \"$generator/bin/generate\" --config \"$1\" --output \"$new/ood-portal.conf\" \\
        --dex \"$new/dex.yaml\" 2>\"$new/said\" ||
        fail \"the portal's generator refuses it: $(head -n 1 \"$new/said\")\" \\
            \"$generator/bin/generate --config $portal shows what it makes of the present one\"
    # The whole server, with the new site in the place of the present one.
    # Debian's links there are relative, and would lead nowhere from another place.
    mkdir \"$new/sites\"
    for enabled in /etc/apache2/sites-enabled/*; do
        [ ! -e \"$enabled\" ] || cp -L \"$enabled\" \"$new/sites/\"
    done
    mv \"$new/ood-portal.conf\" \"$new/sites/\"
    sed \"s|sites-enabled/|$new/sites/|\" /etc/apache2/apache2.conf >\"$new/apache2.conf\"
    apache2ctl -t -f \"$new/apache2.conf\" >\"$new/said\" 2>&1 ||
        fail \"Apache refuses what the portal's generator makes of it: $(head -n 3 \"$new/said\")\" \\
            \"apache2ctl -t tells whether it accepts the present configuration\"
}}

generate() {{
    status=0
    said=$(\"$generator/sbin/update_ood_portal\" --detailed-exitcodes \"$@\" 2>&1) || status=$?
    case $status in
    0 | 3) ;;
    4)
        fail \"somebody has changed $site by hand, and it is left as it is\" \\
            \"see what: diff $site $site.new; then $generator/sbin/update_ood_portal --force\"
        ;;
    *) fail \"the portal's generator failed: $said\" \"apt-get install --reinstall ondemand\" ;;
    esac
}}

# Apache keeps its sockets at a reload, and cannot take another address for the same port.
start() {{
    if cmp --silent {ONDEMAND_LISTEN_FILE} \"$kept/ports.conf\"; then
        systemctl reload-or-restart apache2.service
    else
        systemctl restart apache2.service
    fi
}}

# A page for which one has to sign in, as a browser asks for it.
answers() {{
    url=https://{name}:{port}/pun/sys/dashboard
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        # The certificate's name has been looked at, and whoever made it out may be the
        # site's own.
        code=$(curl --silent --insecure --max-time 10 --output /dev/null \\
            --write-out '%{{http_code}}' --connect-to ::{address}:{port} \"$url\") || true
        [ \"$code\" != {expected} ] || return 0
        sleep 1
    done
    return 1
}}

put_back() {{
    [ -e \"$kept/ood_portal.yml\" ] || return 1
    for file in $files; do
        [ ! -e \"$kept/${{file##*/}}\" ] || cat \"$kept/${{file##*/}}\" >\"$file\"
    done
    generate --force
    systemctl restart apache2.service
}}

serve() {{
    url=
    certificate
    take_certificate
    modules
    generate
{dex}    if apache2ctl configtest && start && answers; then
        mkdir -p \"$kept\"
        cp $files \"$kept/\"
        return
    fi
    why=\"Apache does not start with it\"
    [ -z \"$url\" ] || why=\"$url answers ${{code:-nothing}} at {address}, and not {expected}\"
    unchanged=yes
    for file in $files; do
        cmp --silent \"$file\" \"$kept/${{file##*/}}\" || unchanged=
    done
    if [ -z \"$unchanged\" ] && put_back; then
        why=\"$why; what answered before is served again\"
    fi
    fail \"$why\" \"journalctl -u apache2 -n 20; tail /var/log/apache2/{name}_error_ssl.log\"
}}

case $1 in
check) check \"$2\" ;;
serve) serve ;;
*)
    echo \"usage: $0 check FILE | serve\" >&2
    exit 2
    ;;
esac
"
    );
    ConfigFile::new(ONDEMAND_SCRIPT, text).with_access(Access::root(0o755))
}

/// Debian's names. Those of the portal itself its package enables, too
/// (`packaging/deb/postinst`).
fn modules(ondemand: &Ondemand) -> String {
    let mut modules = vec!["ssl", "rewrite", "headers", "lua"];
    modules.extend(["proxy", "proxy_http", "proxy_wstunnel"]);
    if let Tls::Acme { .. } = ondemand.tls {
        modules.push("md");
    }
    match ondemand.auth {
        Auth::Pam => {
            modules.extend(["auth_basic", "authnz_external", "authn_socache", "socache_shmcb"]);
        }
        Auth::Oidc(_) | Auth::Dex(_) => modules.push("auth_openidc"),
    }
    modules.join(" ")
}

/// Whether the certificate is its key's, in time, and made out for the portal's name.
fn certificate(ondemand: &Ondemand) -> String {
    let Tls::Files(_) = ondemand.tls else {
        return BY_APACHE.to_owned();
    };
    let path = |id: SecretId| id.location().path.display().to_string();
    let (certificate, key) = (path(SecretId::OndemandCertificate), path(SecretId::OndemandKey));
    let name = &ondemand.servername;
    format!(
        "
certificate() {{
    cure=\"name the right files as certificate_file and key_file of [ondemand]\"
    of_key=$(openssl pkey -in {key} -pubout 2>/dev/null) ||
        fail \"key_file of [ondemand] is no private key in PEM, or wants a password\" \"$cure\"
    of_certificate=$(openssl x509 -in {certificate} -noout -pubkey 2>/dev/null) ||
        fail \"certificate_file of [ondemand] is no certificate in PEM\" \"$cure\"
    [ \"$of_key\" = \"$of_certificate\" ] ||
        fail \"key_file of [ondemand] is not the key of certificate_file\" \"$cure\"
    openssl x509 -in {certificate} -noout -checkhost {name} | grep -q 'does match' ||
        fail \"certificate_file of [ondemand] is not made out for {name}\" \"$cure\"
    openssl x509 -in {certificate} -noout -checkend 0 >/dev/null ||
        fail \"certificate_file of [ondemand] has expired\" \"put a new one there\"
}}

has_certificate() {{
    [ -e {ONDEMAND_CERTIFICATE} ] && [ -e {ONDEMAND_KEY} ]
}}

# What has been looked at becomes what Apache reads.
take_certificate() {{
    mkdir -p \"$kept/served\"
    cat {key} >{ONDEMAND_KEY}
    cat {certificate} >{ONDEMAND_CERTIFICATE}
}}
"
    )
}

/// With ACME.
const BY_APACHE: &str = "
# Apache's own business.
certificate() {
    :
}

has_certificate() {
    :
}

take_certificate() {
    :
}
";

/// It is setuid root, and Debian lets every user of the machine start it, to try passwords.
const PWAUTH: &str = "    \
    dpkg-statoverride --list /usr/sbin/pwauth >/dev/null ||
        dpkg-statoverride --update --add root www-data 4750 /usr/sbin/pwauth
";

/// The generator writes Dex's configuration as well, and starts nothing.
const DEX: &str = "    \
    systemctl enable --quiet ondemand-dex.service
    systemctl restart ondemand-dex.service
";
