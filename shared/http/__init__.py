"""HTTP as every service speaks it: strict bodies, one kind of problem, replays that give the first answer."""
