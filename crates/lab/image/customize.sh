#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Turns the unpacked packages into the lab's image; $1 is the root, $2 the
# directory that holds this script and the files it installs.
set -eu
root=$1
here=$2

# Who a machine is comes from outside, at its first boot.
install -D -m 755 "$here/identity.sh" "$root/usr/lib/slurmha-lab/identity"
install -D -m 644 "$here/slurmha-lab-identity.service" \
    "$root/etc/systemd/system/slurmha-lab-identity.service"
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/etc/munge/munge.key" \
    "$root/var/lib/systemd/random-seed" "$root/var/lib/dbus/machine-id"
: >"$root/etc/machine-id"

# Nothing runs of its own accord: what the site needs, slurmha starts.
# (A preset would also answer for units enabled later, so it does not stay.)
preset=$root/etc/systemd/system-preset/00-slurmha-lab.preset
mkdir -p "${preset%/*}"
cat >"$preset" <<EOF
enable ssh.service
enable slurmha-lab-identity.service
disable *
EOF
systemctl --root="$root" preset-all
rm "$preset"
# System V scripts get a unit of their own from systemd's generator.
for link in "$root"/etc/rc[2-5].d/S*; do
    [ -e "$link" ] || continue
    case $link in
    *ssh) ;;
    *) mv "$link" "$(echo "$link" | sed 's,/S\([0-9][0-9]\)\([^/]*\)$,/K01\2,')" ;;
    esac
done
# One machine is also what a site has outside of its cluster: a file server, with
# the homes. It is the one that is given something to export. NFS 4 alone, so that
# nobody needs rpcbind.
rm -f "$root/etc/exports"
mkdir -p "$root/srv/home" "$root/etc/nfs.conf.d"
printf '[nfsd]\nvers3=n\nthreads=2\n' >"$root/etc/nfs.conf.d/slurmha-lab.conf"
for unit in rpcbind.service rpcbind.socket rpc-statd.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
install -D -m 644 "$here/slurmha-lab-file-server.service" \
    "$root/etc/systemd/system/slurmha-lab-file-server.service"
systemctl --root="$root" enable slurmha-lab-file-server.service
# Timers of the distribution would wake emulated machines in the middle of a
# measurement.
for timer in apt-daily apt-daily-upgrade dpkg-db-backup e2scrub_all fstrim \
    logrotate man-db systemd-tmpfiles-clean; do
    ln -sf /dev/null "$root/etc/systemd/system/$timer.timer"
done
# Who administers a machine logs in by ssh and leaves nothing running there, but a service
# manager would start for each who does.
ln -sf /dev/null "$root/etc/systemd/system/user@0.service"
# Nobody logs in at the console, which is a file.
ln -sf /dev/null "$root/etc/systemd/system/serial-getty@ttyS0.service"

# Logs must outlive a power cut.
mkdir -p "$root/var/log/journal"
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=persistent\nSystemMaxUse=64M\n' \
    >"$root/etc/systemd/journald.conf.d/slurmha-lab.conf"

echo '/dev/vda / ext4 rw,relatime,errors=remount-ro 0 0' >"$root/etc/fstab"
: >"$root/etc/resolv.conf"
# Root comes in by key only, and a login is not worth a name lookup.
mkdir -p "$root/etc/ssh/sshd_config.d" "$root/root/.ssh"
# PAM and its session are a good part of what a login costs in emulation.
printf 'PermitRootLogin prohibit-password\nUseDNS no\nUsePAM no\nMaxStartups 100\nMaxSessions 100\n' \
    >"$root/etc/ssh/sshd_config.d/slurmha-lab.conf"

# The mirror of whoever built the image is nobody else's business.
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* \
    "$root"/etc/apt/apt.conf.d/99mmdebstrap "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin

sh "$here/initrd.sh" "$root" "$here"
