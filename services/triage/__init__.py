"""Cases, thresholds, clocks, decisions and the routing to early help."""
