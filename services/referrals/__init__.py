"""Partners submit and follow referrals here; agencies, their keys and the token endpoint."""
