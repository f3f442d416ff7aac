"""Whether images that were said to be unaffected are: what differs, what that means, how sure a sample makes of it."""
