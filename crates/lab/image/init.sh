#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# First process of a lab machine: loads the disk's driver and goes on from it.
busybox=/bin/busybox
$busybox mount -t devtmpfs dev /dev
for module in /modules/*.ko; do
    $busybox insmod "$module" || echo "slurmha-lab: cannot load $module"
done
tries=0
while [ ! -b /dev/vda ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || { echo "slurmha-lab: no disk /dev/vda"; exec $busybox sh; }
    $busybox usleep 50000
done
$busybox mount -t ext4 -o rw /dev/vda /root || { echo "slurmha-lab: cannot mount /dev/vda"; exec $busybox sh; }
$busybox mount -o move /dev /root/dev
exec $busybox switch_root /root /sbin/init
