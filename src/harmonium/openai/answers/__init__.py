"""What all answers share: routing of messages, output folds, usage, log probabilities."""
