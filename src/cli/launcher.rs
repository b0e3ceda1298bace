//! Processes that a launcher has started together: mpirun, srun, torchrun.

use super::exit::CommandError;
use crate::dataset::Share;

/// Environment variables that tell a process its rank and the number of processes: those of Open
/// MPI, MVAPICH, PMIx, PMI (MPICH, Intel MPI, Cray), Slurm and PyTorch. PMIx gives no number by
/// itself, but the launcher that uses it does.
const LAUNCHERS: [(&str, &str); 8] = [
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ("PMIX_RANK", "PMIX_SIZE"),
    ("PMIX_RANK", "PMI_SIZE"),
    ("PMIX_RANK", SLURM.1),
    ("PMI_RANK", "PMI_SIZE"),
    SLURM,
    ("RANK", "WORLD_SIZE"),
];

const SLURM: (&str, &str) = ("SLURM_PROCID", "SLURM_NTASKS");

/// Share of this process among those that a launcher has started, and the variables that say so.
/// `None` for a lone process.
pub(super) fn launched() -> Result<Option<(Share, String)>, CommandError> {
    launched_with(|name| std::env::var(name).ok())
}

/// Variables with the number of processes on this host, of the same launchers.
const LOCAL_SIZES: [&str; 6] = [
    "OMPI_COMM_WORLD_LOCAL_SIZE",
    "MV2_COMM_WORLD_LOCAL_SIZE",
    "MPI_LOCALNRANKS",
    "PALS_LOCAL_SIZE",
    "SLURM_NTASKS_PER_NODE",
    "LOCAL_WORLD_SIZE",
];

/// Number of processes that a launcher has started on this host. `None` if no launcher says.
pub(super) fn local_size() -> Result<Option<u64>, CommandError> {
    let found = LOCAL_SIZES
        .iter()
        .find_map(|name| Some((name, std::env::var(name).ok()?)));
    let Some((name, text)) = found else {
        return Ok(None);
    };
    let size = text.trim().parse::<u64>().ok().filter(|size| *size > 0);
    match size {
        Some(size) => Ok(Some(size)),
        None => Err(CommandError::Usage(format!(
            "{name}: `{text}` is not a number of processes"
        ))),
    }
}

/// Variable with the number of a pod of an indexed job of Kubernetes.
const INDEX: &str = "JOB_COMPLETION_INDEX";

/// Refuses a pod that does not know how many there are, as it would take the rows of all.
pub(super) fn refuse_index_alone() -> Result<(), CommandError> {
    match std::env::var_os(INDEX) {
        None => Ok(()),
        Some(_) => Err(CommandError::Usage(format!(
            "{INDEX} numbers this pod of an indexed job, and nothing says how many there are; add --world-size N, or --world-size 1 for a \
             pod alone"
        ))),
    }
}

/// Share of this process among `world_size` pods of an indexed job of Kubernetes, which gives each
/// its number and none the size.
pub(super) fn completion_index(world_size: u64) -> Result<Option<Share>, CommandError> {
    let said = format!("{INDEX} and --world-size");
    match std::env::var(INDEX) {
        Ok(text) => {
            let rank = text.trim().parse::<u64>();
            let rank = rank.map_err(|_| {
                CommandError::Usage(format!("{INDEX}: `{text}` is not a whole number"))
            })?;
            share_of(rank, world_size, &said)
        }
        Err(_) if world_size == 1 => Ok(None),
        Err(_) => Err(CommandError::Usage(format!(
            "--world-size {world_size}: it goes with --rank, or with {INDEX} in the environment"
        ))),
    }
}

