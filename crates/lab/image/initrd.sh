#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the machines' initial file system in $1/boot/slurmha-lab.initrd: a
# shell, six modules and no udev, because every process start is slow in
# emulation.
set -eu
root=$1
here=$2

kernel=$(ls "$root/lib/modules" | tail -n 1)
work=$root/tmp/initrd
mkdir -p "$work/bin" "$work/dev" "$work/root" "$work/modules"
cp "$root/bin/busybox" "$work/bin/busybox"
install -m 755 "$here/init.sh" "$work/init"
number=10
for name in virtio_pci virtio_blk virtio_net; do
    for module in $(chroot "$root" modprobe -S "$kernel" --show-depends "$name" |
        sed -n 's/^insmod \([^ ]*\).*/\1/p'); do
        base=${module##*/}
        [ -z "$(find "$work/modules" -name "[0-9][0-9]-$base")" ] || continue
        cp "$root$module" "$work/modules/$number-$base"
        number=$((number + 1))
    done
done
chroot "$root" sh -c \
    'cd /tmp/initrd && find . | LC_ALL=C sort | cpio --quiet -o -H newc >/boot/slurmha-lab.initrd'
rm -r "$work"
cp "$root/boot/vmlinuz-$kernel" "$root/boot/slurmha-lab.kernel"
