//! Requests of each cell to the store with their times, from which other storage is predicted.

use crate::record::{Event as Entry, RequestProfile};
use crate::session::{AtSite, CellPlan, Event, Failure, Observer, RunJournal, Warning, unchanged};

/// Executes each cell some times from memory. The control is left out, as it is the baseline's
/// twin. Throttled cells are left out unless all are throttled, as their predictions rest on the
/// others.
pub(super) async fn look(
    cells: &mut [CellPlan],
    journal: &mut RunJournal,
    observer: &dyn Observer,
) -> Result<(), Failure> {
    let throttled = |plan: &CellPlan| plan.cell.reader().throttle.is_some();
    let all_throttled = cells.iter().all(throttled);
    let mut looked_at: Vec<&mut CellPlan> = cells
        .iter_mut()
        .filter(|plan| plan.record.control.is_none() && (all_throttled || !throttled(plan)))
        .collect();
    let total = looked_at.len();
    let mut left_out: Vec<String> = Vec::new();
    for (done, plan) in looked_at.iter_mut().enumerate() {
        observer.event(Event::Looking {
            what: "requests",
            done,
            total,
            scenario: &plan.record.scenario,
            variant: &plan.record.variant_name,
        });
        let cell = plan.record.id.clone();
        let profile = plan.cell.profile().await;
        unchanged(&plan.cell).await?;
        match profile {
            Ok(profile) if profile.requests() > RequestProfile::MOST_REQUESTS => {
                let most = RequestProfile::MOST_REQUESTS;
                left_out.push(format!("{cell}: more than {most} requests"));
            }
            Ok(profile) => journal.append(Entry::Profile { cell, profile })?,
            // The cell has failed in the rounds before, or does not fit in memory.
            Err(error) if error.is_of_the_cell() => left_out.push(format!("{cell}: {error}")),
            Err(error) => return Err(error).at(&plan.site),
        }
    }
    if let Some(first) = left_out.first() {
        let warning = Warning::NotPredicted {
            cells: left_out.len(),
            first: first.clone(),
        };
        journal.warn(observer, &warning)?;
    }
    Ok(())
}
