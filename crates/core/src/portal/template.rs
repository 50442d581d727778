// SPDX-License-Identifier: Apache-2.0
//! What a form can begin with: scripts that work here.

use super::cluster::{Cluster, Partition};
use super::form::Form;

/// A beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// In addresses.
    pub id: &'static str,
    /// On the page.
    pub title: &'static str,
    script: &'static str,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Single,
    Threads,
    Nodes,
}

/// All of them; the first is what an empty form begins with.
pub const TEMPLATES: [Template; 4] = [
    Template {
        id: "serial",
        title: "One processor",
        shape: Shape::Single,
        script: "#!/bin/bash\n\
                 # Runs in your home directory. What it prints is on the job's page.\n\
                 set -eu\n\n\
                 echo \"running on $(hostname)\"\n\
                 ./my-program\n",
    },
    Template {
        id: "array",
        title: "Many like it (array)",
        shape: Shape::Single,
        script: "#!/bin/bash\n\
                 # Ten tasks, five at once; each has its own number.\n\
                 #SBATCH --array=1-10%5\n\
                 set -eu\n\n\
                 echo \"task $SLURM_ARRAY_TASK_ID on $(hostname)\"\n\
                 ./my-program \"input-$SLURM_ARRAY_TASK_ID\"\n",
    },
    Template {
        id: "threads",
        title: "Several processors of one node",
        shape: Shape::Threads,
        script: "#!/bin/bash\n\
                 set -eu\n\n\
                 # As many threads as the job has processors.\n\
                 export OMP_NUM_THREADS=\"$SLURM_CPUS_PER_TASK\"\n\
                 ./my-program\n",
    },
    Template {
        id: "mpi",
        title: "Several nodes (MPI)",
        shape: Shape::Nodes,
        script: "#!/bin/bash\n\
                 set -eu\n\n\
                 # srun starts one process for each task, on all nodes of the job.\n\
                 srun ./my-mpi-program\n",
    },
];

/// The one with this id, or the first.
pub fn template(id: &str) -> &'static Template {
    TEMPLATES.iter().find(|it| it.id == id).unwrap_or(&TEMPLATES[0])
}

impl Template {
    /// An empty form that begins with this, as the cluster can run it.
    pub fn form(&self, token: &str, cluster: Option<&Cluster>) -> Form {
        let partition = cluster.and_then(Cluster::default_partition);
        let at_most = |most: usize, wanted: usize| wanted.min(most.max(1)).to_string();
        let nodes = partition.map_or(2, Partition::nodes);
        let cpus = partition.map_or(4, |it| usize::try_from(it.cpus).unwrap_or(4));
        let mut form = Form {
            token: token.to_owned(),
            script: self.script.to_owned(),
            partition: partition.map(|it| it.name.clone()).unwrap_or_default(),
            minutes: "60".to_owned(),
            ..Form::default()
        };
        match self.shape {
            Shape::Single => form.tasks = "1".to_owned(),
            Shape::Threads => {
                (form.nodes, form.tasks) = ("1".to_owned(), "1".to_owned());
                form.cpus_per_task = at_most(cpus, 4);
            }
            Shape::Nodes => {
                form.nodes = at_most(nodes, 2);
                form.tasks = form.nodes.clone();
            }
        }
        form
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::cluster::parse_sinfo;

    #[test]
    fn every_template_can_be_submitted() {
        for template in TEMPLATES {
            let form = template.form("AAAAAAAAAAAAAAAAAAAAAA", None);
            assert!(form.submission().is_ok(), "{}", template.title);
        }
    }

    #[test]
    fn no_template_asks_for_more_than_there_is() {
        let small = parse_sinfo("tiny*|up|infinite|cn1|idle|2|900|none\n");
        let form = |id| template(id).form("AAAAAAAAAAAAAAAAAAAAAA", Some(&small));
        assert_eq!((form("mpi").nodes.as_str(), form("mpi").partition.as_str()), ("1", "tiny"));
        assert_eq!(form("threads").cpus_per_task, "2");
        assert_eq!(template("nonsense"), &TEMPLATES[0]);
    }
}
