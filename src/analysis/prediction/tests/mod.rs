mod predictions;
mod simulation;
