// SPDX-License-Identifier: Apache-2.0
//! `/etc/slurm/cli_filter.lua`: what Slurm's clients do after a submission.

use crate::config_file::ConfigFile;
use crate::layout::BINARY;
use crate::site::{DurableSubmit, Site};

/// The filter, or nothing when no submission ever waits.
pub fn render(site: &Site) -> Option<ConfigFile> {
    let by_default = match site.durable_submit {
        DurableSubmit::Off => return None,
        DurableSubmit::OnRequest => "false",
        DurableSubmit::On => "true",
    };
    let text = TEMPLATE
        .replace("@BY_DEFAULT@", by_default)
        .replace("@CLUSTER@", &site.cluster_name)
        .replace("@BINARY@", BINARY);
    let header = super::header("--");
    Some(ConfigFile::new("/etc/slurm/cli_filter.lua", format!("{header}{text}")))
}

/// Slurm 22.05 calls `slurm_cli_post_submit` after the acknowledgement and
/// before the client prints the id; its return code is ignored. All three
/// functions have to be there. A hetjob calls it for each component with the
/// leader's id, a step inside an allocation with the allocation's.
///
/// `os.execute` ignores an interrupt here and lets the child have it, so that
/// Ctrl-C ends the waiting and not the client.
const TEMPLATE: &str = r#"
-- A submission that waits gives the job's id back when slurmctld's saved
-- state contains the job. SLURMHA_DURABLE_SUBMIT=1 or 0 decides for sbatch,
-- srun and salloc; without it only sbatch waits, and only if this is true:
local sbatch_waits = @BY_DEFAULT@

local client = nil
local elsewhere = nil
local asked = {}

local function waits()
    local choice = os.getenv("SLURMHA_DURABLE_SUBMIT")
    if choice == "1" then
        return true
    elseif choice == "0" then
        return false
    end
    return sbatch_waits and client == "sbatch"
end

-- Lua 5.1 gives what system(3) returned, later ones the status itself.
local function status_of(first, _, third)
    if type(first) == "number" then
        return first >= 256 and math.floor(first / 256) or first
    end
    return third or (first and 0 or 1)
end

function slurm_cli_setup_defaults(options, early_pass)
    return slurm.SUCCESS
end

function slurm_cli_pre_submit(options, offset)
    client = options["type"]
    elsewhere = options["clusters"]
    return slurm.SUCCESS
end

function slurm_cli_post_submit(offset, job_id, step_id)
    local id = string.format("%d", job_id)
    if asked[id] or os.getenv("SLURM_JOB_ID") == id or not waits() then
        return slurm.SUCCESS
    end
    asked[id] = true
    if elsewhere ~= nil and elsewhere ~= "" and elsewhere ~= "@CLUSTER@" then
        io.stderr:write("slurmha: job " .. id .. " is on another cluster: not waited for\n")
        return slurm.SUCCESS
    end
    local status = status_of(os.execute("@BINARY@ saved --quiet " .. id))
    -- It says itself why it has no good answer, unless it could not start.
    if status == 126 or status == 127 then
        io.stderr:write("slurmha: job " .. id .. " was accepted, but is not yet known to be safe: "
            .. "@BINARY@ cannot be run here\n"
            .. "hint: do not submit it again before `squeue -j " .. id .. "` says that it is gone\n")
    end
    return slurm.SUCCESS
end
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site;

    fn filter(choice: DurableSubmit) -> Option<ConfigFile> {
        let text = include_str!("../../../../examples/lab/site.toml");
        let mut site = site::parse("site.toml", text).expect("a valid site").0;
        site.durable_submit = choice;
        render(&site)
    }

    #[test]
    fn the_filter_of_a_site_whose_submissions_wait() {
        let file = filter(DurableSubmit::On).expect("a file");
        insta::assert_snapshot!(file.text);
        assert!(!file.text.contains('@'), "every placeholder is filled");
    }

    #[test]
    fn only_the_default_differs() {
        let on = filter(DurableSubmit::On).expect("a file").text;
        let on_request = filter(DurableSubmit::OnRequest).expect("a file").text;
        let differing = on.lines().zip(on_request.lines()).filter(|(a, b)| a != b);
        let expected = [("local sbatch_waits = true", "local sbatch_waits = false")];
        assert_eq!(differing.collect::<Vec<_>>(), expected);
        assert_eq!(filter(DurableSubmit::Off), None);
    }
}