/// Does the same as [`launched`], in an environment with these variables.
fn launched_with(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<(Share, String)>, CommandError> {
    let found = LAUNCHERS.iter().find_map(|pair| {
        let (rank, size) = *pair;
        // A batch script has these variables of its job, but was not started once for each task.
        let in_script = variable("SLURM_JOB_ID").is_some() && variable("SLURM_STEP_ID").is_none();
        if *pair == SLURM && in_script {
            return None;
        }
        Some((
            variable(rank)?,
            variable(size)?,
            format!("{rank} and {size}"),
        ))
    });
    let Some((rank, world_size, said)) = found else {
        return Ok(None);
    };
    let number = |text: &str| {
        text.trim()
            .parse::<u64>()
            .map_err(|_| CommandError::Usage(format!("{said}: `{text}` is not a whole number")))
    };
    let share = share_of(number(&rank)?, number(&world_size)?, &said)?;
    Ok(share.map(|share| (share, said)))
}

/// The share of a rank. `None` for a lone process.
pub(super) fn share_of(
    rank: u64,
    world_size: u64,
    said: &str,
) -> Result<Option<Share>, CommandError> {
    if world_size > Share::MOST {
        return Err(CommandError::Usage(format!(
            "{said}: {world_size} is more than the {} processes that may write together",
            Share::MOST
        )));
    }
    let share = Share::new(rank, world_size).ok_or_else(|| {
        CommandError::Usage(format!(
            "{said}: rank {rank} is not below the world size, which is {world_size}; ranks count from 0"
        ))
    })?;
    Ok((world_size > 1).then_some(share))
}

/// Refuses a run if a launcher has started several processes, as each of them would do it as a
/// whole.
pub(super) fn refuse_several_runs() -> Result<(), CommandError> {
    match launched()? {
        None => Ok(()),
        Some((share, said)) => Err(CommandError::Usage(format!(
            "{said} say that this is rank {} of {}, and each of them would measure everything, disturbed by the others; \
             start `bench run` once, without the launcher (`bench generate` shares its files among the ranks)",
            share.rank(),
            share.world_size()
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn launched_by(variables: &[(&str, &str)]) -> Result<Option<(Share, String)>, CommandError> {
        launched_with(|name| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        })
    }

    #[rstest]
    #[case::open_mpi(
        &[("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "4")],
        (1, 4, "OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE")
    )]
    #[case::inside_of_a_slurm_job(
        &[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "8"), ("PMI_RANK", "2"), ("PMI_SIZE", "3")],
        (2, 3, "PMI_RANK and PMI_SIZE")
    )]
    #[case::pmix_below_srun(
        &[("PMIX_RANK", "3"), ("SLURM_PROCID", "3"), ("SLURM_NTASKS", "5")],
        (3, 5, "PMIX_RANK and SLURM_NTASKS")
    )]
    #[case::a_step_of_slurm(
        &[("SLURM_JOB_ID", "7"), ("SLURM_STEP_ID", "0"), ("SLURM_PROCID", "1"), ("SLURM_NTASKS", "2")],
        (1, 2, "SLURM_PROCID and SLURM_NTASKS")
    )]
    #[case::torchrun(&[("RANK", " 1 "), ("WORLD_SIZE", "2")], (1, 2, "RANK and WORLD_SIZE"))]
    fn launchers_are_known_by_their_variables(
        #[case] variables: &[(&str, &str)],
        #[case] expected: (u64, u64, &str),
    ) {
        let (share, said) = launched_by(variables).unwrap().unwrap();
        assert_eq!((share.rank(), share.world_size(), said.as_str()), expected);
    }

    #[rstest]
    #[case::nothing(&[])]
    #[case::one_process(&[("RANK", "0"), ("WORLD_SIZE", "1")])]
    #[case::a_rank_without_a_size(&[("RANK", "0")])]
    #[case::a_batch_script(&[("SLURM_JOB_ID", "7"), ("SLURM_PROCID", "0"), ("SLURM_NTASKS", "8")])]
    fn a_process_alone_has_all_files(#[case] variables: &[(&str, &str)]) {
        assert!(launched_by(variables).unwrap().is_none());
    }

    #[rstest]
    #[case::no_number("x", "2", "`x` is not a whole number")]
    #[case::a_negative_rank("-1", "2", "`-1` is not a whole number")]
    #[case::a_rank_from_one_on("2", "2", "rank 2 is not below the world size, which is 2")]
    #[case::too_many("0", "18446744073709551615", "processes that may write together")]
    fn ranks_that_cannot_be_are_refused_by_their_variables(
        #[case] rank: &str,
        #[case] size: &str,
        #[case] said: &str,
    ) {
        let error = launched_by(&[("RANK", rank), ("WORLD_SIZE", size)]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("RANK and WORLD_SIZE: ") && text.contains(said),
            "{text}"
        );
        assert!(matches!(error, CommandError::Usage(_)));
    }
}
