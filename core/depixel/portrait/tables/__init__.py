"""Tables of parameters: names, meanings, ranges, units, priors."""
