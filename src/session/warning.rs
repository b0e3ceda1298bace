//! Reasons to trust figures less, in the words that are shown and recorded.

use std::fmt;

use super::error::Site;
use crate::record::Lane;
use crate::storage::Location;
use crate::units;

/// A reason to trust figures less, or why some are missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// Each cell has several rounds in a row, as the files of all cells do not fit in memory
    /// together.
    Blocks,
    FewRounds {
        asked: u32,
        comparisons: usize,
        needed: u32,
    },
    /// A disturbance by the host during the measurement.
    Host(String),
    /// A lane of a cell failed by itself, and is not measured any further.
    LaneFailed {
        site: Site,
        lane: Lane,
        reason: String,
    },
    /// The first iterations of a cell's lane were all void, and it is not measured any further.
    LaneVoid {
        site: Site,
        lane: Lane,
        iterations: u32,
        reason: String,
    },
    WarmUnattested,
    ColdUnproven,
    DirectUnproven,
    /// The control has no files of its own.
    NoCopy {
        why: String,
    },
    /// A dataset's folder contains files that this program did not write.
    FoundFiles {
        folder: Location,
    },
    /// Such files differ from those that the config describes.
    OtherFiles {
        folder: Location,
        found: Vec<String>,
    },
    /// A reason why a table's rows may not be those that the user means.
    Caution(String),
    /// The engine uses statistics of a column that cannot be trusted.
    UntrustedStatistics {
        table: String,
        column: String,
        reason: String,
    },
    ComparedWithNan {
        table: String,
        column: String,
    },
    BoundsWithoutNan {
        table: String,
        column: String,
    },
    MemoryUnknown {
        cells: usize,
        first: String,
    },
    NotPredicted {
        cells: usize,
        first: String,
    },
    /// Nothing says how many rows a query of workers should give.
    NotHeld {
        site: Site,
    },
    /// A worker is lost, and the run goes on without it.
    WorkerLost {
        worker: String,
        reason: String,
        /// Cells that it worked for.
        cells: usize,
    },
    /// A training loop's files fit into memory, or nearly so.
    SmallForMemory {
        bytes: u64,
        /// Memory of all hosts.
        memory: u64,
        hosts: u64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::SmallForMemory {
                bytes,
                memory,
                hosts,
            } => write!(
                f,
                "the dataset has {}, {:.2} times the memory of {hosts} host(s), {}; MLPerf Storage asks for 5 times, so that no cache can serve \
                 it",
                units::bytes(*bytes),
                *bytes as f64 / (*memory).max(1) as f64,
                units::bytes(*memory)
            ),
            Warning::NotHeld { site } => write!(
                f,
                "{site}: its plan filters, joins or limits what it reads, so that footers do not say how many rows there should be, and results of workers are held \
                 against each other alone; measure.held_against: one_host holds them against those of this process"
            ),
            Warning::WorkerLost {
                worker,
                reason,
                cells,
            } => write!(
                f,
                "worker {worker} is lost ({reason}), and the run goes on without it: {cells} cell(s) have fewer workers from here on, and \
                 of their rounds with more and with fewer workers those count that are more"
            ),
            Warning::Host(text) | Warning::Caution(text) => f.write_str(text),
            Warning::Blocks => f.write_str(
                "the files of all cells do not fit in half of the available memory, so that each cell has several rounds in a row; fewer \
                 variants or smaller data would be compared more closely",
            ),
            Warning::FewRounds {
                asked,
                comparisons,
                needed,
            } => write!(
                f,
                "rounds: {asked} is too few for a verdict on {comparisons} comparison(s) at once; --rounds {needed} would do"
            ),
            Warning::LaneFailed { site, lane, reason } => {
                write!(f, "{site}, lane {}: {reason}", lane.name())
            }
            Warning::LaneVoid {
                site,
                lane,
                iterations,
                reason,
            } => write!(
                f,
                "{site}, lane {}: {iterations} iterations were void, and none was not: {reason}",
                lane.name()
            ),
            Warning::WarmUnattested => f.write_str(
                "this user may not ask which pages of the files are resident, so that a warm cache is established but not attested; run as \
                 the owner of the files to have it attested",
            ),
            Warning::ColdUnproven => f.write_str(
                "this user may not ask which pages of the files are resident, and devices delivered less than 95 % of what was \
                 requested, so that nothing shows that cold iterations were; run as the owner of the files, or with --cache direct",
            ),
            Warning::DirectUnproven => f.write_str(
                "devices delivered less than 95 % of what direct reads requested, so that nothing shows that no cache served them; \
                 `bench doctor` tells what this storage allows",
            ),
            Warning::NoCopy { why } => write!(
                f,
                "the control reads the baseline's own files and no copy of them, as {why}"
            ),
            Warning::FoundFiles { folder } => write!(
                f,
                "{}: these files were there before; they are read as they are, and the config's codec, row groups, \
                 seed and other layout keys say nothing about them; to generate instead, name another dataset.data_folder",
                folder
            ),
            Warning::OtherFiles { folder, found } => write!(
                f,
                "{} is read as it is, and differs from the config: {}",
                folder,
                found.join("; ")
            ),
            Warning::UntrustedStatistics {
                table,
                column,
                reason,
            } => write!(
                f,
                "table `{table}`: column `{column}`: {reason}; what the engine prunes or answers by them may be wrong"
            ),
            Warning::ComparedWithNan { table, column } => write!(
                f,
                "table `{table}`: column `{column}` is compared with NaN, which bounds in statistics leave out: the engine may \
                 prune rows that the query looks for"
            ),
            Warning::BoundsWithoutNan { table, column } => write!(
                f,
                "table `{table}`: column `{column}` is answered from its bounds, which leave out NaN: where it holds some, the \
                 engine's result is wrong"
            ),
            Warning::MemoryUnknown { cells, first } => write!(
                f,
                "how much memory they take is not known of {cells} cell(s); {first}; --set measure.peak_memory=false leaves it out"
            ),
            Warning::NotPredicted { cells, first } => write!(
                f,
                "times on other storage are not predicted for {cells} cell(s); {first}; fewer files would do: --set \
                 dataset.num_files_train=2"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn site() -> Site {
        Site::of_variant(Some(text("b"))).with("a")
    }

    #[rstest]
    #[case::host(Warning::Host(text("others took 9 %")), "others took 9 %")]
    #[case::caution(Warning::Caution(text("a caution")), "a caution")]
    #[case::few_rounds(
        Warning::FewRounds { asked: 3, comparisons: 4, needed: 8 },
        "rounds: 3 is too few for a verdict on 4 comparison(s) at once; --rounds 8 would do"
    )]
    #[case::lane_failed(
        Warning::LaneFailed { site: site(), lane: Lane::Storage, reason: text("no such file") },
        "scenario `a` on variant `b`, lane storage: no such file"
    )]
    #[case::lane_void(
        Warning::LaneVoid { site: site(), lane: Lane::EndToEnd, iterations: 5, reason: text("cold") },
        "scenario `a` on variant `b`, lane end_to_end: 5 iterations were void, and none was not: cold"
    )]
    #[case::no_copy(
        Warning::NoCopy { why: text("they are large") },
        "the control reads the baseline's own files and no copy of them, as they are large"
    )]
    #[case::other_files(
        Warning::OtherFiles { folder: Location::of_file("data".into()), found: vec![text("2 files, not 3"), text("9 rows, not 8")] },
        "data is read as it is, and differs from the config: 2 files, not 3; 9 rows, not 8"
    )]
    #[case::untrusted(
        Warning::UntrustedStatistics { table: text("t"), column: text("c"), reason: text("no order") },
        "table `t`: column `c`: no order; what the engine prunes or answers by them may be wrong"
    )]
    #[case::memory(
        Warning::MemoryUnknown { cells: 2, first: text("a/b: killed") },
        "how much memory they take is not known of 2 cell(s); a/b: killed; --set measure.peak_memory=false leaves it out"
    )]
    fn warnings_say_what_they_are_of(#[case] warning: Warning, #[case] said: &str) {
        assert_eq!(warning.to_string(), said);
    }

    #[rstest]
    #[case::blocks(Warning::Blocks, "fewer variants or smaller data")]
    #[case::warm(Warning::WarmUnattested, "run as the owner of the files")]
    #[case::cold(Warning::ColdUnproven, "--cache direct")]
    #[case::direct(Warning::DirectUnproven, "`bench doctor`")]
    #[case::found(
        Warning::FoundFiles { folder: Location::of_file("data".into()) },
        "name another dataset.data_folder"
    )]
    #[case::not_predicted(
        Warning::NotPredicted { cells: 1, first: text("a/b") },
        "--set dataset.num_files_train=2"
    )]
    fn warnings_say_what_would_help(#[case] warning: Warning, #[case] help: &str) {
        let said = warning.to_string();
        assert!(said.contains(help), "{said}");
    }

    #[test]
    fn doubts_about_nan_name_the_table_and_the_column() {
        let (table, column) = (text("t"), text("c"));
        let (of_table, of_column) = (table.clone(), column.clone());
        for warning in [
            Warning::ComparedWithNan { table, column },
            Warning::BoundsWithoutNan {
                table: of_table,
                column: of_column,
            },
        ] {
            let said = warning.to_string();
            assert!(said.starts_with("table `t`: column `c` is "), "{said}");
        }
    }
}
