"""The commands of `frontdoor`, one file per noun."""
