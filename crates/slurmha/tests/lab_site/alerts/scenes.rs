// SPDX-License-Identifier: Apache-2.0
//! One scene for each way in which something fails. Those that do not disturb
//! each other are played together; those whose alerts last, because a fence is
//! told for an hour and a restart for a quarter of one, come last.

use super::scene::Act::{Lab, On};
use super::scene::Who::{Active, Login, Passive};
use super::scene::{Batch, Scene, explained, lasting, told, unheard};

pub const BATCHES: &[Batch] = &[
    Batch {
        is_looked_on: false,
        scenes: &[
            Scene {
                name: "things are set aside and forgotten",
                wrong: &[
                    On(Active, "crm_resource --ban --resource vip --node {passive}"),
                    On(Active, "crm_attribute --name stonith-enabled --update false"),
                    On(
                        Active,
                        "crm_resource --resource fence-{passive} --meta --set-parameter target-role --parameter-value Stopped",
                    ),
                    On(Active, "scontrol update nodename=cn2 state=drain reason=fan"),
                    On(Passive, "systemctl stop slurmha-watch"),
                ],
                right: &[
                    On(Passive, "systemctl start slurmha-watch"),
                    On(Active, "scontrol update nodename=cn2 state=resume"),
                    On(
                        Active,
                        "crm_resource --resource fence-{passive} --meta --delete-parameter target-role",
                    ),
                    On(Active, "crm_attribute --name stonith-enabled --update true"),
                    On(Active, "crm_resource --clear --resource vip"),
                ],
                raises: &[
                    told("SlurmhaLeftoverBan"),
                    told("SlurmhaFencingDisabled"),
                    told("SlurmhaResourceStopped"),
                    told("SlurmhaNodesDrained"),
                    told("SlurmhaWatcherDown"),
                ],
            },
            Scene {
                name: "the portal hangs, and nobody can sign in",
                wrong: &[
                    On(Login, "systemctl kill --signal=STOP slurmha-portal"),
                    On(Login, "systemctl stop slurmha-portal-session.socket"),
                ],
                right: &[
                    On(Login, "systemctl start slurmha-portal-session.socket"),
                    On(Login, "systemctl kill --signal=CONT slurmha-portal"),
                ],
                raises: &[told("SlurmhaPortalDown"), told("SlurmhaPortalClosed")],
            },
            // The preference is for where it is: nothing moves.
            Scene {
                name: "settings that only a failure needs are undone, and a move is left behind",
                wrong: &[
                    On(Active, "crm_resource --move --resource database --node {active} --force"),
                    On(Active, "mount -o remount,commit=5 /srv/slurmha/state"),
                    On(
                        Passive,
                        "for minor in 0 1; do drbdsetup disk-options $minor --fencing=dont-care; done",
                    ),
                    On(Passive, "corosync-cmapctl -s quorum.device.timeout u32 10000"),
                ],
                right: &[
                    On(Passive, "corosync-cfgtool -R"),
                    On(Passive, "drbdadm adjust slurm_data"),
                    On(Active, "mount -o remount,commit=1 /srv/slurmha/state"),
                    On(Active, "crm_resource --clear --resource database"),
                ],
                raises: &[
                    told("SlurmhaLeftoverPreference"),
                    told("SlurmhaStateMountWeak"),
                    told("SlurmhaDrbdFencingOff"),
                    told("SlurmhaArbiterTimeoutLong"),
                ],
            },
            // Before another fills it and lets it go: whatever goes down and up again is no trend.
            Scene {
                name: "the passive controller's disk fills up",
                wrong: &[
                    On(
                        Passive,
                        "fallocate -l $(($(df --output=avail -k / | tail -1) * 1024 - \
                 $(df --output=size -k / | tail -1) * 1024 / 5)) /lab-ballast",
                    ),
                    On(
                        Passive,
                        "systemd-run --quiet --unit=lab-fill sh -c \
                 'for i in $(seq 40); do fallocate -l 5M /lab-ballast-$i; sleep 10; done'",
                    ),
                ],
                right: &[On(Passive, "systemctl stop lab-fill 2>/dev/null; rm -f /lab-ballast*")],
                raises: &[told("SlurmhaDiskFilling")],
            },
        ],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "the passive controller is set aside",
            wrong: &[On(Active, "crm_standby --node {passive} --update on")],
            right: &[On(Active, "crm_standby --node {passive} --delete")],
            raises: &[
                told("SlurmhaControllerStandby"),
                told("SlurmhaDrbdDown"),
                explained("SlurmhaDrbdDisconnected"),
            ],
        }],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "the cluster's software is stopped on the passive controller",
            wrong: &[On(Passive, "systemctl stop pacemaker corosync-qdevice corosync")],
            right: &[On(Passive, "systemctl start corosync corosync-qdevice pacemaker")],
            raises: &[
                told("SlurmhaControllerOffline"),
                told("SlurmhaExporterBlind"),
                explained("SlurmhaVotesMissing"),
            ],
        }],
    },
    Batch {
        is_looked_on: true,
        scenes: &[Scene {
            name: "the VIP is taken away by hand",
            wrong: &[On(
                Active,
                "ip -o addr show to {vip} | awk '{print $2, $4}' > /run/lab-vip; \
                 read dev address < /run/lab-vip; ip addr del $address dev $dev",
            )],
            right: &[On(Active, "read dev address < /run/lab-vip; ip addr add $address dev $dev")],
            raises: &[
                told("SlurmhaMaintenanceMode"),
                explained("SlurmhaControllerStandby"),
                explained("SlurmhaResourceUnmanaged"),
                told("SlurmhaVipNowhere"),
            ],
        }],
    },
    Batch {
        is_looked_on: true,
        scenes: &[
            Scene {
                name: "the VIP is on the passive controller, too",
                wrong: &[On(Passive, "ip addr add {vip}/32 dev lo")],
                right: &[On(Passive, "ip addr del {vip}/32 dev lo")],
                raises: &[told("SlurmhaVipTwice"), told("SlurmhaVipElsewhere")],
            },
            Scene {
                name: "the control plane's daemons are stopped by hand",
                wrong: &[On(Active, "systemctl stop slurmctld slurmdbd mariadb")],
                right: &[
                    On(Active, "systemctl start mariadb && systemctl start slurmdbd && sleep 5"),
                    On(Active, "systemctl start slurmctld"),
                ],
                raises: &[
                    told("SlurmhaSlurmctldDown"),
                    told("SlurmhaMariadbDown"),
                    explained("SlurmhaSlurmdbdDown"),
                ],
            },
            Scene {
                name: "a disk under DRBD is dropped",
                wrong: &[On(Active, "drbdadm detach slurm_data/0")],
                right: &[On(Active, "drbdadm attach slurm_data/0")],
                raises: &[told("SlurmhaDrbdDiskless"), told("SlurmhaDrbdActiveDiskBad")],
            },
        ],
    },
    Batch {
        is_looked_on: false,
        scenes: &[
            Scene {
                name: "mariadb is killed, and nobody looks why",
                wrong: &[On(Active, "systemctl kill --signal=KILL mariadb")],
                right: &[On(Active, "crm_resource --cleanup >/dev/null 2>&1; true")],
                raises: &[told("SlurmhaFailedOperations")],
            },
            Scene {
                name: "the arbiter is lost",
                wrong: &[On(Login, "systemctl stop corosync-qnetd")],
                right: &[On(Login, "systemctl start corosync-qnetd")],
                raises: &[told("SlurmhaArbiterVoteMissing"), explained("SlurmhaVotesMissing")],
            },
        ],
    },
    Batch {
        is_looked_on: false,
        scenes: &[
            Scene {
                name: "slurmdbd is taken from Pacemaker and dies",
                wrong: &[
                    On(
                        Active,
                        "crm_resource --resource slurmdbd --meta --set-parameter is-managed --parameter-value false",
                    ),
                    On(Active, "systemctl kill --signal=KILL slurmdbd"),
                    On(Login, "sbatch --hold --output=/dev/null --wrap hostname"),
                ],
                right: &[
                    On(Active, "systemctl start slurmdbd"),
                    On(
                        Active,
                        "crm_resource --resource slurmdbd --meta --delete-parameter is-managed",
                    ),
                    On(Active, "crm_resource --cleanup >/dev/null; crm_resource --wait"),
                ],
                raises: &[
                    told("SlurmhaResourceUnmanaged"),
                    told("SlurmhaSlurmdbdDown"),
                    explained("SlurmhaDbdQueue"),
                ],
            },
            Scene {
                name: "the VIP is taken from Pacemaker and fails",
                wrong: &[
                    On(
                        Active,
                        "crm_resource --resource vip --meta --set-parameter is-managed --parameter-value false",
                    ),
                    On(Active, "crm_resource --resource vip --node {active} --fail"),
                ],
                right: &[
                    On(Active, "crm_resource --resource vip --cleanup >/dev/null 2>&1; true"),
                    On(Active, "crm_resource --resource vip --meta --delete-parameter is-managed"),
                ],
                raises: &[told("SlurmhaResourceFailed")],
            },
            Scene {
                name: "a node of two is down",
                wrong: &[On(Active, "scontrol update nodename=cn1 state=down reason=lab")],
                right: &[On(Active, "scontrol update nodename=cn1 state=resume 2>&1 || true")],
                raises: &[told("SlurmhaManyNodesDown"), explained("SlurmhaNodesDown")],
            },
            Scene {
                name: "the passive controller's disk is full, its clock wrong, its memory exhausted",
                wrong: &[
                    On(
                        Passive,
                        "fallocate -l $(($(df --output=avail -k / | tail -1) * 1024 - \
                 $(df --output=size -k / | tail -1) * 1024 / 50)) /lab-ballast",
                    ),
                    On(Passive, "systemctl stop chrony; date --set=+2minutes >/dev/null"),
                    On(
                        Passive,
                        "systemd-run --quiet --unit=lab-memory python3 -c \
                 'import time, re; \
                  free = int(re.search(\"MemAvailable: *(\\d+)\", open(\"/proc/meminfo\").read())[1]); \
                  total = int(re.search(\"MemTotal: *(\\d+)\", open(\"/proc/meminfo\").read())[1]); \
                  kept = b\"x\" * ((free - total // 30) * 1024); time.sleep(3600)'",
                    ),
                    On(
                        Passive,
                        "systemd-run --quiet --unit=lab-oom --property=MemoryMax=20M \
                 --property=MemorySwapMax=0 python3 -c 'kept = b\"x\" * 60000000'",
                    ),
                ],
                right: &[
                    On(Passive, "systemctl stop lab-memory; systemctl reset-failed lab-oom; true"),
                    On(Passive, "rm -f /lab-ballast; date --set=-2minutes >/dev/null"),
                    On(Passive, "systemctl start chrony"),
                ],
                raises: &[
                    told("SlurmhaDiskFull"),
                    told("SlurmhaClockWrong"),
                    told("SlurmhaMemoryExhausted"),
                    lasting("SlurmhaOutOfMemoryKill"),
                ],
            },
            Scene {
                name: "the database's volume fills up",
                wrong: &[On(
                    Active,
                    "cd /srv/slurmha/database && \
             fallocate -l $(($(df --output=avail -k . | tail -1) * 1024 - \
             $(df --output=size -k . | tail -1) * 1024 / 16)) lab-ballast",
                )],
                right: &[On(Active, "rm -f /srv/slurmha/database/lab-ballast")],
                raises: &[told("SlurmhaVolumeNearlyFull")],
            },
        ],
    },
    Batch {
        is_looked_on: false,
        scenes: &[
            Scene {
                name: "slurmctld's saved state gets old",
                wrong: &[On(
                    Active,
                    "systemd-run --quiet --unit=lab-old sh -c \
             'while sleep 1; do touch --date=-1hour /srv/slurmha/state/slurmctld/job_state; done'",
                )],
                right: &[On(
                    Active,
                    "systemctl stop lab-old; touch /srv/slurmha/state/slurmctld/job_state",
                )],
                raises: &[told("SlurmhaSavedStateOld")],
            },
            Scene {
                name: "all nodes are down",
                wrong: &[On(Active, "scontrol update nodename=cn[1-2] state=down reason=lab")],
                right: &[On(Active, "scontrol update nodename=cn[1-2] state=resume 2>&1 || true")],
                raises: &[told("SlurmhaAllNodesDown"), explained("SlurmhaManyNodesDown")],
            },
            Scene {
                name: "the database's volume is full",
                wrong: &[On(
                    Active,
                    "cd /srv/slurmha/database && \
             fallocate -l $(($(df --output=avail -k . | tail -1) * 1024 - \
             $(df --output=size -k . | tail -1) * 1024 / 50)) lab-ballast",
                )],
                right: &[On(Active, "rm -f /srv/slurmha/database/lab-ballast")],
                raises: &[told("SlurmhaVolumeFull"), explained("SlurmhaVolumeNearlyFull")],
            },
            Scene {
                name: "those who tell are dead",
                wrong: &[
                    On(Passive, "systemctl stop slurmha-exporter"),
                    On(Active, "systemctl stop prometheus-node-exporter"),
                    On(Passive, "systemctl kill --signal=SEGV chrony"),
                    On(Login, "systemctl stop slurmha-pages"),
                ],
                right: &[
                    On(Login, "systemctl start slurmha-pages"),
                    On(Passive, "systemctl reset-failed chrony; systemctl start chrony"),
                    On(Active, "systemctl start prometheus-node-exporter"),
                    On(Passive, "systemctl start slurmha-exporter"),
                ],
                raises: &[
                    told("SlurmhaExporterDown"),
                    told("SlurmhaNodeExporterDown"),
                    told("SlurmhaUnitFailed"),
                    told("SlurmhaPagesBlind"),
                ],
            },
            Scene {
                name: "an administrator breaks the rules and the routes",
                wrong: &[
                    On(
                        Login,
                        "cp /etc/prometheus/slurmha.rules.yml /run/lab-rules; \
                 printf '%s\\n' '  - name: lab' '    rules:' '      - record: lab:broken' \
                 '        expr: up * on (job) up' >> /etc/prometheus/slurmha.rules.yml; \
                 systemctl reload prometheus",
                    ),
                    On(
                        Login,
                        "cp --preserve /etc/prometheus/alertmanager.yml /run/lab-routes; \
                 echo 'broken: [' >> /etc/prometheus/alertmanager.yml; \
                 systemctl reload prometheus-alertmanager",
                    ),
                ],
                right: &[
                    On(Login, "cat /run/lab-rules > /etc/prometheus/slurmha.rules.yml"),
                    On(Login, "cat /run/lab-routes > /etc/prometheus/alertmanager.yml"),
                    On(Login, "systemctl reload prometheus prometheus-alertmanager"),
                ],
                raises: &[told("SlurmhaRulesFailing"), told("SlurmhaConfigReloadFailed")],
            },
            Scene {
                name: "the replication link is slow",
                wrong: &[On(Passive, "tc qdisc add dev eth2 root netem delay 200ms")],
                right: &[On(Passive, "tc qdisc del dev eth2 root")],
                raises: &[told("SlurmhaCorosyncLinkSlow")],
            },
        ],
    },
    // The end comes within the bound only if the restart is a cure: by itself it would
    // come nine minutes after the clock was put right.
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "the active controller's clock jumps ahead and back",
            wrong: &[
                On(Active, "systemctl stop chrony; date --set=+10minutes >/dev/null"),
                On(Active, "sleep 20; date --set=-10minutes >/dev/null"),
            ],
            right: &[
                On(Active, "systemctl start chrony"),
                On(Active, "crm_resource --restart --resource slurmctld --timeout=300"),
            ],
            raises: &[told("SlurmhaSchedulerStandsStill")],
        }],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "the replication link comes and goes",
            wrong: &[
                Lab(&["link", "cut", "{passive}", "replication"]),
                On(Login, "sleep 20"),
                Lab(&["link", "restore", "{passive}", "replication"]),
                On(Login, "sleep 20"),
                Lab(&["link", "cut", "{passive}", "replication"]),
                On(Login, "sleep 20"),
                Lab(&["link", "restore", "{passive}", "replication"]),
                On(Login, "sleep 20"),
                Lab(&["link", "cut", "{passive}", "replication"]),
                On(Login, "sleep 20"),
            ],
            right: &[Lab(&["link", "restore", "{passive}", "replication"])],
            raises: &[lasting("SlurmhaCorosyncLinkFlaps")],
        }],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "the replication link is cut",
            wrong: &[Lab(&["link", "cut", "{passive}", "replication"])],
            right: &[Lab(&["link", "restore", "{passive}", "replication"])],
            raises: &[
                told("SlurmhaCorosyncLinkDown"),
                told("SlurmhaDrbdDisconnected"),
                explained("SlurmhaLeftoverBan"),
            ],
        }],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "who is told refuses to be, for two minutes",
            wrong: &[
                On(Login, "touch /run/lab-deaf"),
                On(Passive, "systemctl stop slurmha-watch"),
                On(Login, "sleep 120; rm /run/lab-deaf"),
            ],
            right: &[On(Passive, "systemctl start slurmha-watch")],
            raises: &[lasting("SlurmhaNotificationsFailing"), told("SlurmhaWatcherDown")],
        }],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "who tells people is dead",
            wrong: &[On(Login, "systemctl stop prometheus-alertmanager")],
            right: &[On(Login, "systemctl start prometheus-alertmanager")],
            raises: &[unheard("SlurmhaMonitoringDown"), unheard("SlurmhaAlertmanagerUnreachable")],
        }],
    },
    Batch {
        is_looked_on: true,
        scenes: &[Scene {
            name: "DRBD is disconnected by hand",
            wrong: &[On(Passive, "drbdadm disconnect slurm_data")],
            right: &[On(Passive, "drbdadm connect slurm_data")],
            raises: &[told("SlurmhaDrbdStandAlone"), explained("SlurmhaDrbdDisconnected")],
        }],
    },
    Batch {
        is_looked_on: true,
        scenes: &[Scene {
            name: "a resync is paused",
            wrong: &[
                On(Passive, "drbdadm disconnect slurm_data"),
                On(
                    Active,
                    "dd if=/dev/urandom of=/srv/slurmha/state/lab-ballast bs=1M count=16 conv=fsync",
                ),
                On(Passive, "drbdadm connect slurm_data; drbdadm pause-sync slurm_data/0"),
            ],
            right: &[
                On(Passive, "drbdadm resume-sync slurm_data/0"),
                On(Active, "rm -f /srv/slurmha/state/lab-ballast"),
            ],
            raises: &[told("SlurmhaDrbdNotUpToDate"), told("SlurmhaDrbdResyncSlow")],
        }],
    },
    Batch {
        is_looked_on: true,
        scenes: &[Scene {
            name: "a copy has rotted, and `drbdadm verify` sees it",
            wrong: &[
                On(
                    Passive,
                    "dd if=/dev/urandom of=/dev/vdb bs=4k seek=2560 count=1 oflag=direct conv=notrunc",
                ),
                On(
                    Passive,
                    "drbdsetup verify 0 --start=20000s --stop=21000s || drbdadm verify slurm_data/0",
                ),
            ],
            right: &[On(Passive, "drbdadm disconnect slurm_data && drbdadm connect slurm_data")],
            raises: &[told("SlurmhaDrbdOutOfSync")],
        }],
    },
    Batch {
        is_looked_on: true,
        scenes: &[Scene {
            name: "DRBD suspends I/O",
            wrong: &[On(Active, "drbdadm suspend-io slurm_data/0")],
            right: &[On(Active, "drbdadm resume-io slurm_data/0")],
            raises: &[told("SlurmhaDrbdSuspended")],
        }],
    },
    Batch {
        is_looked_on: true,
        scenes: &[Scene {
            name: "both controllers are made active by force",
            wrong: &[On(
                Passive,
                "drbdadm disconnect slurm_data; \
                 for minor in 0 1; do drbdsetup disk-options $minor --fencing=dont-care; done; \
                 drbdadm primary --force slurm_data",
            )],
            right: &[
                On(Passive, "drbdadm secondary slurm_data; drbdadm adjust slurm_data || true"),
                On(Passive, "drbdadm disconnect slurm_data || true"),
                On(Active, "drbdadm connect slurm_data 2>/dev/null || true"),
                On(Passive, "drbdadm connect --discard-my-data slurm_data"),
            ],
            raises: &[told("SlurmhaTwoActiveControllers")],
        }],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "the passive controller's link to the cluster network is cut",
            wrong: &[Lab(&["link", "cut", "{passive}", "cluster"])],
            right: &[Lab(&["link", "restore", "{passive}", "cluster"])],
            raises: &[told("SlurmhaReachesNobody"), told("SlurmhaControllerDown")],
        }],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "the arbiter is lost, and then the passive controller",
            wrong: &[
                On(Login, "systemctl stop corosync-qnetd"),
                On(Passive, "systemctl stop pacemaker corosync-qdevice corosync"),
            ],
            right: &[
                On(Login, "systemctl start corosync-qnetd"),
                On(Passive, "systemctl start corosync corosync-qdevice pacemaker"),
            ],
            raises: &[
                told("SlurmhaQuorumLost"),
                told("SlurmhaNoActiveController"),
                explained("SlurmhaVipNowhere"),
            ],
        }],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "a disk of the passive controller fails, and it is reset",
            wrong: &[On(Passive, "echo u > /proc/sysrq-trigger")],
            right: &[On(
                Passive,
                "systemd-run --quiet --on-active=1 sh -c 'echo b > /proc/sysrq-trigger' || echo b > /proc/sysrq-trigger",
            )],
            raises: &[told("SlurmhaRootReadOnly")],
        }],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "the passive controller loses its power",
            wrong: &[Lab(&["power", "off", "{passive}"])],
            right: &[],
            raises: &[
                told("SlurmhaControllerDown"),
                lasting("SlurmhaControllerFenced"),
                lasting("SlurmhaMachineRestarted"),
            ],
        }],
    },
    Batch {
        is_looked_on: false,
        scenes: &[Scene {
            name: "the passive controller loses its power, and its BMC does not answer",
            wrong: &[
                Lab(&["link", "cut", "{passive}", "bmc"]),
                Lab(&["power", "off", "{passive}"]),
            ],
            right: &[Lab(&["link", "restore", "{passive}", "bmc"])],
            raises: &[
                told("SlurmhaControllerUnclean"),
                told("SlurmhaFencingFailed"),
                told("SlurmhaFencingPending"),
            ],
        }],
    },
];
