mod across;
mod comparison;
mod environment;
mod history;
mod overall;
mod ranking;
mod rebase;
mod summary;
