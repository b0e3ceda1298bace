//! Processes that a launcher has started together: mpirun, srun, torchrun.

use std::env::var;

use super::exit::CommandError;
use crate::dataset::Share;

/// Environment variables that tell a process its rank and how many there are: of Open MPI, MVAPICH, PMIx, PMI (MPICH,
/// Intel MPI, Cray), Slurm and PyTorch. PMIx tells no size by itself; what has started it does.
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

/// Share of this process among those that a launcher has started, and which variables say so. None for a process alone.
pub(super) fn launched() -> Result<Option<(Share, String)>, CommandError> {
    let found = LAUNCHERS.iter().find_map(|pair| {
        let (rank, size) = *pair;
        // A batch script has these of its job, and has not been started once for each task.
        let in_script = var("SLURM_JOB_ID").is_ok() && var("SLURM_STEP_ID").is_err();
        if *pair == SLURM && in_script {
            return None;
        }
        Some((
            var(rank).ok()?,
            var(size).ok()?,
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

/// The share of a rank. None for a process alone.
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

/// Refuses a run that each of several processes would do as a whole.
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
