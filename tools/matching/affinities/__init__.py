"""The parts of the affinity model: kinds of leads, content of reps, priors, posteriors."""
