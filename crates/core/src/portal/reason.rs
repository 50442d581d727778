// SPDX-License-Identifier: Apache-2.0
//! Why a job waits, in words.
//!
//! Slurm's words are those of `job_reason_string()` (22.05, slurm_protocol_defs.c); what they
//! mean is in squeue(1), JOB REASON CODES, and job_reason_codes.html.

/// Reasons with a sentence of their own: Slurm's word, what it means, and what
/// a user can do.
const WORDS: [(&str, &str, &str); 37] = [
    ("None", "The scheduler has not looked at it yet.", ""),
    ("Priority", "Other jobs have a higher priority and come first.", ""),
    ("Resources", "It waits for nodes, processors or memory that other jobs use now.", ""),
    ("Dependency", "It waits for another job, as you asked.", ""),
    (
        "DependencyNeverSatisfied",
        "It waits for a job that did not end as it should, and will never start.",
        "Cancel it.",
    ),
    ("BeginTime", "Its earliest start, which you or a restart have set, has not come yet.", ""),
    (
        "JobHeldUser",
        "You, or a coordinator of your account, hold it.",
        "scontrol release JOB lets it go.",
    ),
    ("JobHeldAdmin", "An administrator holds it.", "Ask them why."),
    ("JobHoldMaxRequeue", "It has been started too often and is held.", "Ask an administrator."),
    ("JobArrayTaskLimit", "As many tasks of this array run as it allows at once.", ""),
    ("Licenses", "It waits for a licence that is in use.", ""),
    ("Reservation", "It waits for its reservation to begin.", ""),
    ("ReqNodeNotAvail", "A node that it needs cannot be had now: it is down, or reserved.", ""),
    ("NodeDown", "A node that it needs is down.", ""),
    ("PartitionDown", "Its partition takes jobs, but starts none now.", ""),
    ("PartitionInactive", "Its partition is switched off.", "Submit it to another one."),
    (
        "PartitionNodeLimit",
        "It asks for more or fewer nodes than its partition gives, or they are out of service.",
        "Look at the nodes; if they are well, submit it with another number.",
    ),
    (
        "PartitionTimeLimit",
        "It asks for more time than its partition gives.",
        "Submit it with a shorter limit, or to another partition.",
    ),
    ("PartitionConfig", "It asks for more than its partition gives.", "Submit it with less."),
    ("BadConstraints", "No node can ever be as it asks.", "Cancel it and ask for something else."),
    ("Constraints", "No node is as it asks at this time.", ""),
    ("Cleaning", "It has been started before and is being cleaned up after.", ""),
    ("Prolog", "Its nodes are being prepared.", ""),
    ("InvalidAccount", "Its account is not valid.", "Ask an administrator."),
    ("InvalidQOS", "Its quality of service (QOS) is not valid.", "Ask an administrator."),
    ("AccountNotAllowed", "Its account may not use this partition.", "Submit it to another one."),
    ("QOSNotAllowed", "Its QOS may not be used here.", "Submit it to another partition."),
    ("DeadLine", "It cannot end before its deadline.", "Cancel it."),
    ("JobLaunchFailure", "It could not be started on its nodes.", "Ask an administrator."),
    (
        "SystemFailure",
        "Slurm itself, its network or a file system failed.",
        "Ask an administrator.",
    ),
    ("NonZeroExitCode", "Its script ended with an error.", "Its output says more."),
    ("TimeLimit", "It has used up its time.", "Submit it with a longer limit."),
    ("OutOfMemory", "It needed more memory than it asked for.", "Submit it with more."),
    ("InactiveLimit", "It did nothing for longer than is allowed.", ""),
    ("BurstBufferResources", "It waits for room in the burst buffer.", ""),
    ("BurstBufferStageIn", "Its data are on the way into the burst buffer.", ""),
    ("BurstBufferOperation", "The burst buffer failed.", "Ask an administrator."),
];

/// Families of reasons, by how the word begins; the first that fits.
const FAMILIES: [(&str, &str, &str); 7] = [
    (
        "AssocGrp",
        "Your group or account uses as much as it may.",
        "It starts when other jobs of the group have ended.",
    ),
    (
        "AssocMaxJobsLimit",
        "As many of your jobs run as may at once.",
        "It starts when one of them has ended.",
    ),
    ("AssocMax", "It asks for more than one job of your account may have.", "Submit it with less."),
    (
        "QOSGrp",
        "All jobs of its QOS together use as much as they may.",
        "It starts when others have ended.",
    ),
    (
        "QOSMaxJobsPerUserLimit",
        "As many of your jobs run in this QOS as may at once.",
        "It starts when one of them has ended.",
    ),
    (
        "QOSMax",
        "It asks for more than its QOS allows a job or a user.",
        "Wait for your other jobs, or submit it with less.",
    ),
    ("QOSMin", "It asks for less than its QOS wants.", "Submit it with more."),
];

/// A reason in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Why, in a sentence.
    pub why: &'static str,
    /// What the user can do; empty where waiting is all.
    pub cure: &'static str,
}

/// What Slurm's reason means; `None` for one that is not known here, which
/// is then shown as it is. Slurm may write more behind the word:
/// `ReqNodeNotAvail, UnavailableNodes:cn1`.
pub fn words(reason: &str) -> Option<Words> {
    let word = reason.split([',', ' ', '(']).next().unwrap_or_default();
    if word.starts_with("Max") && word.ends_with("PerAccount") {
        return Some(Words {
            why: "Your account uses as much of its QOS as it may.",
            cure: "It starts when other jobs of the account have ended.",
        });
    }
    let own = WORDS.iter().find(|(known, ..)| *known == word);
    let family = || FAMILIES.iter().find(|(start, ..)| word.starts_with(start));
    own.or_else(family).map(|(_, why, cure)| Words { why, cure })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_word_does_not_matter() {
        let plain = words("ReqNodeNotAvail").expect("words");
        assert_eq!(words("ReqNodeNotAvail, UnavailableNodes:cn[1-4]"), Some(plain));
    }

    #[test]
    fn families_are_known_and_strangers_are_not() {
        for reason in
            ["AssocGrpGRESRunMinutes", "QOSMaxGRESPerNode", "QOSMinGRES", "MaxJobsPerAccount"]
        {
            assert!(words(reason).is_some(), "{reason}");
        }
        assert!(words("AssocMaxJobsLimit").expect("words").why.starts_with("As many"));
        for reason in ["", "launch failed requeued held", "Sulking", "MaxMemPerLimit"] {
            assert_eq!(words(reason), None, "{reason}");
        }
    }

    #[test]
    fn each_is_a_sentence() {
        for (word, why, cure) in WORDS.iter().chain(&FAMILIES) {
            assert!(why.ends_with('.') && (cure.is_empty() || cure.ends_with('.')), "{word}");
        }
    }
}
